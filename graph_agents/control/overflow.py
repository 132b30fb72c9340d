"""Telling a conversation that is too long from other failures of an endpoint."""

import re

from clawgym.errors import ContextOverflowError

_WORDS = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum context|context_length_exceeded|"
    r"too many (?:input )?tokens|prompt is too long|input is too long|request_too_large|"
    r"exceeds? the (?:model'?s? )?(?:maximum|context|token)|reduce the length|"
    r"longer than the (?:model'?s? )?(?:maximum|context)|exceed_context_size",
    re.IGNORECASE,
)
"""What providers say; of OpenAI, Anthropic, vLLM, llama.cpp, SGLang, Ollama and their gateways."""


_THROTTLED = re.compile(r" answered 429: ")
"""Asks for patience, even where it speaks of too many tokens: they are those of a minute."""


def is_overflow(error: Exception) -> bool:
    """Whether an endpoint refused a request because the conversation does not fit."""
    if isinstance(error, ContextOverflowError):
        return True
    words = str(error)
    return bool(_WORDS.search(words)) and not _THROTTLED.search(words)
