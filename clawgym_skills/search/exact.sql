-- Skills that are called what was asked for, with what makes that name theirs: a publisher that
-- somebody vouches for, an install whose source was checked, or use.
SELECT
    skills.key, skills.slug, coalesce(adoption.uses, 0) AS uses,
    coalesce(owners.official, 0)
        OR EXISTS (
            SELECT 1 FROM installs JOIN versions USING (digest)
            WHERE versions.skill = skills.key AND installs.verified
        ) AS vouched,
    skills.path
FROM skills
LEFT JOIN adoption ON adoption.skill = skills.key
LEFT JOIN owners ON owners.handle = skills.owner
WHERE skills.key IN (
        SELECT key FROM skills WHERE id = :id UNION SELECT key FROM skills WHERE slug = :slug
    )
    AND :filters:
ORDER BY
    skills.id = :id AND skills.qualifier != '' DESC,
    vouched DESC, length(uses) DESC, skills.qualifier != '', skills.id
