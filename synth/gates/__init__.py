"""The gates that a candidate passes before it is a task of a dataset, in order of their cost.

`candidate` is what composition hands over, `profile` lists the gates, `gating` puts a candidate
through them. `reading`, `plausibility`, `wrong_work`, `solutions` and `necessity` hold the gates
themselves; `exam` is the evidence that they share. `proving` says what they need of a prover:
`warm_prover` is the fast one for what ClawGym ships into tasks, `box_prover` the careful one for
all else. `host/` runs inside the box of the fast one.
"""

from synth.gates.candidate import Candidate, Lost, Source
from synth.gates.gating import Passage, Provers, pass_gates
from synth.gates.profile import FULL, PROFILES, QUICK, Gate, Profile
from synth.gates.proving import Grade, Prover

__all__ = [
    "FULL",
    "PROFILES",
    "QUICK",
    "Candidate",
    "Gate",
    "Grade",
    "Lost",
    "Passage",
    "Profile",
    "Prover",
    "Provers",
    "Source",
    "pass_gates",
]
