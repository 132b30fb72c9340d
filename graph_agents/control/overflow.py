"""Telling a conversation that is too long from other failures of an endpoint."""

import re

_WORDS = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum context|context_length_exceeded|"
    r"too many (?:input )?tokens|prompt is too long|input is too long|request_too_large|"
    r"exceeds? the (?:model'?s? )?(?:maximum|context|token)|reduce the length|"
    r"longer than the (?:model'?s? )?(?:maximum|context)|exceed_context_size",
    re.IGNORECASE,
)
"""What providers say; of OpenAI, Anthropic, vLLM, llama.cpp, SGLang, Ollama and their gateways."""


def is_overflow(error: Exception) -> bool:
    """Whether an endpoint refused a request because the conversation does not fit."""
    return bool(_WORDS.search(str(error)))
