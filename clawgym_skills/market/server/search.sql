-- The tiers of ClawHub's search: the whole name, a name that begins so, the name's words, the rest.
-- Within a tier BM25 decides, then what is installed more often.
SELECT
    skills.*,
    CASE
        WHEN skills.slug = :slug OR lower(skills.display_name) = :exact THEN 0
        WHEN substr(skills.slug, 1, length(:slug)) = :slug THEN 1
        WHEN skills.id IN (SELECT rowid FROM skills_fts WHERE skills_fts MATCH :named) THEN 2
        ELSE 3
    END AS tier,
    bm25(skills_fts, 8.0, 8.0, 3.0, 1.0) AS rank
FROM skills_fts
JOIN skills ON skills.id = skills_fts.rowid
WHERE skills_fts MATCH :words AND skills.verdict <> 'malicious'
    AND (:clean = 0 OR skills.verdict = 'clean')
ORDER BY tier, rank, skills.installs DESC, skills.owner, skills.slug
LIMIT :limit
