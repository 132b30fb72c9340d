-- What the present revisions of the skills with the keys ?1 (a JSON array) consist of.
SELECT skills.key, files.path, sha256, size, mode
FROM json_each(?1) AS wanted CROSS JOIN skills ON skills.key = wanted.value
    JOIN files USING (digest)
ORDER BY skills.key, files.path
