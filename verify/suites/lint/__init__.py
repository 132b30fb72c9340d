"""What can be said of a task without an agent: missing inputs, network needs, leaked answers.

`rules` has the codes, `instruction` reads what the agent is told, `answers` compares it with what
the checks expect, `duplicates` compares tasks with each other, `dead` runs verifiers on finished
workspaces that deserve different scores, and `linting` puts them together.
"""

from verify.suites.lint.linting import lint_suite, lint_task
from verify.suites.lint.rules import TASK_RULES, TaskFinding

__all__ = ["TASK_RULES", "TaskFinding", "lint_suite", "lint_task"]
