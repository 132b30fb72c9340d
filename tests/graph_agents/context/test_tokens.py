"""Token counts: reported where possible, estimated else, and never counted twice."""

import gc

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graph_agents.context.tokens import TokenEstimate, message_tokens, text_tokens
from graph_agents.conversation import mark


def replied(tokens: int) -> AIMessage:
    usage = {"input_tokens": tokens, "output_tokens": 10, "total_tokens": tokens + 10}
    return AIMessage("ok", usage_metadata=usage)


def test_an_estimate_grows_with_the_text_and_counts_other_scripts_higher():
    assert text_tokens("word " * 700) == 1000
    assert text_tokens("汉字" * 500) > text_tokens("ab" * 500)


def test_calls_count_with_their_arguments():
    call = {"id": "1", "name": "write", "args": {"content": "x" * 3500}}
    assert message_tokens(AIMessage("", tool_calls=[call])) > 1000


def test_a_picture_counts():
    picture = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
    assert message_tokens(HumanMessage([picture])) > 500


def test_what_the_endpoint_reported_counts_and_only_the_rest_is_estimated():
    messages = [HumanMessage("x" * 70_000), replied(123), ToolMessage("y" * 350, tool_call_id="1")]
    assert TokenEstimate().count(messages) == 133 + 4 + 100


def test_reports_from_before_a_compaction_do_not_count():
    summary = HumanMessage("short", additional_kwargs=mark("summary"))
    assert TokenEstimate(overhead=500).count([summary, replied(90_000)]) < 600


def test_reports_from_after_it_do():
    summary = HumanMessage("short", additional_kwargs={**mark("summary"), "kept": 1})
    messages = [summary, replied(90_000), replied(700)]
    assert TokenEstimate().count(messages[:2]) < 100
    assert TokenEstimate().count(messages) == 710


def test_a_message_is_looked_at_once():
    estimate = TokenEstimate()
    message = HumanMessage("a" * 35)
    first = estimate.count([message])
    message.content = "b" * 3500
    assert estimate.count([message]) == first


def test_messages_that_are_gone_are_forgotten():
    estimate = TokenEstimate()
    estimate.count([HumanMessage("a")])
    gc.collect()
    assert not estimate._known


@given(st.lists(st.text(max_size=50), max_size=8))
def test_counting_as_it_grows_is_counting_at_once(texts):
    messages = [HumanMessage(text) for text in texts]
    growing = TokenEstimate()
    counts = [growing.count(messages[:end]) for end in range(len(messages) + 1)]
    assert counts[-1] == TokenEstimate().count(messages)
    assert counts == sorted(counts)
