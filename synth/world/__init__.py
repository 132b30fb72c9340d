"""Worlds: coherent, seeded source data of one domain, before any operation has touched it.

domain   the settings that tasks play in, as data
feed     rows of events, and their mess
config   settings files
source   a file or a tree that a task starts with
world    all of it together, made as it is asked for
"""

from synth.world.domain import ColumnMaker, Dimension, Domain, domains, pool
from synth.world.source import Source
from synth.world.world import World

__all__ = ["ColumnMaker", "Dimension", "Domain", "Source", "World", "domains", "pool"]
