"""Paths where other programs keep secrets, and the names of secret variables."""

from clawgym_skills.scan.expressions import expression

STORES = expression("credentials.stores")
"""A store that belongs to another program than the skill's own service."""

AGENT_STORES = expression("credentials.agent_stores")
"""The agent's own configuration, where its keys are."""

SECRET_NAME = expression("credentials.secret_name")
"""A variable that holds a secret by its name."""


def names_store(text: str) -> bool:
    """Whether a text names a credential store of another program."""
    return STORES.search(text[:4_000]) is not None


def names_store_anywhere(text: str) -> bool:
    """Whether a script names one at all; quick where it does not."""
    return STORES.search(text) is not None
