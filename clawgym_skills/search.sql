-- Tier 0: the whole name; tier 1: the beginning of the name; tier 2: words anywhere, where a hit
-- in the name weighs more than one in the description, and that more than one in the body.
-- BM25 saturates with the number of hits, so the body's weight has to be far below the others for
-- a long text not to win by repetition. `bm25` is more negative for a better match.
SELECT
    skills.id, skills.description, skills.emoji,
    CASE
        WHEN lower(skills.id) = :exact THEN 0
        WHEN replace(replace(lower(skills.name), '_', '-'), ' ', '-') = :slug THEN 0
        WHEN substr(replace(replace(lower(skills.name), '_', '-'), ' ', '-'), 1, length(:slug))
            = :slug THEN 1
        ELSE 2
    END AS tier,
    bm25(skills_fts, 10.0, 4.0, 0.1) AS rank
FROM skills_fts JOIN skills ON skills.key = skills_fts.rowid
WHERE skills_fts MATCH :words
ORDER BY tier, rank, skills.id
LIMIT :limit
