"""How LangGraph names threads and checkpoints in its configurations."""

# langgraph leaves its savers' configurations untyped, and pyright does not find its marker:
# pyright: reportMissingTypeStubs=false

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import get_checkpoint_id

from graph_agents.journal.store import Values

Thread = tuple[str, str]
"""A session, and the graph within it."""


def thread_of(config: RunnableConfig) -> Thread:
    """The thread that a configuration names."""
    named = config.get("configurable", {})
    return str(named["thread_id"]), str(named.get("checkpoint_ns", ""))


def config_of(thread: Thread, checkpoint: str) -> RunnableConfig:
    """The configuration that names a checkpoint."""
    session, ns = thread
    return {
        "configurable": {"thread_id": session, "checkpoint_ns": ns, "checkpoint_id": checkpoint}
    }


def selection(config: RunnableConfig | None, before: RunnableConfig | None) -> tuple[str, Values]:
    """The condition and its values that pick rows of `checkpoints`."""
    conditions, values = ["1"], list[str]()
    named = config.get("configurable", {}) if config else {}
    for column, key in (("session", "thread_id"), ("ns", "checkpoint_ns"), ("id", "checkpoint_id")):
        if named.get(key) is not None:
            conditions.append(f"{column} = ?")
            values.append(str(named[key]))
    if before and (limit := get_checkpoint_id(before)):
        conditions.append("id < ?")
        values.append(limit)
    return " AND ".join(conditions), values
