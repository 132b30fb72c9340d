-- Skills with all of the words in their name. Use counts first, by its order of magnitude (its
-- number of digits), then a name that begins with the whole query, then the shorter name.
SELECT
    skills.key, coalesce(adoption.uses, 0) AS uses,
    -bm25(skills_fts, 10.0, 6.0, 4.0, 0.5) AS score, 0 AS cut
FROM skills_fts
JOIN skills ON skills.key = skills_fts.rowid
LEFT JOIN adoption ON adoption.skill = skills.key
WHERE skills_fts MATCH :expression
    AND skills.key NOT IN (SELECT value FROM json_each(:found))
    AND :filters:
ORDER BY
    iif(uses, length(uses), 0) DESC,
    substr(skills.slug, 1, length(:slug)) = :slug DESC,
    length(skills.slug),
    skills.id
LIMIT :limit
