"""From settings to a model: an OpenAI-compatible endpoint, or the offline stand-in."""

import contextlib
import os
from collections.abc import AsyncGenerator, Iterable

from clawgym.errors import UsageError
from clawgym.model import ChatModel, KnowsWindow
from clawgym.settings import Settings
from graph_agents import offline

_OPENAI = "https://api.openai.com/v1"


def check_model(settings: Settings) -> None:
    """See whether the settings name a model that can be asked.

    Raises:
        UsageError: no model is named, or its endpoint needs a key and none is set.
    """
    if settings.model is None:
        raise UsageError(
            "no model is named: give --model NAME or set CLAWGYM_MODEL, with CLAWGYM_BASE_URL for "
            f"the endpoint and {settings.api_key_env} for its key; or try --model offline, which "
            "needs neither"
        )
    if settings.model == offline.NAME or os.environ.get(settings.api_key_env):
        return
    if settings.base_url == _OPENAI:
        raise UsageError(
            f"{settings.base_url} needs an API key: set {settings.api_key_env}, name another "
            "variable with CLAWGYM_API_KEY_ENV, or give the --base-url of a local server"
        )
    if settings.api_key_env != Settings.model_fields["api_key_env"].default:
        raise UsageError(
            f"the variable {settings.api_key_env}, which is to hold the API key, is not set: set "
            "it, or leave --api-key-env (CLAWGYM_API_KEY_ENV) out where the endpoint wants no key"
        )


@contextlib.asynccontextmanager
async def open_model(settings: Settings, *, max_retries: int = 2) -> AsyncGenerator[ChatModel]:
    """The model that the settings name, closed when the block ends.

    `max_retries` is how often it asks again by itself; 0 where somebody else sees to that.

    Raises:
        UsageError: no model is named, or the endpoint needs a key and none is set.
    """
    check_model(settings)
    if settings.model is None or settings.model == offline.NAME:
        yield offline.offline_model()
        return
    key = os.environ.get(settings.api_key_env, "")
    from clawgym.model.openai_client import OpenAIModel

    async with OpenAIModel(
        settings.model, settings.base_url, key, max_retries=max_retries
    ) as model:
        yield model


async def window_of(models: Iterable[ChatModel]) -> int | None:
    """The tokens that fit into every one of these models, as far as their endpoints say."""
    told = [await model.context_window() for model in models if isinstance(model, KnowsWindow)]
    return min((window for window in told if window), default=None)
