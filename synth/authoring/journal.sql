CREATE TABLE IF NOT EXISTS settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outcomes (
    item TEXT NOT NULL,
    stage TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (item, stage)
);
CREATE TABLE IF NOT EXISTS spent (
    stage TEXT NOT NULL,
    model TEXT NOT NULL,
    answers INTEGER NOT NULL DEFAULT 0,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    unmetered INTEGER NOT NULL DEFAULT 0,
    cost REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (stage, model)
);
CREATE TABLE IF NOT EXISTS requests (
    model TEXT PRIMARY KEY,
    sent INTEGER NOT NULL
);
