"""Task graphs: the directed acyclic graph that everything downstream of synthesis operates on."""

from collections import Counter
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Self

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from clawgym.artifact import Artifact


class Node(BaseModel):
    """One operation bound to the skill that grounds it.

    `inputs` and `output` are artifact ids. `params` are what the instruction states; expected
    results never stand here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    operation: str
    skill: str | None = None
    inputs: tuple[str, ...]
    output: str
    params: dict[str, JsonValue] = {}


class TaskGraph(BaseModel):
    """A DAG: nodes are operations, edges are the artifacts between them.

    Raises:
        ValueError: an id repeats, an edge names an unknown artifact, two nodes write the same
            artifact, or the nodes form a cycle.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    artifacts: tuple[Artifact, ...]
    nodes: tuple[Node, ...]

    @model_validator(mode="after")
    def _is_a_dag(self) -> Self:
        _reject_repeats("artifact id", [artifact.id for artifact in self.artifacts])
        _reject_repeats("node id", [node.id for node in self.nodes])
        _reject_repeats("output artifact", [node.output for node in self.nodes])
        known = {artifact.id for artifact in self.artifacts}
        for node in self.nodes:
            missing = [end for end in (*node.inputs, node.output) if end not in known]
            if missing:
                raise ValueError(f"node {node.id!r} refers to unknown artifacts {missing}")
        try:
            self._sorter().prepare()
        except CycleError as error:
            raise ValueError(f"the nodes form a cycle: {error.args[1]}") from error
        return self

    def artifact(self, artifact_id: str) -> Artifact:
        """The artifact with that id; `KeyError` if there is none."""
        for artifact in self.artifacts:
            if artifact.id == artifact_id:
                return artifact
        raise KeyError(artifact_id)

    def producer(self, artifact_id: str) -> Node | None:
        """The node that writes the artifact, or None for a file the task starts with."""
        return next((node for node in self.nodes if node.output == artifact_id), None)

    @property
    def sources(self) -> tuple[Artifact, ...]:
        """Artifacts that no node writes: the initial workspace."""
        written = {node.output for node in self.nodes}
        return tuple(artifact for artifact in self.artifacts if artifact.id not in written)

    @property
    def skills(self) -> tuple[str, ...]:
        """The grounding skills, each once, in topological order of first use."""
        return tuple(dict.fromkeys(node.skill for node in self.topological() if node.skill))

    def topological(self) -> list[Node]:
        """The nodes, each after all that it depends on; ties keep the order of `nodes`."""
        by_id = {node.id: node for node in self.nodes}
        sorter = self._sorter()
        sorter.prepare()
        order: list[Node] = []
        while sorter.is_active():
            ready = set(sorter.get_ready())
            order += [node for node in by_id.values() if node.id in ready]
            sorter.done(*ready)
        return order

    def _sorter(self) -> TopologicalSorter[str]:
        producer = {node.output: node.id for node in self.nodes}
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for node in self.nodes:
            sorter.add(node.id, *(producer[end] for end in node.inputs if end in producer))
        return sorter


def _reject_repeats(what: str, values: Sequence[str]) -> None:
    repeated = sorted(value for value, count in Counter(values).items() if count > 1)
    if repeated:
        raise ValueError(f"{what} repeated: {repeated}")
