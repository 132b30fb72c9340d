"""From settings to a model: an OpenAI-compatible endpoint, or the offline stand-in."""

import contextlib
import os
from collections.abc import AsyncGenerator, Iterable

from clawgym.errors import UsageError
from clawgym.model import ChatModel, KnowsWindow
from clawgym.settings import Settings
from graph_agents import offline

_OPENAI = "https://api.openai.com/v1"


@contextlib.asynccontextmanager
async def open_model(settings: Settings, *, max_retries: int = 2) -> AsyncGenerator[ChatModel]:
    """The model that the settings name, closed when the block ends.

    `max_retries` is how often it asks again by itself; 0 where somebody else sees to that.

    Raises:
        UsageError: no model is named, or the endpoint needs a key and none is set.
    """
    if settings.model is None:
        raise UsageError(
            "no model is named: give --model NAME or set CLAWGYM_MODEL, with CLAWGYM_BASE_URL for "
            f"the endpoint and {settings.api_key_env} for its key; or try --model offline, which "
            "needs neither"
        )
    if settings.model == offline.NAME:
        yield offline.offline_model()
        return
    key = os.environ.get(settings.api_key_env, "")
    if not key and settings.base_url == _OPENAI:
        raise UsageError(
            f"{settings.base_url} needs an API key: set {settings.api_key_env}, name another "
            "variable with CLAWGYM_API_KEY_ENV, or give the --base-url of a local server"
        )
    from clawgym.model.openai_client import OpenAIModel

    async with OpenAIModel(
        settings.model, settings.base_url, key, max_retries=max_retries
    ) as model:
        yield model


async def window_of(models: Iterable[ChatModel]) -> int | None:
    """The tokens that fit into every one of these models, as far as their endpoints say."""
    told = [await model.context_window() for model in models if isinstance(model, KnowsWindow)]
    return min((window for window in told if window), default=None)
