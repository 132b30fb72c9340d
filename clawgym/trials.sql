-- One row a trial. `score` is NULL when the trial is ungraded; `reward` is the JSON of the whole
-- verdict (clawgym.reward.Reward), evidence included.
CREATE TABLE IF NOT EXISTS trials (
    harness TEXT NOT NULL,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    task_digest TEXT NOT NULL,
    score REAL,
    reward TEXT NOT NULL,
    turns INTEGER NOT NULL,
    tool_calls INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (harness, task_id, attempt)
) STRICT;
