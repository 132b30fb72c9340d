"""Search by meaning, with an embedding model that the user has on disk; nothing is downloaded.

Any encoder that `transformers` loads will do, sentence-transformers' among them: the hidden states
of the last layer are averaged and scaled to length 1. Code in a model's directory is not run.
"""

# torch and transformers are typed in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import heapq
import struct
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from clawgym.errors import UsageError
from clawgym_skills.search.ranking import Match, Semantic

Vector = Sequence[float]
Embed = Callable[[Sequence[str]], list[Vector]]
"""Texts to vectors of length 1."""

_MOST_TOKENS = 256
_BATCH = 32
_LEAST_COSINE = 0.3


class Vectors(Protocol):
    """Where the vectors of revisions are kept: a catalogue."""

    def unembedded(self, model: str) -> list[tuple[str, str]]:
        """Digest and text of each revision in use that has no vector by this model."""
        ...

    def record_embeddings(self, model: str, vectors: Sequence[tuple[str, bytes]]) -> None:
        """Keep vectors by digest."""
        ...

    def embeddings(self, model: str) -> Iterator[tuple[int, bytes]]:
        """The vector of each skill that has one, by its key."""
        ...


def semantic(catalogue: Vectors, model: Path) -> Semantic:
    """A search by meaning over a catalogue; the model is loaded when it is first needed.

    Raises:
        UsageError: there is no such model, or the extra `embeddings` is missing.
    """
    _check(model)
    loaded: list[Embed] = []

    def search(query: str, found: Sequence[int], limit: int) -> list[Match]:
        embed = loaded[0] if loaded else load_model(model)
        loaded[:] = [embed]
        (wanted,) = embed([query])
        passed = frozenset(found)
        near = (
            (_cosine(wanted, vector), -key)
            for key, vector in catalogue.embeddings(str(model))
            if key not in passed
        )
        best = heapq.nlargest(limit, (pair for pair in near if pair[0] >= _LEAST_COSINE))
        return [Match(-key, "meaning", cosine) for cosine, key in best]

    return search


def embed_missing(catalogue: Vectors, model: Path) -> int:
    """Compute the vectors that a catalogue lacks, a batch at a time; how many there were.

    Raises:
        UsageError: as `semantic`.
    """
    missing = catalogue.unembedded(str(model))
    if not missing:
        return 0
    embed = load_model(model)
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        vectors = embed([text for _, text in batch])
        packed = [struct.pack(f"<{len(one)}f", *one) for one in vectors]
        digests = (digest for digest, _ in batch)
        catalogue.record_embeddings(str(model), list(zip(digests, packed, strict=True)))
    return len(missing)


def _cosine(wanted: Vector, packed: bytes) -> float:
    """Of two vectors of length 1; 0 where the other has another dimension."""
    if len(packed) != 4 * len(wanted):
        return 0.0
    other = struct.unpack(f"<{len(wanted)}f", packed)
    return sum(a * b for a, b in zip(wanted, other, strict=True))


def _check(model: Path) -> None:
    if not (model / "config.json").is_file():
        raise UsageError(
            f"{model} holds no model (no config.json); set embedding_model to the directory of a "
            "sentence-transformers or transformers encoder"
        )
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise UsageError("search by meaning needs an extra; run: pip install 'clawgym[embeddings]'")


def load_model(model: Path) -> Embed:
    """Load an encoder from its directory.

    Raises:
        UsageError: there is none, or the extra `embeddings` is missing.
    """
    _check(model)
    import torch
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
        encoder = AutoModel.from_pretrained(model, local_files_only=True).eval()
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{model} cannot be loaded as a model: {error}") from error

    def embed(texts: Sequence[str]) -> list[Vector]:
        inputs = tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=_MOST_TOKENS,
            return_tensors="pt",
        )
        with torch.inference_mode():
            states = encoder(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
        return torch.nn.functional.normalize(mean, dim=1).tolist()

    return embed
