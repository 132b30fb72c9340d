-- A server's own file: what is on offer, and what is being compared with it after a change.
CREATE TABLE shelf (name TEXT PRIMARY KEY, key INTEGER NOT NULL UNIQUE, digest TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE fresh (name TEXT PRIMARY KEY, key INTEGER NOT NULL, digest TEXT NOT NULL)
    STRICT, WITHOUT ROWID;

-- The list entries of skills, as JSON; NULL where a list leaves the skill out. They are written in
-- the order of names, so that a listing reads the file from front to back.
CREATE TABLE written (name TEXT NOT NULL UNIQUE, entry TEXT, resource TEXT, prompt TEXT) STRICT;

-- Whole pages of the lists as they are now, as JSON, and the name that the next page begins after.
CREATE TABLE pages (
    listing TEXT NOT NULL, after TEXT NOT NULL, entries TEXT NOT NULL, following TEXT,
    PRIMARY KEY (listing, after)
) STRICT;
