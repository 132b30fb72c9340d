-- A registry, schema version 1 (PRAGMA user_version). Times are milliseconds since 1970.

CREATE TABLE tokens (
    sha256 TEXT PRIMARY KEY,
    handle TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `verdict` is clean, suspicious or malicious, of the latest version; `reasons` a JSON list.
CREATE TABLE skills (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    slug TEXT NOT NULL,
    display_name TEXT NOT NULL,
    summary TEXT NOT NULL,
    topics TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reasons TEXT NOT NULL,
    downloads INTEGER NOT NULL DEFAULT 0,
    installs INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (owner, slug)
) STRICT;
CREATE INDEX skills_slug ON skills (slug);

-- Versions are never changed and never removed.
CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    skill INTEGER NOT NULL REFERENCES skills (id),
    version TEXT NOT NULL,
    changelog TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (skill, version)
) STRICT;
CREATE INDEX versions_fingerprint ON versions (skill, fingerprint);

CREATE TABLE tags (
    skill INTEGER NOT NULL REFERENCES skills (id),
    tag TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES versions (id),
    PRIMARY KEY (skill, tag)
) STRICT, WITHOUT ROWID;

-- The bytes lie in blobs/ by their SHA-256.
CREATE TABLE files (
    version INTEGER NOT NULL REFERENCES versions (id),
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (version, path)
) STRICT, WITHOUT ROWID;

-- Files that were announced, and uploaded or not, but are in no version yet.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    ticket TEXT NOT NULL,
    handle TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    content_type TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE skills_fts USING fts5 (
    slug, display_name, topics, summary,
    content = 'skills', content_rowid = 'id', tokenize = 'porter unicode61', prefix = '2 3'
);
CREATE TRIGGER skills_fts_insert AFTER INSERT ON skills BEGIN
    INSERT INTO skills_fts (rowid, slug, display_name, topics, summary)
    VALUES (new.id, new.slug, new.display_name, new.topics, new.summary);
END;
CREATE TRIGGER skills_fts_update AFTER UPDATE OF slug, display_name, topics, summary ON skills BEGIN
    INSERT INTO skills_fts (skills_fts, rowid, slug, display_name, topics, summary)
    VALUES ('delete', old.id, old.slug, old.display_name, old.topics, old.summary);
    INSERT INTO skills_fts (rowid, slug, display_name, topics, summary)
    VALUES (new.id, new.slug, new.display_name, new.topics, new.summary);
END;
