"""Taxonomies: what tasks are about, who asks for them, and how they are counted.

scenario       9 categories with 43 subcategories
benchmark      the six categories that results are reported by; the 26 operations by category
difficulty     1 to 5, from a task graph
locale         names, towns, money and dates of a place
organisation   industries, houses and what people are called there
persona        coherent people, by seed and index; `persona_files` reads those of a user
domain         what data look like, and pools of words
period         the month that a task is about
setting        all of it together: who asks for what, about which data, when and why
opening        how requests begin and end
"""

from synth.taxonomy.benchmark import (
    benchmark_categories,
    benchmark_category,
    operations_by_category,
)
from synth.taxonomy.difficulty import Difficulty, Material, difficulty
from synth.taxonomy.domain import Domain, domains, domains_of
from synth.taxonomy.opening import closing, opening
from synth.taxonomy.period import Period
from synth.taxonomy.persona import Persona, draw_persona, persona
from synth.taxonomy.scenario import categories, category_of, subcategories
from synth.taxonomy.setting import Setting, make_setting

__all__ = [
    "Difficulty",
    "Domain",
    "Material",
    "Period",
    "Persona",
    "Setting",
    "benchmark_categories",
    "benchmark_category",
    "categories",
    "category_of",
    "closing",
    "difficulty",
    "domains",
    "domains_of",
    "draw_persona",
    "make_setting",
    "opening",
    "operations_by_category",
    "persona",
    "subcategories",
]
