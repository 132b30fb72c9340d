"""Necessity: a skill is part of a task only if the task cannot be done without it.

Structure proves it, at the cost of reading. Without a skill's steps its results are what they are
when nothing is done, for no other step writes them. The no-op gate has seen that nothing is earned
then, and the matrix gate that each step has a check that earns: so the reference solution without
the skill earns less than everything. What the skill's results were taken for can only be worse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clawgym.graph import Node, TaskGraph
from synth.gates.candidate import Lost
from synth.gates.exam import Exam
from synth.gates.reading import Cost


@dataclass(frozen=True)
class Necessity:
    """Every skill that a task offers makes something that is checked and that no other makes.

    Comes after the no-op and the matrix. A task without a graph is not told apart by skills.
    """

    name: str = "necessity"
    cost: Cost = "reads"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost by the first skill that could be left out."""
        graph = exam.task.graph
        if graph is None:
            return None
        graded = {check.node for check in exam.checklist.checks if check.earns}
        steps = [node for node in graph.nodes if node.id in graded]
        offered = {path.split("/", 1)[0] for path in exam.task.skills}
        for skill in sorted({*offered, *graph.skills}):
            if not _is_needed(skill, graph, steps):
                return Lost(self.name, "idle-skill", skill)
        return None


def _is_needed(skill: str, graph: TaskGraph, graded: Sequence[Node]) -> bool:
    others = {_place(graph, node) for node in graph.nodes if node.skill != skill}
    return any(node.skill == skill and _place(graph, node) not in others for node in graded)


def _place(graph: TaskGraph, node: Node) -> str:
    return graph.artifact(node.output).path
