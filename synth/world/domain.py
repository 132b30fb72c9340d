"""Domains as worlds are made of them; they are data of the taxonomies."""

from synth.taxonomy.domain import ColumnMaker, Dimension, Domain, domains, pool

__all__ = ["ColumnMaker", "Dimension", "Domain", "domains", "pool"]
