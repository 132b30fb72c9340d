"""From settings to a desk: endpoints, keys, cache, journal and budget, opened and closed."""

import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.model.answer_cache import AnswerCache
from clawgym.model.budget import Budget, Prices
from clawgym.model.openai_client import OpenAIModel
from clawgym.model.patience import Patience
from synth.authoring.desk import Desk
from synth.authoring.journal import Journal
from synth.code_digest import code_digest

_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Endpoint:
    """A model at an endpoint; `key_env` names the variable that holds the key."""

    model: str
    base_url: str
    key_env: str

    @property
    def key(self) -> str:
        """The key, which a local server can do without.

        Raises:
            UsageError: the endpoint needs one, and none is set.
        """
        key = os.environ.get(self.key_env, "")
        if not key and self.base_url == _OPENAI:
            raise UsageError(
                f"the model at {self.base_url} needs an API key: set {self.key_env}, name another "
                "variable with CLAWGYM_API_KEY_ENV, or give the --base-url of a local server"
            )
        return key


@dataclass(frozen=True)
class Terms:
    """What may be spent, how patiently, and how much at a time."""

    max_tokens: int | None = None
    max_cost: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    concurrency: int = 4
    timeout: float = 600.0

    @property
    def budget(self) -> Budget:
        """The budget.

        Raises:
            UsageError: a limit of money without a price would limit nothing.
        """
        prices = Prices(self.price_in, self.price_out)
        if self.max_cost is not None and prices == Prices():
            raise UsageError(
                "a limit on the cost needs prices: give --price-in and --price-out, for a million "
                "tokens"
            )
        return Budget(tokens=self.max_tokens, cost=self.max_cost, prices=prices)


@contextlib.asynccontextmanager
async def open_desk(
    author: Endpoint,
    reviewer: Endpoint,
    *,
    journal: Path,
    settings: Mapping[str, str],
    cache: Path,
    terms: Terms,
) -> AsyncGenerator[tuple[Desk, Journal]]:
    """A desk with its journal, closed when the block ends.

    Raises:
        UsageError: a key is missing, or journal or cache cannot be used.
    """
    budget, models = terms.budget, list[OpenAIModel]()
    keys = author.key, reviewer.key

    def opening(endpoint: Endpoint, key: str) -> Callable[[Callable[[], None]], OpenAIModel]:
        def make(on_request: Callable[[], None]) -> OpenAIModel:
            model = OpenAIModel(
                endpoint.model,
                endpoint.base_url,
                key,
                timeout=terms.timeout,
                max_retries=0,
                on_request=on_request,
            )
            models.append(model)
            return model

        return make

    async with contextlib.AsyncExitStack() as stack:
        noted = stack.enter_context(
            contextlib.closing(Journal(journal, settings, code=code_digest()))
        )
        kept = AnswerCache(cache, advice="choose another place with --cache")
        stack.enter_context(contextlib.closing(kept))
        desk = Desk(
            opening(author, keys[0]),
            opening(reviewer, keys[1]),
            journal=noted,
            cache=kept,
            budget=budget,
            patience=Patience(deadline=terms.timeout),
            sampling=(author.base_url, reviewer.base_url),
            concurrency=terms.concurrency,
        )
        for model in models:
            await stack.enter_async_context(model)
        yield desk, noted
