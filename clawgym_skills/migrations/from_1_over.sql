-- Version 1 to 2, second half: everything moves over. Version 1 kept files with each skill; now
-- they belong to revisions, and each content is kept once. `reader` 0 in `sources` makes the next
-- indexing read the directories again, which fills in what version 1 did not keep.
INSERT INTO owners (handle, official)
SELECT DISTINCT owner, 0 FROM skills_1 WHERE owner IS NOT NULL;

INSERT INTO blobs (sha256, content)
SELECT sha256, content FROM files_1 GROUP BY sha256 ORDER BY sha256;

INSERT INTO revisions (digest, files, bytes, first_seen)
SELECT digest, count(path), coalesce(sum(size), 0), :now
FROM (SELECT min(key) AS key, digest FROM skills_1 GROUP BY digest)
LEFT JOIN files_1 ON files_1.skill = key
GROUP BY digest;

INSERT INTO files (digest, path, sha256, size, mode)
SELECT digest, path, sha256, size, iif(executable, 493, 420)
FROM (SELECT min(key) AS key, digest FROM skills_1 GROUP BY digest)
JOIN files_1 ON files_1.skill = key;

INSERT INTO skills (
    key, id, name, slug, qualifier, owner, version, description, emoji, user_invocable, taxonomy,
    body, frontmatter, digest, path, file_name, reader
)
SELECT
    key, id, name, '', qualifier, owner, NULL, description, emoji, user_invocable, '',
    body, frontmatter, digest, path, file_name, reader
FROM skills_1;

INSERT INTO versions (skill, position, digest, version)
SELECT key, 0, digest, NULL FROM skills_1;

INSERT INTO capabilities SELECT skill, position, operation, kind FROM capabilities_1;

INSERT INTO diagnostics
SELECT source, position, code, severity, message, path, line FROM diagnostics_1;

INSERT INTO sources (path, signature, digest, reader)
SELECT path, NULL, digest, 0 FROM skills_1
UNION
SELECT source, NULL, NULL, 0 FROM diagnostics_1 WHERE source NOT IN (SELECT path FROM skills_1);

DROP TABLE capabilities_1;
DROP TABLE files_1;
DROP TABLE diagnostics_1;
DROP TABLE skills_1;

INSERT INTO skills_fts (skills_fts) VALUES ('rebuild');
