"""Models and tokenizers from a path or the Hub, made to speak our chat template."""

# The stubs of transformers leave parameters of the very functions that everybody calls untyped.
# pyright: reportUnknownMemberType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from clawgym.errors import UsageError
from clawgym.model import ToolSchema
from train.conversation import MessageRow, chat_template


class TokenizerRenderer:
    """`train.rows.Renderer` over a tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer

    def length(self, messages: Sequence[MessageRow], tools: Sequence[ToolSchema]) -> int:
        """How many tokens a conversation renders to."""
        return len(render(self._tokenizer, messages, tools))

    @property
    def control_tokens(self) -> Sequence[str]:
        """Texts that the tokenizer turns into tokens of the protocol wherever it meets them."""
        return cast("Sequence[str]", self._tokenizer.all_special_tokens)


def render(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[MessageRow],
    tools: Sequence[ToolSchema],
    *,
    add_generation_prompt: bool = False,
) -> list[int]:
    """The token ids of a conversation under the tokenizer's own chat template."""
    ids = tokenizer.apply_chat_template(
        cast("list[dict[str, str]]", messages),  # the stub knows no tool calls
        tools=list(tools),
        tokenize=True,
        return_dict=False,
        add_generation_prompt=add_generation_prompt,
    )
    return cast("list[int]", ids)


@dataclass(frozen=True)
class Loaded:
    """A model that speaks our chat template. `window` is how many tokens it was made for."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    window: int

    @property
    def parameters(self) -> int:
        """How many weights there are, shared ones counted once."""
        return sum(weight.numel() for weight in self.model.parameters())


def load(model: str, yarn: float | None) -> Loaded:
    """The weights in float32, and the tokenizer with our chat template in place of its own.

    Args:
        model: a directory or a Hub id.
        yarn: the factor by which YaRN stretches the context window; None leaves it.

    Raises:
        UsageError: there is no such model, or its architecture has no rotary embedding to stretch.
    """
    try:
        tokenizer = cast("PreTrainedTokenizerBase", AutoTokenizer.from_pretrained(model))
        config = cast("PretrainedConfig", AutoConfig.from_pretrained(model))
        if yarn is not None:
            _stretch(config, yarn)
        weights = AutoModelForCausalLM.from_pretrained(model, config=config, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no model can be loaded from {model!r}: {error}\n"
            "give the directory of a saved model, a Hub id that this machine can reach, or 'tiny'"
        ) from error
    tokenizer.chat_template = chat_template()
    window = cast("int", config.max_position_embeddings)
    return Loaded(cast("PreTrainedModel", weights), tokenizer, window)


def _stretch(config: PretrainedConfig, factor: float) -> None:
    rope = cast("dict[str, float | str] | None", getattr(config, "rope_parameters", None))
    if not rope or "rope_theta" not in rope:
        raise UsageError(f"YaRN cannot stretch a {config.model_type} model; drop --yarn")
    window = cast("int", config.max_position_embeddings)
    config.rope_parameters = {
        "rope_type": "yarn",
        "rope_theta": rope["rope_theta"],
        "factor": factor,
        "original_max_position_embeddings": window,
    }
    config.max_position_embeddings = int(window * factor)
