"""The one error model: each class names who has to act, each message says what to do next.

A failing command inside a sandbox, a task an agent did not solve and a model that answers badly
are data, not exceptions. An exception means that *we* could not do what was asked.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What every `clawgym` command returns to the shell."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    INFRASTRUCTURE = 3


class ClawGymError(Exception):
    """Base of every exception that ClawGym raises on purpose."""

    exit_code: ExitCode = ExitCode.INFRASTRUCTURE


class UsageError(ClawGymError):
    """The caller asked for something impossible: fix the command or the arguments."""

    exit_code = ExitCode.USAGE


class StorageError(ClawGymError):
    """A disk is full: room has to be made."""


class SkillFormatError(ClawGymError):
    """A skill cannot be read: its author has to act."""

    exit_code = ExitCode.USAGE


class TaskFormatError(ClawGymError):
    """A task or dataset on disk cannot be read: its author has to act."""

    exit_code = ExitCode.USAGE


class VerifierError(ClawGymError):
    """A verifier broke its contract, so the work it judged stays ungraded."""


class SandboxError(ClawGymError):
    """A sandbox could not be made or used: the machine has to be fixed."""


class SandboxUnsupportedError(SandboxError):
    """The backend lacks a capability that was required by name."""


class ProviderError(ClawGymError):
    """The model endpoint failed or answered outside its protocol."""


class ProviderBusyError(ProviderError):
    """The endpoint failed in a way that may pass: asking again can help.

    `retry_after` is the seconds that it asked to wait, None where it named no time.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ContextOverflowError(ProviderError):
    """The conversation is longer than the model's window: shorten it and ask again."""


class SessionBusyError(UsageError):
    """Another process is at work on this session: wait for it, or stop it."""


class BudgetExceededError(ClawGymError):
    """A limit on tokens, money, time or calls that the user set was reached."""
