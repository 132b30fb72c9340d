-- The skill catalogue, schema version 2 (PRAGMA user_version). One SQLite file that any tool may
-- open for reading; only clawgym_skills.catalogue writes it. docs/catalogue.md is made from here.

-- One row a skill, as it is now. `id` is its address: the name, or `qualifier/name` where the name
-- was taken. `path` is the source directory and `digest` its present revision, `reader` the version
-- of the reader that made the row. `frontmatter` is JSON as the author wrote it, `version` what the
-- author calls the present state. `slug` is the name in the form of a slug and `taxonomy` the words
-- of its tags, categories and operations: both are what search looks at.
CREATE TABLE skills (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    owner TEXT REFERENCES owners (handle),
    version TEXT,
    description TEXT NOT NULL,
    emoji TEXT NOT NULL,
    user_invocable INTEGER NOT NULL,
    taxonomy TEXT NOT NULL,
    body TEXT NOT NULL,
    frontmatter TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES revisions (digest),
    path TEXT NOT NULL UNIQUE,
    file_name TEXT NOT NULL,
    reader INTEGER NOT NULL
) STRICT;
CREATE INDEX skills_name ON skills (name);
CREATE INDEX skills_slug ON skills (slug);
CREATE INDEX skills_digest ON skills (digest);
CREATE INDEX skills_owner ON skills (owner);

-- Every state of a skill's files that was ever read; never changed. `digest` is the SHA-256 over
-- paths, modes and bytes (clawgym.files.Files), `bytes` their sum, `first_seen` Unix milliseconds.
CREATE TABLE revisions (
    digest TEXT PRIMARY KEY,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    first_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The files of a revision. `mode` is 493 (octal 755) for a file that may be executed, else 420
-- (octal 644): nothing else of a mode is kept.
CREATE TABLE files (
    digest TEXT NOT NULL REFERENCES revisions (digest) ON DELETE CASCADE,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES blobs (sha256),
    size INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    PRIMARY KEY (digest, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_sha256 ON files (sha256);

-- The bytes of files, each content once.
CREATE TABLE blobs (
    sha256 TEXT NOT NULL UNIQUE,
    content BLOB NOT NULL
) STRICT;

-- The revisions that a skill has had, oldest first; the last one is the present one. `version` is
-- what the author called it then.
CREATE TABLE versions (
    skill INTEGER NOT NULL REFERENCES skills (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    digest TEXT NOT NULL REFERENCES revisions (digest),
    version TEXT,
    PRIMARY KEY (skill, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX versions_digest ON versions (digest);

-- Who publishes skills, by the handle that `_meta.json` or a registry names. `official` is 1 where
-- the user or a trusted registry vouches for the handle.
CREATE TABLE owners (
    handle TEXT PRIMARY KEY,
    official INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The tags, topics and keywords that the author wrote, folded to lower case.
CREATE TABLE tags (
    skill INTEGER NOT NULL REFERENCES skills (key) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (skill, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag);

-- What a skill declares under `clawgym-operations`, in order.
CREATE TABLE capabilities (
    skill INTEGER NOT NULL REFERENCES skills (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (skill, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX capabilities_operation ON capabilities (operation, kind);

-- Which categories a revision belongs to, who says so (`author`, or the name of an annotator), and
-- the words it was concluded from.
CREATE TABLE categories (
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    category TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (digest, source, category)
) STRICT, WITHOUT ROWID;
CREATE INDEX categories_category ON categories (category);

-- What the reader found, refused skills included: `source` is the skill's directory, which for a
-- refused skill has no row in `skills`. The codes are listed in clawgym_skills.diagnostic.
CREATE TABLE diagnostics (
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    path TEXT NOT NULL,
    line INTEGER,
    PRIMARY KEY (source, position)
) STRICT, WITHOUT ROWID;

-- Directories that were read, refused ones included. `signature` is a digest of what `stat` says
-- about everything in them: as long as it stays, they are not read again. It is NULL where the
-- directory had just been written, so that a later change might not show.
CREATE TABLE sources (
    path TEXT PRIMARY KEY,
    signature TEXT,
    digest TEXT,
    reader INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Scans, findings, annotations and categories are bound to a digest, which need not be in
-- `revisions`: what was said about a revision outlives its stay in the catalogue.
--
-- Which scanner judged which revision, and when (Unix milliseconds); without findings it is clean.
CREATE TABLE scans (
    digest TEXT NOT NULL,
    scanner TEXT NOT NULL,
    version TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (digest, scanner)
) STRICT, WITHOUT ROWID;

-- What a scan found. `severity` is info, warn or block; `line` counts from 1; `context` is the text
-- around it.
CREATE TABLE findings (
    digest TEXT NOT NULL,
    scanner TEXT NOT NULL,
    position INTEGER NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warn', 'block')),
    path TEXT NOT NULL,
    line INTEGER,
    message TEXT NOT NULL,
    context TEXT NOT NULL,
    PRIMARY KEY (digest, scanner, position),
    FOREIGN KEY (digest, scanner) REFERENCES scans (digest, scanner) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_rule ON findings (rule);

-- What an annotator says about a revision, as JSON.
CREATE TABLE annotations (
    digest TEXT NOT NULL,
    annotator TEXT NOT NULL,
    version TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (digest, annotator)
) STRICT, WITHOUT ROWID;

-- Skills that were installed into a directory, by where they came from; `installed_at` in Unix
-- milliseconds, `registry` a URL or NULL for a local source, `verified` 1 where the source's own
-- digest or fingerprint was checked, `pinned` 1 where updates pass it over.
CREATE TABLE installs (
    path TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT,
    version TEXT,
    registry TEXT,
    digest TEXT NOT NULL,
    fingerprint TEXT,
    verified INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    pin_reason TEXT,
    installed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX installs_digest ON installs (digest);
CREATE INDEX installs_name ON installs (name);

-- Each time that a skill was handed to an agent: the skill's id then, its revision, the session.
CREATE TABLE activations (
    key INTEGER PRIMARY KEY,
    skill TEXT NOT NULL,
    digest TEXT NOT NULL,
    session TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX activations_skill ON activations (skill);

-- How much each skill is used here: sessions that were handed it, and places it is installed in.
-- CROSS JOIN makes SQLite begin with the few uses instead of the many skills.
CREATE VIEW adoption AS
SELECT skill, sum(uses) AS uses
FROM (
    SELECT skills.key AS skill, count(DISTINCT activations.session) AS uses
    FROM activations CROSS JOIN skills ON skills.id = activations.skill
    GROUP BY skills.key
    UNION ALL
    SELECT skills.key, count(*)
    FROM installs CROSS JOIN skills
        ON skills.name = installs.name AND skills.owner IS installs.owner
    GROUP BY skills.key
)
GROUP BY skill;

-- What a local embedding model makes of a revision's name, description and beginning: `vector` is
-- little-endian 32-bit floats of length 1, `model` names the model's directory.
CREATE TABLE embeddings (
    digest TEXT NOT NULL,
    model TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (digest, model)
) STRICT;

-- The words of `skills`, stemmed, for search. Whoever adds or changes skills has to bring this up to
-- date himself, many at once (clawgym_skills._words): a trigger would write index pages for each row.
CREATE VIRTUAL TABLE skills_fts USING fts5 (
    name, taxonomy, description, body,
    content = 'skills', content_rowid = 'key', tokenize = 'porter unicode61', prefix = '3'
);
CREATE TRIGGER skills_fts_delete AFTER DELETE ON skills BEGIN
    INSERT INTO skills_fts (skills_fts, rowid, name, taxonomy, description, body)
    VALUES ('delete', old.key, old.name, old.taxonomy, old.description, old.body);
END;
