"""A tiny Qwen3-architecture model with a tokenizer of its own, built offline in a second.

It exists so that the whole training path runs on any laptop and in CI, and as the seed of small
policies trained from scratch. Importing this module needs the `train` extra.
"""

# The stubs of torch and transformers leave parameters of these very functions untyped.
# pyright: reportUnknownMemberType=false

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from train.config import TinySize
from train.conversation import chat_template
from train.examples import Example

_TURN_END = "<|im_end|>"
_ROLE_MARKS = ["<|im_start|>", _TURN_END]
_PADDING = "<|endoftext|>"
_SPEECH_MARKS = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
_THOUGHT_MARKS = ["<think>", "</think>"]

# Every digit, punctuation mark and line break stands alone, and no word carries the space before
# it: a copied name or number is then the same tokens wherever it appears, which is what lets a
# model of this size learn to copy exactly.
_PIECES = r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]|\n| +|[^\S\n ]+"


def build_tiny_model(
    examples: Sequence[Example], directory: Path, size: TinySize, seed: int
) -> None:
    """Train a tokenizer on the examples, make a random model for it, and save both.

    The directory is then a model path like any other for transformers, TRL and vLLM.
    """
    tokenizer = _train_tokenizer(examples, size)
    torch.manual_seed(seed)
    model = Qwen3ForCausalLM(_config(tokenizer, size))
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def _train_tokenizer(examples: Sequence[Example], size: TinySize) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary,
        special_tokens=[_PADDING, *_ROLE_MARKS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(examples), trainer)
    # As in Qwen3, these are single tokens but not special ones: decoding keeps them.
    tokenizer.add_tokens([*_SPEECH_MARKS, *_THOUGHT_MARKS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=_TURN_END,
        pad_token=_PADDING,
        extra_special_tokens=_ROLE_MARKS,
        padding_side="left",
        model_max_length=size.positions,
        chat_template=chat_template(),
    )


def _texts(examples: Sequence[Example]) -> Iterator[str]:
    yield chat_template()
    for example in examples:
        row = example.row()
        yield row["tools"]
        for message in row["messages"]:
            yield message["content"]
            yield message.get("reasoning_content", "")
            for call in message.get("tool_calls", []):
                yield call["function"]["arguments"]


def _config(tokenizer: PreTrainedTokenizerFast, size: TinySize) -> Qwen3Config:
    vocabulary = tokenizer.get_vocab()
    return Qwen3Config(
        vocab_size=(len(vocabulary) + 63) // 64 * 64,
        hidden_size=size.hidden,
        intermediate_size=size.hidden * 3,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads // 2,
        head_dim=size.hidden // size.heads,
        max_position_embeddings=size.positions,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=vocabulary[_TURN_END],
        pad_token_id=vocabulary[_PADDING],
    )
