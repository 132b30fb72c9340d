"""From settings to a judge."""

import contextlib
import os
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from clawgym.errors import UsageError
from clawgym.model.budget import Budget, Prices
from clawgym.settings import Settings

if TYPE_CHECKING:
    from verify.rubric.judge import Judge

_OPENAI = "https://api.openai.com/v1"


@contextlib.asynccontextmanager
async def open_judge(settings: Settings) -> AsyncGenerator["Judge | None"]:
    """The judge that the settings name, closed when the block ends; None where they name none.

    Raises:
        UsageError: the endpoint needs a key and none is set, or the cache cannot be used.
    """
    if settings.judge_model is None:
        yield None
        return
    base_url = settings.judge_base_url or settings.base_url
    key = _key(settings, base_url)
    # Nearly half a second, which only those pay who name a judge.
    from clawgym.model.answer_cache import AnswerCache
    from clawgym.model.openai_client import OpenAIModel
    from verify.rubric.judge import Judge
    from verify.rubric.paging import Paging

    cache = AnswerCache(
        settings.judge_cache, advice="choose another place with CLAWGYM_JUDGE_CACHE"
    )
    model = OpenAIModel(settings.judge_model, base_url, key, temperature=settings.judge_temperature)
    with contextlib.closing(cache):
        async with model:
            yield Judge(
                model,
                votes=settings.judge_votes,
                cache=cache,
                budget=_budget(settings),
                sampling=f"{base_url} temperature={settings.judge_temperature}",
                paging=Paging(settings.judge_page_chars, settings.judge_max_pages),
            )


def _key(settings: Settings, base_url: str) -> str:
    """The judge's own key; the agent's only where both speak to the same endpoint."""
    same = base_url == settings.base_url
    name = settings.judge_api_key_env or (settings.api_key_env if same else None)
    key = os.environ.get(name, "") if name else ""
    if not key and base_url == _OPENAI:
        raise UsageError(
            f"the judge at {base_url} needs an API key: set {name or 'CLAWGYM_JUDGE_API_KEY_ENV'}, "
            "name another variable with CLAWGYM_JUDGE_API_KEY_ENV, or give the --judge-base-url of "
            "a local server"
        )
    return key


def _budget(settings: Settings) -> Budget:
    prices = Prices(settings.judge_price_prompt, settings.judge_price_completion)
    if settings.judge_max_cost is not None and prices == Prices():
        raise UsageError(
            "a limit on the judge's cost needs prices: set CLAWGYM_JUDGE_PRICE_PROMPT and "
            "CLAWGYM_JUDGE_PRICE_COMPLETION, for a million tokens"
        )
    return Budget(
        calls=settings.judge_max_calls,
        tokens=settings.judge_max_tokens,
        cost=settings.judge_max_cost,
        prices=prices,
    )
