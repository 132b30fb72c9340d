"""From what bubblewrap says when it fails to what a person has to do."""

from dataclasses import dataclass
from pathlib import Path

TRUSTED = "or use `--sandbox local` for code that you trust"

_USER_NAMESPACES = {
    "/proc/sys/user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=10000"),
    "/proc/sys/kernel/unprivileged_userns_clone": (
        "0",
        "sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
}


@dataclass(frozen=True)
class Refusal:
    """Why a backend does not work on this machine, and the exact fix."""

    reason: str
    fix: str

    def __str__(self) -> str:
        return f"{self.reason}; {self.fix}" if self.fix else self.reason


MISSING = Refusal(
    "bubblewrap (the program `bwrap`) is not installed",
    f"install it (Debian, Ubuntu: apt-get install bubblewrap) {TRUSTED}",
)


def diagnose(stderr: str) -> Refusal:
    """The refusal behind the error text of a bubblewrap that could not set up a box."""
    reason = f"bubblewrap could not set up a box: {stderr or 'it said nothing'}"
    if "nknown option" in stderr:
        return Refusal(reason, f"install bubblewrap 0.8.0 or newer {TRUSTED}")
    if "find source path" in stderr:
        return Refusal(reason, "the mounted directory must exist for as long as the box does")
    if command := _blocked_namespaces():
        return Refusal(reason, f"let users make namespaces (`{command}`) {TRUSTED}")
    if _in_container() or "mount proc" in stderr:
        return Refusal(
            reason,
            "start the container with --security-opt seccomp=unconfined "
            f"--security-opt systempaths=unconfined {TRUSTED}",
        )
    return Refusal(reason, f"`clawgym sandbox doctor` tries it on its own; fix that {TRUSTED}")


def _blocked_namespaces() -> str | None:
    for path, (blocking, command) in _USER_NAMESPACES.items():
        setting = Path(path)
        if setting.exists() and setting.read_text(encoding="utf-8").strip() == blocking:
            return command
    return None


def _in_container() -> bool:
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
