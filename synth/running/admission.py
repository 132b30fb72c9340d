"""Gates that compare candidates with those accepted before: they run in one process, in order."""

from collections import Counter
from collections.abc import Mapping

from synth.dataset.similarity import Fingerprint, Novelty
from synth.gates import Lost
from synth.running.station import Proven


class Admission:
    """What was accepted so far, as far as it decides about what comes."""

    def __init__(self, novelty: float | None, caps: Mapping[str, int]) -> None:
        """`novelty` is the similarity of near-duplicates, `caps` the most tasks of a label."""
        self._novelty = None if novelty is None else Novelty(novelty)
        self._caps = dict(caps)
        self._held: Counter[tuple[str, str]] = Counter()
        self._seen: set[str] = set()

    def admit(self, proven: Proven) -> Lost | None:
        """Accept a task, or say why not."""
        for label, cap in self._caps.items():
            value = proven.labels.get(label, "")
            if self._held[label, value] >= cap:
                return Lost("balance", label, value)
        if {proven.task_id, proven.content} & self._seen:
            return Lost("novelty", "same", proven.task_id)
        if self._novelty is not None:
            found = self._novelty.admit(proven.task_id, proven.fingerprint)
            if found:
                return Lost("novelty", found.reason, f"{found.similarity:.2f} of {found.of}")
        self._count(proven.task_id, proven.content, proven.labels)
        return None

    def remember(
        self, task_id: str, content: str, fingerprint: Fingerprint, labels: Mapping[str, str]
    ) -> None:
        """Take in what an earlier run accepted."""
        if self._novelty is not None:
            again = self._novelty.admit(task_id, fingerprint)
            assert again is None, "what was admitted once is admitted in the same order again"
        self._count(task_id, content, labels)

    def _count(self, task_id: str, content: str, labels: Mapping[str, str]) -> None:
        self._seen |= {task_id, content}
        for label in self._caps:
            self._held[label, labels.get(label, "")] += 1
