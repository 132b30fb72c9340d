-- The skill catalogue, schema version 1 (PRAGMA user_version). One SQLite file that any tool may
-- open for reading; only clawgym_skills.catalogue writes it.

-- One row a skill. `id` is its address: the name, or `qualifier/name` where the name was taken.
-- `path` is the source directory, `digest` the SHA-256 over all its files (clawgym.files.Files),
-- `reader` the version of the reader that made the row, `frontmatter` JSON as the author wrote it.
CREATE TABLE skills (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    owner TEXT,
    description TEXT NOT NULL,
    emoji TEXT NOT NULL,
    user_invocable INTEGER NOT NULL,
    body TEXT NOT NULL,
    frontmatter TEXT NOT NULL,
    digest TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    file_name TEXT NOT NULL,
    reader INTEGER NOT NULL
) STRICT;
CREATE INDEX skills_name ON skills (name);
CREATE INDEX skills_digest ON skills (digest);

-- Every file of a skill, byte for byte.
CREATE TABLE files (
    skill INTEGER NOT NULL REFERENCES skills (key) ON DELETE CASCADE,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    executable INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (skill, path)
) STRICT;

-- What a skill declares under `clawgym-operations`, in order.
CREATE TABLE capabilities (
    skill INTEGER NOT NULL REFERENCES skills (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (skill, position)
) STRICT;
CREATE INDEX capabilities_operation ON capabilities (operation, kind);

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
) STRICT;

CREATE VIRTUAL TABLE skills_fts USING fts5 (
    name, description, body,
    content = 'skills', content_rowid = 'key', tokenize = 'porter unicode61', prefix = '3'
);
CREATE TRIGGER skills_fts_insert AFTER INSERT ON skills BEGIN
    INSERT INTO skills_fts (rowid, name, description, body)
    VALUES (new.key, new.name, new.description, new.body);
END;
CREATE TRIGGER skills_fts_delete AFTER DELETE ON skills BEGIN
    INSERT INTO skills_fts (skills_fts, rowid, name, description, body)
    VALUES ('delete', old.key, old.name, old.description, old.body);
END;
CREATE TRIGGER skills_fts_update AFTER UPDATE ON skills BEGIN
    INSERT INTO skills_fts (skills_fts, rowid, name, description, body)
    VALUES ('delete', old.key, old.name, old.description, old.body);
    INSERT INTO skills_fts (rowid, name, description, body)
    VALUES (new.key, new.name, new.description, new.body);
END;
PRAGMA user_version = 1;
