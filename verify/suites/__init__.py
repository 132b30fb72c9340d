"""Foreign suites: any supported format, opened by its path.

`suite` has the nouns and `opening` recognises a format; `clawgym_*`, `pinchbench`, `markdown` and
`harbor` read one each. `adapters` wraps the original graders, so that an imported task is an
ordinary one; `strict` scores their raw checks by our rules. `exports/` writes other formats.
"""

from verify.suites.opening import open_suite
from verify.suites.strict import Floors, Leak, floors, strict
from verify.suites.suite import Refusal, Repair, Suite, load_all

__all__ = [
    "Floors",
    "Leak",
    "Refusal",
    "Repair",
    "Suite",
    "floors",
    "load_all",
    "open_suite",
    "strict",
]
