"""What a person agreed to: a skill as the digest of its files. Other files are another skill."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from graph_agents.kept_file import load_kept, save_kept


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: int = 1
    approved: dict[str, str] = {}
    """The digest of each skill, by its id."""


class Trust:
    """Approved revisions, for a session or for good.

    Args:
        kept_in: the file for what is approved for good; None: nothing is.

    Raises:
        UsageError: the file is malformed.
    """

    def __init__(self, kept_in: Path | None = None) -> None:
        self._file = kept_in
        self._kept = load_kept(_Kept, kept_in, "approvals")
        self._sessions: dict[tuple[str, str], str] = {}

    def covers(self, session: str, skill: str, digest: str) -> bool:
        """Whether these very files were approved, in this session or for good."""
        return digest in (self._sessions.get((session, skill)), self._kept.approved.get(skill))

    def knew(self, session: str, skill: str) -> bool:
        """Whether some revision of the skill was approved."""
        return (session, skill) in self._sessions or skill in self._kept.approved

    def approve(self, session: str, skill: str, digest: str) -> None:
        """Keep an approval for a session."""
        self._sessions[session, skill] = digest

    def approve_always(self, skill: str, digest: str) -> None:
        """Keep an approval for good.

        Raises:
            UsageError: the file cannot be written.
        """
        self._kept.approved[skill] = digest
        save_kept(self._kept, self._file)
