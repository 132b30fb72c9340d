"""Prompts on a schedule: `clawgym agent watch FILE`.

- `cron`: cron expressions; `schedule`: when a job is due next
- `jobs`: the file; `heartbeat`: jobs that follow a `HEARTBEAT.md`, and answers that mean silence
- `ledger`: what ran and what was cut short, so that nothing runs twice
- `watch`: the loop
"""
