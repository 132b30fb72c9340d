"""Scanning skills for attacks, before they are installed and on demand. Nothing is ever executed.

finding       what a scan says
rule          the rules, data in `rules/`
scanner       one skill to one report
tree, archive, names        what lies in a skill, and names that attack
document, context           texts, and when one warns against what it shows
patterns, hidden, image     rules that are patterns; what a person does not see
shell_syntax, shell, python_code    what commands and scripts do
prerequisite, autorun       what is to be installed, and what runs by itself
capability, credentials, address    what is used against what is declared
registry      names and digests
expressions   regular expressions and lists of names, data in `data/`
output, hook, cisco     reports for programs; the user's own policy; a second opinion
"""

from clawgym_skills.scan.finding import Finding, Report, Severity, Verdict
from clawgym_skills.scan.scanner import Options, scan

__all__ = ["Finding", "Options", "Report", "Severity", "Verdict", "scan"]
