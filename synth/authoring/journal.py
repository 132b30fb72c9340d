"""The journal of a run, beside its output: what each stage came to, and all that was spent.

One SQLite file that is written after every step, so that the same command goes on after any end.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Generator, Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from clawgym.errors import UsageError
from clawgym.model import Usage

_BUSY_SECONDS = 30.0
_CODE = "code"


class Spent(BaseModel):
    """What one stage cost. `unmetered` answers came without a count of tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    model: str
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    unmetered: int = 0
    cost: float = 0.0


def journal_of(output: Path) -> Path:
    """Where the journal of an output directory stands."""
    return output.with_name(f"{output.name}.journal.sqlite")


class Journal:
    """The journal at `path`, for one process at a time.

    `settings` are what decides the run. A journal of other settings is refused. `code` is the
    digest of our programs: outcomes of other ones are forgotten, for they might not be accepted any
    more. What was spent stays, and so do the answers in the cache, of which they are made anew.

    Raises:
        UsageError: the file cannot be used, another run uses it, or it is that of another run.
    """

    def __init__(self, path: Path, settings: Mapping[str, str], *, code: str) -> None:
        self._path = path
        with self._usable():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(
                path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o644
            )
        try:
            self._take_lock()
            self._connection = self._connect()
            self._check({**settings, _CODE: code})
        except BaseException:
            os.close(self._lock)
            raise

    def outcome(self, item: str, stage: str) -> str | None:
        """What a stage of an item came to; None if it was not reached."""
        with self._usable():
            query = "SELECT outcome FROM outcomes WHERE item = ? AND stage = ?"
            rows = self._connection.execute(query, [item, stage]).fetchall()
        return rows[0][0] if rows else None

    def keep(self, item: str, stage: str, outcome: str) -> None:
        """Note what a stage of an item came to."""
        with self._usable(), self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?)", [item, stage, outcome]
            )

    def sent(self, model: str) -> None:
        """Note an HTTP request that goes out."""
        with self._usable(), self._connection:
            self._connection.execute(
                "INSERT INTO requests VALUES (?, 1) ON CONFLICT DO UPDATE SET sent = sent + 1",
                [model],
            )

    def paid(self, stage: str, model: str, usage: Usage, cost: float) -> None:
        """Note an answer that came, with what it cost."""
        tokens = usage.prompt_tokens, usage.completion_tokens
        row = [stage, model, 1, *tokens, int(not any(tokens)), cost]
        with self._usable(), self._connection:
            self._connection.execute(
                "INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "answers = answers + 1, unmetered = unmetered + excluded.unmetered, "
                "prompt_tokens = prompt_tokens + excluded.prompt_tokens, "
                "completion_tokens = completion_tokens + excluded.completion_tokens, "
                "cost = cost + excluded.cost",
                row,
            )

    def spent(self) -> list[Spent]:
        """What was spent by stage and model, in the order of their names."""
        with self._usable():
            rows = self._connection.execute("SELECT * FROM spent ORDER BY stage, model").fetchall()
        return [
            Spent.model_validate(dict(zip(Spent.model_fields, row, strict=True))) for row in rows
        ]

    def requests(self) -> int:
        """How many HTTP requests went out, repeated and failed ones included."""
        with self._usable():
            return self._connection.execute(
                "SELECT coalesce(sum(sent), 0) FROM requests"
            ).fetchone()[0]

    def close(self) -> None:
        """Close the file, and let other runs have it."""
        self._connection.close()
        os.close(self._lock)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another run uses {self._path}; wait until it is done") from error

    def _connect(self) -> sqlite3.Connection:
        with self._usable():
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                files("synth.authoring").joinpath("journal.sql").read_text("utf-8")
            )
            connection.commit()
        return connection

    def _check(self, settings: Mapping[str, str]) -> None:
        with self._usable(), self._connection:
            known = dict(self._connection.execute("SELECT name, value FROM settings").fetchall())
            same = {**known, _CODE: settings[_CODE]} == {**settings}
            if known and same and known.get(_CODE) != settings[_CODE]:
                self._connection.execute("DELETE FROM outcomes")
                self._connection.execute(
                    "INSERT OR REPLACE INTO settings VALUES (?, ?)", [_CODE, settings[_CODE]]
                )
                known[_CODE] = settings[_CODE]
            if not known:
                self._connection.executemany("INSERT INTO settings VALUES (?, ?)", settings.items())
                return
        other = sorted(n for n in {*known, *settings} if known.get(n) != settings.get(n))
        if other:
            told = "; ".join(
                f"{n}: {known.get(n)!r} there, {settings.get(n)!r} here" for n in other
            )
            self._connection.close()
            raise UsageError(
                f"{self._path} is the journal of another run ({told}); give the same options to go "
                "on with it, or choose another output"
            )

    @contextlib.contextmanager
    def _usable(self) -> Generator[None]:
        try:
            yield
        except (OSError, sqlite3.DatabaseError) as error:
            raise UsageError(
                f"cannot use {self._path} as a journal: {error}; choose another output"
            ) from error
