"""The ledger: what began, what was answered, what was decided; across processes."""

from langchain_core.messages import ToolMessage

from clawgym.model import ToolRequest
from graph_agents.approval import Answer, ApprovalDecision, Scope
from graph_agents.journal import Kind, Sessions, Store
from graph_agents.journal.ledger import Ledger
from graph_agents.journal.saver import JournalSaver

CALL = ToolRequest("c", "make", "{}")


def reopened(store) -> Ledger:
    """As another process would see it."""
    return Ledger(JournalSaver(Store(store.path)), "s")


def test_a_call_has_not_begun_has_begun_or_is_answered(saver, store):
    ledger = Ledger(saver, "s")
    for position in (0, 1):
        ledger.start("r", position, CALL)
    ledger.finish("r", 0, ToolMessage("made", tool_call_id="c"))
    done = reopened(store).of("r")
    assert sorted(done) == [0, 1]
    assert done[0].answer.content == "made"
    assert (done[1].started, done[1].answer) == (True, None)


def test_calls_of_other_replies_are_not_mixed_up(saver, store):
    ledger = Ledger(saver, "s")
    for reply in ("r", "r2", "q", "r:1"):
        ledger.start(reply, 3, CALL)
    assert list(reopened(store).of("r2")) == [3]


def test_more_than_ten_calls_keep_their_places(saver):
    ledger = Ledger(saver, "s")
    for position in range(12):
        ledger.start("r", position, CALL)
    assert sorted(ledger.of("r")) == list(range(12))


def test_a_decision_is_kept_with_all_that_was_said(saver, store):
    decision = ApprovalDecision(Answer.APPROVE, Scope.ALWAYS, {"name": "x"}, "fine")
    Ledger(saver, "s").decided("r", 0, decision)
    assert reopened(store).of("r")[0].decision == decision


def test_an_answer_is_the_same_message_however_often_it_is_asked_for(saver):
    ledger = Ledger(saver, "s")
    answer = ToolMessage("made", tool_call_id="c")
    ledger.finish("r", 0, answer)
    ledger.finish("r", 0, answer)
    assert ledger.of("r")[0].answer is answer
    assert saver.store.one("SELECT count(*) FROM entries") == (1,)


def test_other_entries_stand_in_the_tree(saver, store):
    ledger = Ledger(saver, "s")
    ledger.note(Kind.STOP, reason="done")
    [entry] = store.entries("session = ?", ["s"])
    assert (entry.kind, entry.body) == (Kind.STOP, {"reason": "done"})
    assert Sessions(store).entries("s") == []
