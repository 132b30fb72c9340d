"""Mutants: the reference solution's work with one mistake in it, each a near miss by design.

`mutant` is the noun, `cells` makes single mistakes in values; `rows`, `trees`, `documents`,
`settings`, `lines` and `databases` know where such mistakes can be made in a file of their kind
and what the file means, so that a mutant that means the same is dropped. `breeding` chooses.
"""

from verify.mutants.breeding import Brood, breed
from verify.mutants.mutant import Mutant

__all__ = ["Brood", "Mutant", "breed"]
