CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS accepted (
    number INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    skills TEXT NOT NULL,
    labels TEXT NOT NULL,
    content TEXT NOT NULL,
    print BLOB NOT NULL,
    shingles BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS lost (
    gate TEXT NOT NULL,
    reason TEXT NOT NULL,
    times INTEGER NOT NULL,
    candidate INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (gate, reason)
) STRICT;
CREATE TABLE IF NOT EXISTS gates (
    gate TEXT PRIMARY KEY,
    graded INTEGER NOT NULL,
    seconds REAL NOT NULL
) STRICT;
