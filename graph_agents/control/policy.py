"""Policies: which calls of tools are allowed, which the user is asked about, which are denied.

A policy is a TOML file of rules. A rule speaks of a tool, of paths, of commands, or of several of
these together, by patterns in which `*` stands for anything. Of all rules that match, the strictest
one decides: deny before ask before allow. So nothing that is added to a policy can widen what an
earlier rule took away, in whichever order rules stand.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from clawgym.errors import UsageError
from clawgym.invalid import explain
from graph_agents.approval import Leave, Verdict
from graph_agents.control.commands import Command, Script, read_script
from graph_agents.control.touched import touched_paths

NAMED = ("trusting", "careful", "read-only")
"""The policies that come with us: all that the sandbox allows; asking before anything changes;
and no change at all."""


_STRICTNESS = list(Leave)
_BY_DEFAULT = {
    Leave.ALLOW: "nothing in the policy forbids it",
    Leave.ASK: "nothing in the policy allows it without asking",
    Leave.DENY: "nothing in the policy allows it",
}


class Rule(BaseModel):
    """One rule. What it leaves out, it does not care about.

    Attributes:
        action: what it says.
        tool: a pattern for the name of the tool.
        path: a pattern for any path that the call names, relative to the workspace; `**` is as `*`,
            and `dir/**` is for `dir` itself as well.
        command: a pattern for any simple command that a shell would run, such as `git push*`.
        changes: only calls of tools that may (true) or cannot (false) change anything.
        why: said to the user and to the model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Leave
    tool: str = Field("*", min_length=1)
    path: str | None = None
    command: str | None = None
    changes: bool | None = None
    why: str = ""

    @model_validator(mode="after")
    def _can_match(self) -> Self:
        if self.command is not None and not fnmatchcase("exec", self.tool):
            raise ValueError(f"only exec runs commands, {self.tool} does not: leave `command` out")
        if "" in (self.path, self.command):
            raise ValueError("an empty pattern fits nothing: write one, or leave it out")
        return self

    def __str__(self) -> str:
        """The rule in one line."""
        parts = [f"{key} {value}" for key, value in self._conditions() if value is not None]
        return f"{self.action}: {', '.join(parts)}" + (f" ({self.why})" if self.why else "")

    @property
    def verdict(self) -> Verdict:
        """What it says of a call that it matches."""
        return Verdict(self.action, str(self))

    def _conditions(self) -> Iterator[tuple[str, object]]:
        yield "tool", self.tool
        yield "path", self.path
        yield "command", self.command
        yield "changes", self.changes


@dataclass(frozen=True)
class Call:
    """A call, as far as a policy looks at it."""

    tool: str
    arguments: Mapping[str, JsonValue]
    read_only: bool = False
    workspace: str = ""

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths that it names."""
        return touched_paths(self.tool, self.arguments, self.workspace)

    @cached_property
    def script(self) -> Script | None:
        """What a shell would run; None for other tools."""
        if self.tool != "exec":
            return None
        return read_script(str(self.arguments.get("command", "")))


class Rules(BaseModel):
    """A policy: rules, and what holds where none matches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Leave = Leave.ALLOW
    why: str = ""
    """Said of the default to the user and to the model."""
    rules: tuple[Rule, ...] = Field(default=(), alias="rule")

    @classmethod
    def load(cls, name: str) -> "Rules":
        """A policy that comes with us, by its name, or one of the user's, by its path.

        Raises:
            UsageError: there is none, or it is malformed.
        """
        if name in NAMED:
            place = files("graph_agents.control").joinpath("policies", f"{name}.toml")
            return cls.model_validate(tomllib.loads(place.read_text(encoding="utf-8")))
        try:
            return cls.model_validate(tomllib.loads(Path(name).read_text(encoding="utf-8")))
        except OSError as error:
            raise UsageError(
                f"cannot read the policy {name}: {error.strerror}; name a TOML file, or one of "
                f"{', '.join(NAMED)}"
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"the policy {name} is not valid TOML: {error}") from error
        except ValidationError as error:
            problem = explain(error, "policy")
            raise UsageError(f"the policy {name} is malformed: {problem}") from error

    def extended(self, rules: Sequence[Rule]) -> "Rules":
        """The same policy with more rules."""
        return Rules(default=self.default, why=self.why, rule=(*self.rules, *rules))

    def judge(self, call: Call) -> Verdict:
        """The strictest rule that matches the call, or the default."""
        verdicts = [verdict for rule in self.rules if (verdict := _apply(rule, call))]
        if not verdicts:
            return Verdict(self.default, self.why or _BY_DEFAULT[self.default])
        return max(verdicts, key=lambda verdict: _STRICTNESS.index(verdict.leave))


def _apply(rule: Rule, call: Call) -> Verdict | None:
    """What a rule says of a call; None where it does not match."""
    if not fnmatchcase(call.tool, rule.tool):
        return None
    if rule.changes is not None and rule.changes is call.read_only:
        return None
    if rule.path is not None and not _fits_paths(rule.path, call.paths, rule.action):
        return None
    if rule.command is not None:
        return _apply_command(rule, rule.command, call.script)
    return rule.verdict


def _apply_command(rule: Rule, pattern: str, script: Script | None) -> Verdict | None:
    """A rule that allows must fit every command; one that asks or denies, any of them.

    What cannot be read for certain might be what is denied: then the user is asked.
    """
    if script is None:
        return None
    fits = [_fits(pattern, command) for command in script.commands]
    if rule.action is Leave.ALLOW:
        whole = bool(fits) and all(fits) and not script.opaque
        return rule.verdict if whole else None
    if any(fits):
        return rule.verdict
    if script.opaque:
        return Verdict(Leave.ASK, f"{rule}; this may be a case of it: {script.opaque}")
    return None


def _fits(pattern: str, command: Command) -> bool:
    if not command.words:
        return False
    program, *arguments = command.words
    bare = " ".join([program.rsplit("/", 1)[-1], *arguments])
    return fnmatchcase(bare, pattern) or fnmatchcase(str(command), pattern)


def _fits_paths(pattern: str, paths: Sequence[str], action: Leave) -> bool:
    """Whether a path fits; a rule that allows must fit all of them."""
    fits = [fnmatchcase(path, pattern) or f"{path}/**" == pattern for path in paths]
    return bool(fits) and (all(fits) if action is Leave.ALLOW else any(fits))
