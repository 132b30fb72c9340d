-- Skills whose texts match. Use counts first, by its order of magnitude, then BM25, where a hit in
-- the name weighs more than one in the taxonomy, and so on. BM25 saturates with the number of hits,
-- so the body's weight has to be far below the others for a long text not to win by repetition.
-- What matches so many skills that ranking them all would take long, tells little about any: of
-- those only the first :budget are ranked, and the hits say so.
WITH matching AS MATERIALIZED (
    SELECT rowid AS key, -bm25(skills_fts, 10.0, 6.0, 4.0, 0.5) AS score
    FROM skills_fts
    WHERE skills_fts MATCH :expression
    LIMIT :budget
)
SELECT
    skills.key, coalesce(adoption.uses, 0) AS uses, skills.score,
    (SELECT count(*) FROM matching) = :budget AS cut
FROM matching AS skills
LEFT JOIN adoption ON adoption.skill = skills.key
WHERE skills.key NOT IN (SELECT value FROM json_each(:found))
    AND :filters:
ORDER BY iif(uses, length(uses), 0) DESC, score DESC, skills.key
LIMIT :limit
