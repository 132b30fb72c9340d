"""Whether the rules of a policy name tools that there are: a misspelt one protects nothing."""

import logging
from collections.abc import Collection
from difflib import get_close_matches
from fnmatch import fnmatchcase

from clawgym.errors import UsageError
from graph_agents.control.policy import Rule, Rules

_log = logging.getLogger(__name__)


def check_names(rules: Rules, said: Collection[Rule], tools: Collection[str]) -> None:
    """See that each rule holds for one of the tools; `LABEL__*` stands for all of a label.

    What was `said` on the command line has to. A rule of a file may be meant for other agents, and
    a server's or a skill's tool (`LABEL__TOOL`) may come later: of these there is a warning.

    Raises:
        UsageError: a rule that was said names no tool.
    """
    for rule in rules.rules:
        if any(fnmatchcase(name, rule.tool) or fnmatchcase(rule.tool, name) for name in tools):
            continue
        near = get_close_matches(rule.tool, tools, n=1)
        there = ", ".join(sorted(name for name in tools if "*" not in name))
        hint = f"did you mean {near[0]!r}? There" if near else "there"
        words = f"the rule '{rule}' has no effect, for there is no tool {rule.tool!r}: {hint} are "
        if rule in said and "__" not in rule.tool:
            raise UsageError(words + there)
        _log.warning("%s%s", words, there)
