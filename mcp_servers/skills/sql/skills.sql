-- The skills with the keys ?1 (a JSON array), and who stands behind them.
SELECT skills.key, skills.digest, description, body, frontmatter, user_invocable, skills.path,
    skills.owner, official, registry
FROM json_each(?1) AS wanted CROSS JOIN skills ON skills.key = wanted.value
    LEFT JOIN owners ON handle = skills.owner
    LEFT JOIN installs ON installs.path = skills.path
