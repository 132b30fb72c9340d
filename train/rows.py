"""Examples that fit a model: their length in its tokens, and nothing that could pass for a turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clawgym.model import ToolSchema
from train.conversation import MessageRow
from train.examples import Drop, Example, Reason


class Renderer(Protocol):
    """A tokenizer with our chat template."""

    def length(self, messages: Sequence[MessageRow], tools: Sequence[ToolSchema]) -> int:
        """How many tokens a conversation renders to."""
        ...

    @property
    def control_tokens(self) -> Sequence[str]:
        """Texts that the tokenizer turns into tokens of the protocol wherever it meets them."""
        ...


@dataclass(frozen=True)
class FittingRows:
    """The examples that a model can be trained on, and the others."""

    kept: tuple[Example, ...]
    dropped: tuple[Drop, ...]


def fit_rows(examples: Sequence[Example], renderer: Renderer, max_length: int) -> FittingRows:
    """Keep the examples of at most `max_length` tokens whose texts hold no control token.

    A row that is too long is dropped whole: cut, it would teach the model to stop in mid-air. A
    text with a control token, such as a file that quotes a chat log, would open a turn of its own.
    """
    kept: list[Example] = []
    dropped: list[Drop] = []
    for example in examples:
        drop = _control_token(example, renderer) or _excess(example, renderer, max_length)
        if drop:
            dropped.append(drop)
        else:
            kept.append(example)
    return FittingRows(tuple(kept), tuple(dropped))


def _control_token(example: Example, renderer: Renderer) -> Drop | None:
    row = example.row()
    texts = [row["tools"]]
    for message in row["messages"]:
        texts += [message["content"], message.get("reasoning_content", "")]
        for call in message.get("tool_calls", []):
            texts += [call["function"]["name"], call["function"]["arguments"]]
    for token in renderer.control_tokens:
        if any(token in text for text in texts):
            return Drop(example.source, Reason.CONTROL_TOKENS, f"a message quotes {token}")
    return None


def _excess(example: Example, renderer: Renderer, max_length: int) -> Drop | None:
    length = renderer.length(example.row()["messages"], example.tools)
    if length <= max_length:
        return None
    return Drop(example.source, Reason.TOO_LONG, f"{length} tokens, the limit is {max_length}")
