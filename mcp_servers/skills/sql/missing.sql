-- Key and name of those in the page of ?2 after ?1 that have no list entries yet; one more is
-- looked at, so that the page knows whether another follows.
SELECT key, name FROM (SELECT key, name FROM shelf WHERE name > ?1 ORDER BY name LIMIT ?2 + 1)
WHERE name NOT IN (SELECT name FROM written) ORDER BY name
