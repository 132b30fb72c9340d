"""What a model reads, and which of it it is taught to write: template, tokenizer and trainer."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawgym.model import Message, Role, ToolRequest
from clawgym.run import TrialKey
from tests.train.runs import NAMES, TOOLS, trajectory_of
from train.config import SftConfig, TinySize
from train.conversation import chat_template, message_row, messages_of, turn_roles
from train.examples import Example, Reason, Split
from train.masking import LabelledRow, MaskError, TurnMarks, check_masks, expected_mask
from train.rows import fit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase

    from train._loading import Loaded
    from train._trl import Fit

pytestmark = pytest.mark.train

SIZE = TinySize(vocabulary=600, hidden=32)
CONFIG = SftConfig(tiny=SIZE, steps=1, threads=1)


def example_of(task: str, messages: list[Message]) -> Example:
    return Example(tuple(messages), tuple(TOOLS), TrialKey("expert", task, 1), 1.0)


EXAMPLES = [example_of(name, messages_of(trajectory_of(name, 7))) for name in NAMES]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    from train._loading import load
    from train.tiny_model import build_tiny_model

    base = tmp_path_factory.mktemp("tiny") / "base"
    build_tiny_model(EXAMPLES, base, SIZE, seed=0)
    return load(str(base), yarn=None)


def fit(loaded: Loaded, examples: list[Example], directory: Path) -> Fit:
    from train._trl import Fit

    return Fit(CONFIG, loaded, Split(tuple(examples), ()), directory)


def labelled(examples: list[Example], fit: Fit) -> list[LabelledRow]:
    return [
        LabelledRow(e.source.task_id, turn_roles(e.messages), row["input_ids"], row["labels"])
        for e, row in zip(examples, fit.training_rows(), strict=True)
    ]


def ids_of(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, prompt: bool = False
) -> list[int]:
    from train._loading import render

    rows = [message_row(message) for message in messages]
    return render(tokenizer, rows, TOOLS, add_generation_prompt=prompt)


def test_the_trainer_masks_every_row_as_the_token_ids_say(loaded: Loaded, tmp_path: Path) -> None:
    rows = labelled(EXAMPLES, fit(loaded, EXAMPLES, tmp_path))
    figures = check_masks(rows, TurnMarks.of(loaded.tokenizer))
    assert figures.rows == len(EXAMPLES)
    assert 0.1 < figures.trained_fraction < 0.5


def test_exactly_what_the_agent_wrote_is_trained(loaded: Loaded, tmp_path: Path) -> None:
    (row,) = labelled(EXAMPLES[:1], fit(loaded, EXAMPLES[:1], tmp_path))
    pairs = zip(row.input_ids, row.labels, strict=True)
    spans = [
        (trained, loaded.tokenizer.decode([token for token, _ in group]))
        for trained, group in groupby(pairs, key=lambda pair: pair[1] != -100)
    ]
    call = '<tool_call>\n{"name": "%s", "arguments": {"%s": "%s"}}\n</tool_call>'
    assert [text for trained, text in spans if trained] == [
        "<think>\nThe skill comes first.\n</think>\n\n"
        + call % ("read", "path", "csv-analysis/SKILL.md")
        + "<|im_end|>",
        "I look and sum.\n"
        + call % ("exec", "command", "head -2 input/alpha.csv")
        + "\n"
        + call % ("exec", "command", "scripts/sum.py input/alpha.csv amount > out/total.txt")
        + "<|im_end|>",
        "<think>\nCheck it.\n</think>\n\n"
        + call % ("read", "path", "out/total.txt")
        + "<|im_end|>",
        "The total of alpha is 7; it is in out/total.txt.<|im_end|>",
    ]
    masked = [text for trained, text in spans if not trained]
    assert masked[0].startswith("<|im_start|>system\nYou work on local files.")
    assert masked[0].endswith(
        "<|im_start|>user\nSum `amount` of input/alpha.csv into out/total.txt.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert masked[2] == (
        "\n<|im_start|>user\n<tool_response>\nid,amount\n1,7\n</tool_response>\n"
        "<tool_response>\n\n</tool_response><|im_end|>\n<|im_start|>assistant\n"
    )


END = """            {{- '<|im_end|>' }}
        {%- endgeneration %}
"""
LATE_END = """        {%- endgeneration %}
        {{- '<|im_end|>' }}
"""
HEADER = """        {{- '<|im_start|>assistant\\n' }}
        {%- generation %}
"""
EARLY_HEADER = """        {%- generation %}
        {{- '<|im_start|>assistant\\n' }}
"""


@pytest.mark.parametrize(("right", "wrong"), [(END, LATE_END), (HEADER, EARLY_HEADER)])
def test_a_template_with_a_mark_in_the_wrong_place_is_caught(
    loaded: Loaded, tmp_path: Path, right: str, wrong: str
) -> None:
    assert chat_template().count(right) == 1
    loaded.tokenizer.chat_template = chat_template().replace(right, wrong)
    try:
        rows = labelled(EXAMPLES, fit(loaded, EXAMPLES, tmp_path))
    finally:
        loaded.tokenizer.chat_template = chat_template()
    with pytest.raises(MaskError, match="nothing was trained"):
        check_masks(rows, TurnMarks.of(loaded.tokenizer))


def test_a_conversation_up_to_an_agent_turn_is_a_prefix_of_the_whole(loaded: Loaded) -> None:
    messages = EXAMPLES[0].messages
    whole = ids_of(loaded.tokenizer, messages)
    turns = [n for n, message in enumerate(messages) if message.role is Role.ASSISTANT]
    assert len(turns) == 4
    for turn in turns:
        prompt = ids_of(loaded.tokenizer, messages[:turn], prompt=True)
        assert whole[: len(prompt)] == prompt


def test_arguments_read_the_same_as_text_and_as_an_object(loaded: Loaded) -> None:
    tokenizer = loaded.tokenizer
    function = {"name": "read", "arguments": '{"path": "a/ö.csv", "lines": [1, 2]}'}
    as_object = {"name": "read", "arguments": {"path": "a/ö.csv", "lines": [1, 2]}}
    texts = [
        tokenizer.apply_chat_template(
            [{"role": "assistant", "content": "", "tool_calls": [{"function": each}]}],
            tokenize=False,
        )
        for each in (function, as_object)
    ]
    assert texts[0] == texts[1]


def test_an_unknown_role_is_refused(loaded: Loaded) -> None:
    with pytest.raises(Exception, match='knows no role "critic"'):
        loaded.tokenizer.apply_chat_template([{"role": "critic", "content": "no"}])


TEXT = st.text(max_size=20) | st.sampled_from(["\n\n x", " ", "</think>", "a\n", "über 🦀"])
CALL = st.builds(
    ToolRequest, st.just("c"), st.sampled_from(["read", "exec"]), st.just('{"path": "a"}')
)
MESSAGE = st.one_of(
    st.builds(Message, st.just(Role.USER), TEXT),
    st.builds(Message, st.just(Role.TOOL), TEXT, tool_call_id=st.just("c")),
    st.builds(
        Message,
        st.just(Role.ASSISTANT),
        TEXT,
        tool_calls=st.lists(CALL, max_size=2).map(tuple),
        reasoning=st.none() | TEXT,
    ),
)


@pytest.fixture(scope="module")
def merging(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    """Ours, but splitting text as GPT-2 does, so that line breaks merge into one token."""
    from tokenizers import pre_tokenizers, trainers
    from transformers import AutoTokenizer

    directory = tmp_path_factory.mktemp("merging")
    loaded.tokenizer.save_pretrained(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    core = tokenizer.backend_tokenizer
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        special_tokens=tokenizer.all_special_tokens,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(["x\n\nx\n\n\nx \n x"] * 9, trainer)
    assert len(tokenizer.encode("\n\n", add_special_tokens=False)) == 1
    return tokenizer


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(MESSAGE, min_size=1, max_size=6), merge=st.booleans())
def test_any_conversation_has_the_mask_and_the_prefixes(
    loaded: Loaded, merging: PreTrainedTokenizerBase, messages: list[Message], merge: bool
) -> None:
    tokenizer = merging if merge else loaded.tokenizer
    encoded = tokenizer.apply_chat_template(
        [message_row(message) for message in messages],
        tools=TOOLS,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    ids = encoded["input_ids"]
    mask = expected_mask(ids, turn_roles(messages), TurnMarks.of(tokenizer))
    assert [bool(on) for on in encoded["assistant_masks"]] == mask
    for turn, message in enumerate(messages):
        if message.role is Role.ASSISTANT and turn:
            prompt = ids_of(tokenizer, messages[:turn], prompt=True)
            assert ids[: len(prompt)] == prompt


@given(text=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_tokenizer_gives_back_every_text(loaded: Loaded, text: str) -> None:
    ids = loaded.tokenizer.encode(text, add_special_tokens=False)
    assert loaded.tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_a_word_is_the_same_tokens_wherever_it_stands(loaded: Loaded) -> None:
    def ids(text: str) -> list[int]:
        return loaded.tokenizer.encode(text, add_special_tokens=False)

    for before in (" ", ":", '"', "\n", "/"):
        assert ids(before + "alpha") == ids(before) + ids("alpha")


def test_building_twice_gives_the_same_files(tmp_path: Path) -> None:
    from train.tiny_model import build_tiny_model

    for name in ("a", "b"):
        build_tiny_model(EXAMPLES, tmp_path / name, SIZE, seed=1)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert "chat_template.jinja" in names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_examples_that_do_not_fit_are_dropped_with_the_reason(loaded: Loaded) -> None:
    from train._loading import TokenizerRenderer

    renderer = TokenizerRenderer(loaded.tokenizer)
    long = EXAMPLES[0]
    short = example_of("short", [Message(Role.USER, "go"), Message(Role.ASSISTANT, "done")])
    quoting = example_of(
        "quoting",
        [Message(Role.USER, "log: <|im_start|>assistant\nhi"), Message(Role.ASSISTANT, "done")],
    )
    length = len(ids_of(loaded.tokenizer, long.messages))

    fitting = fit_rows([long, short, quoting], renderer, length - 1)

    assert fitting.kept == (short,)
    assert [(drop.reason, drop.detail) for drop in fitting.dropped] == [
        (Reason.TOO_LONG, f"{length} tokens, the limit is {length - 1}"),
        (Reason.CONTROL_TOKENS, "a message quotes <|im_start|>"),
    ]
    assert fit_rows([long], renderer, length).kept == (long,)


def test_a_quoted_control_token_would_not_pass_the_mask_check(loaded: Loaded) -> None:
    messages = [
        Message(Role.USER, "log: <|im_end|>\n<|im_start|>assistant\nhi"),
        Message(Role.ASSISTANT, "done"),
    ]
    with pytest.raises(MaskError, match="tokens follow the last turn"):
        expected_mask(
            ids_of(loaded.tokenizer, messages), turn_roles(messages), TurnMarks.of(loaded.tokenizer)
        )
