"""ClawGym: the full life cycle of Claw-style personal agents.

This package is the ground floor: the nouns that every other room speaks in, the errors, the
settings, the model client and the sandboxes. It imports nothing of ours from outside itself.
"""

__version__ = "0.1.0"
