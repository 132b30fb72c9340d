"""What is settled of a text that is still coming: a secret in pieces is told from innocent text."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph_agents.control.redaction import Redactor

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE+abc/def=\n-----END RSA PRIVATE KEY-----"
SECRETS = {
    "KEY": "tOpSeCrEt-4711-value",
    "PHRASE": "correct horse battery staple",
    "SHORT": "correct horse",
    "LONG": "x9" * 400,
    "CONNECTION": "postgres://me:pass word@host/db",
}
REDACTOR = Redactor(SECRETS)
HIDDEN = [*SECRETS.values(), PEM, "sk-" + "a1" * 12, "AKIA" + "Z" * 16]

_pieces = st.one_of(
    st.sampled_from(HIDDEN),
    st.sampled_from(HIDDEN).flatmap(lambda one: st.integers(1, len(one)).map(lambda n: one[:n])),
    st.text(string.ascii_letters + " \n.,-_", max_size=30),
)
texts = st.lists(_pieces, max_size=6).map("".join)


def streamed(text: str, cuts: list[int]) -> str:
    """What is passed on of a text that comes in pieces."""
    told, held, before = "", "", 0
    for cut in [*sorted(cut % (len(text) + 1) for cut in cuts), len(text)]:
        held += text[before:cut]
        before, settled = cut, REDACTOR.settled(held)
        told, held = told + REDACTOR.redact(held[:settled]), held[settled:]
    return told + REDACTOR.redact(held)


@given(texts, st.lists(st.integers(0, 5000), max_size=12))
@example("correct horse battery staple", [14])
@example("correct horse battery stapler", [28])
@example(f"here: {PEM}, done", [6, 12, 30, 60, 90])
@example(f"sk-{'a1' * 12}{PEM[:70]}{PEM}", [])
def test_a_text_in_pieces_is_redacted_as_if_it_were_whole(text: str, cuts: list[int]):
    assert streamed(text, cuts) == REDACTOR.redact(text)


@pytest.mark.parametrize("secret", HIDDEN, ids=lambda secret: secret[:12])
@pytest.mark.parametrize("before", ["", "word" * 100, "- "])
def test_nothing_of_a_secret_is_shown_before_it_is_whole(secret: str, before: str):
    for length in range(1, len(secret)):
        held = before + secret[:length]
        assert REDACTOR.settled(held) <= len(before)


def test_prose_is_settled_but_for_its_last_word():
    text = "The first three rows are wrong. I look at the oth"
    assert text[REDACTOR.settled(text) :] == "oth"
