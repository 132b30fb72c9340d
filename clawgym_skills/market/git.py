"""One commit of a git repository as files, without a checkout: no hook, filter or link can act.

The objects are fetched into an empty bare repository and read one by one. Git's own settings of
this user and machine do not count, so a repository that needs credentials from them cannot be read.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import ClawGymError, UsageError
from clawgym.files import File, Files
from clawgym_skills.market.bundle import MAX_ENTRIES, Intake

_SECONDS = 300
_ALLOWED = "https:ssh:file"
_FILE_MODES = ("100644", "100755", "100664")


class GitError(ClawGymError):
    """The `git` program is missing or failed."""


@dataclass(frozen=True)
class _Entry:
    mode: str
    name: str
    size: int
    path: str


def read_commit(
    url: str, ref: str | None = None, subfolder: str | None = None
) -> tuple[str, Files]:
    """The commit that `ref` (a branch, a tag, or a full hash) names, and its files.

    With a `subfolder`, only what lies below it is looked at; the paths stay those of the whole.

    Raises:
        GitError: git is not there, or cannot fetch.
        UsageError: the URL or the ref cannot be meant.
        UnsafeBundleError: the commit holds links, submodules, unsafe names, or too much.
    """
    for text in (url, ref or ""):
        if text.startswith("-") or any(character.isspace() for character in text):
            raise UsageError(f"{text!r} is no git URL or ref")
    with tempfile.TemporaryDirectory(prefix="clawgym-git-") as folder:
        repository = _Repository(Path(folder))
        commit = repository.fetch(_absolute(url), ref or "HEAD")
        intake = Intake(f"{url}@{commit[:12]}")
        return commit, _files(repository.entries(commit, subfolder), repository, intake)


def _absolute(url: str) -> str:
    """Git resolves a relative path against its own folder, so make a local one absolute."""
    is_path = "://" not in url and ":" not in url.split("/", maxsplit=1)[0]
    return str(Path(url).expanduser().resolve()) if is_path else url


class _Repository:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._git("init", "--quiet", "--bare", "--template=")

    def fetch(self, url: str, ref: str) -> str:
        flags = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        self._git("fetch", *flags, "--", url, ref)
        return self._git("rev-parse", "FETCH_HEAD^{commit}").decode("ascii").strip()

    def entries(self, commit: str, subfolder: str | None) -> Iterator[_Entry]:
        below = ("--", f"{subfolder}/") if subfolder else ()
        listing = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", commit, *below)
        for line in listing.split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, _, name, size = head.decode("ascii").split()
            yield _Entry(mode, name, 0 if size == "-" else int(size), os.fsdecode(path))

    def blob(self, name: str) -> bytes:
        return self._git("cat-file", "blob", name)

    def _git(self, *arguments: str) -> bytes:
        command = ("git", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", *arguments)
        try:
            done = subprocess.run(
                command,
                cwd=self._folder,
                env=_environment(self._folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise GitError(
                "the program `git` is not there; install it, or use an archive"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {arguments[0]} took more than {_SECONDS} s") from error
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise GitError(
                f"git {arguments[0]} failed: {lines[-1] if lines else 'no reason given'}"
            )
        return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "SSH_AUTH_SOCK", "https_proxy", "HTTPS_PROXY", "SSL_CERT_FILE")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "GIT_DIR": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": _ALLOWED,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    }


def _files(entries: Iterable[_Entry], repository: _Repository, intake: Intake) -> Files:
    for count, entry in enumerate(entries):
        if not intake.wants(entry.path):
            continue
        if count >= MAX_ENTRIES * 10:
            raise intake.refuse("too many files")
        if entry.mode not in _FILE_MODES:
            raise intake.refuse(f"{entry.path!r} is a link or a submodule")
        if entry.size > intake.room:
            raise intake.refuse(f"{entry.path!r} is too big")
        intake.add(entry.path, File(repository.blob(entry.name), entry.mode == "100755"))
    return intake.files()
