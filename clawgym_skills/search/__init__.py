"""Search: from what a person types to skills, best first, with the reasons.

terms      words, and FTS5 expressions that are never a syntax error
ranking    the tiers, strongest evidence first
squatting  which names have to be earned
meaning    the last tier, with a local embedding model (extra `embeddings`)
"""
