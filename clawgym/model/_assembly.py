"""A reply put together from the chunks of a stream."""

from dataclasses import dataclass, field

from clawgym.model._wire import WireChunk, WireText, WireToolCall
from clawgym.model.protocol import (
    ChatReply,
    HearsReasoning,
    Message,
    OnDelta,
    Role,
    ToolRequest,
    Usage,
)


@dataclass
class _Call:
    id: str | None
    name: str = ""
    pieces: list[str] = field(default_factory=list[str])


@dataclass
class Assembly:
    """Collects chunks. The reply is complete once `finish_reason` is set."""

    on_delta: OnDelta
    finish_reason: str | None = None
    _text: list[str] = field(default_factory=list[str])
    _reasoning: list[str] = field(default_factory=list[str])
    _calls: list[_Call] = field(default_factory=list[_Call])
    _at: dict[int, _Call] = field(default_factory=dict[int, _Call])
    _usage: Usage = field(default_factory=Usage)
    _model: str = ""

    def add(self, chunk: WireChunk) -> None:
        """Take in one chunk; text goes on to `on_delta` at once."""
        self._model = chunk.model or self._model
        if chunk.usage:
            self._usage = chunk.usage.counted()
        for choice in (chunk.choices or [])[:1]:
            self.finish_reason = choice.finish_reason or self.finish_reason
            if choice.delta:
                self._add_text(choice.delta)
                for call in choice.delta.tool_calls or []:
                    self._add_call(call)

    def _add_text(self, delta: WireText) -> None:
        if thought := delta.thought:
            self._reasoning.append(thought)
            if isinstance(self.on_delta, HearsReasoning):
                self.on_delta.reasoning(thought)
        if said := delta.said:
            self._text.append(said)
            self.on_delta(said)

    def _add_call(self, piece: WireToolCall) -> None:
        call = self._call_of(piece)
        if piece.function:
            call.name += piece.function.name or ""
            call.pieces.append(piece.function.text)

    def _call_of(self, piece: WireToolCall) -> _Call:
        """The call that a piece belongs to; some servers send index 0, or none, for every call."""
        index = len(self._calls) - 1 if piece.index is None else piece.index
        call = self._at.get(index)
        if call and not (piece.id and call.id and piece.id != call.id):
            return call
        call = _Call(piece.id)
        self._calls.append(call)
        self._at[len(self._calls) - 1 if piece.index is None else piece.index] = call
        return call

    def reply(self) -> ChatReply:
        """What has arrived, as one reply."""
        calls = tuple(
            ToolRequest(call.id or f"call_{position}", call.name, "".join(call.pieces))
            for position, call in enumerate(self._calls)
        )
        reasoning = "".join(self._reasoning) or None
        message = Message(
            Role.ASSISTANT, "".join(self._text), tool_calls=calls, reasoning=reasoning
        )
        return ChatReply(message, self._usage, self.finish_reason or "stop", self._model)
