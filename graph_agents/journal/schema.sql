-- The agent's journal. Contract: docs/agents.md. Rows are added; only heads of sessions move.

CREATE TABLE IF NOT EXISTS meta (schema_version INTEGER NOT NULL);

-- A session is a LangGraph thread; `system` is its system prompt, written once. A fork names the
-- session and entry that it began at; `spawned_by` is the session whose subagent this one is.
CREATE TABLE IF NOT EXISTS sessions (
    id           TEXT PRIMARY KEY,
    title        TEXT,
    workspace    TEXT,
    model        TEXT,
    system       TEXT,
    tools        TEXT,
    created      REAL NOT NULL,
    updated      REAL NOT NULL,
    parent       TEXT,
    parent_entry INTEGER,
    spawned_by   TEXT
) WITHOUT ROWID;

-- The tree. `parent` is what an entry follows; `ref` names the tool call that it belongs to, as
-- REPLY:POSITION. Times are seconds since 1970 in UTC.
CREATE TABLE IF NOT EXISTS entries (
    seq     INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    parent  INTEGER,
    kind    TEXT NOT NULL,
    at      REAL NOT NULL,
    ref     TEXT,
    body    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_by_ref ON entries (ref) WHERE ref IS NOT NULL;
CREATE INDEX IF NOT EXISTS turns_by_session ON entries (session) WHERE kind = 'stop';
CREATE INDEX IF NOT EXISTS starts_by_session ON entries (session) WHERE kind = 'start';

-- Where a session stands: its newest checkpoint, and the entry that the next one follows.
CREATE TABLE IF NOT EXISTS heads (
    session    TEXT NOT NULL,
    ns         TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    entry      INTEGER,
    PRIMARY KEY (session, ns)
) WITHOUT ROWID;

-- A checkpoint holds versions and the entry that the conversation ends with, never messages.
CREATE TABLE IF NOT EXISTS checkpoints (
    session  TEXT NOT NULL,
    ns       TEXT NOT NULL,
    id       TEXT NOT NULL,
    parent   TEXT,
    head     INTEGER,
    body     TEXT NOT NULL,
    metadata BLOB NOT NULL,
    PRIMARY KEY (session, ns, id)
) WITHOUT ROWID;

-- Values of other channels than `messages`, once for each version.
CREATE TABLE IF NOT EXISTS channel_values (
    session TEXT NOT NULL,
    ns      TEXT NOT NULL,
    channel TEXT NOT NULL,
    version TEXT NOT NULL,
    type    TEXT NOT NULL,
    value   BLOB,
    PRIMARY KEY (session, ns, channel, version)
) WITHOUT ROWID;

-- What the tasks of the step after a checkpoint have already produced. Messages are references to
-- entries, type `entries` for a list and `entry` for one.
CREATE TABLE IF NOT EXISTS writes (
    session    TEXT NOT NULL,
    ns         TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    task       TEXT NOT NULL,
    idx        INTEGER NOT NULL,
    path       TEXT NOT NULL,
    channel    TEXT NOT NULL,
    type       TEXT NOT NULL,
    value      BLOB,
    PRIMARY KEY (session, ns, checkpoint, task, idx)
) WITHOUT ROWID;

-- Who is at work on a session: a process by its id and start time, on a boot of a machine.
CREATE TABLE IF NOT EXISTS leases (
    session TEXT PRIMARY KEY,
    holder  TEXT NOT NULL,
    boot    TEXT NOT NULL,
    pid     INTEGER NOT NULL,
    started INTEGER NOT NULL,
    beat    REAL NOT NULL
) WITHOUT ROWID;
