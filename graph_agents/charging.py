"""What is paid beside the replies of a conversation: notes before a summary, the summary itself."""

from collections.abc import Generator
from contextlib import contextmanager

from clawgym.model import Usage
from graph_agents.chat_model import AnyChatModel, metered, model_name
from graph_agents.events import Charged, emit


@contextmanager
def charged(model: AnyChatModel) -> Generator[AnyChatModel]:
    """The same model; what it has used is told when the block ends, also where that fails."""
    used: list[Usage] = []
    try:
        yield metered(model, used.append)
    finally:
        if used:
            emit(Charged(sum(used, Usage()), model_name(model)))
