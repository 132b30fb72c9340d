"""The time that sessions have been at work, from what the journal says."""

import pytest

from graph_agents.events import StopReason
from graph_agents.journal import Kind, Store
from graph_agents.journal.line import note_body
from graph_agents.journal.working import taken_by_turn, worked


class Diary:
    """Writes entries at the seconds that a test wants."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def write(self, session: str, at: float, kind: Kind, **body: object) -> None:
        seq = self.store.append(session, None, kind, note_body(**body))
        self.store.execute("UPDATE entries SET at = ? WHERE seq = ?", (at, seq))

    def leg(self, began: float, ended: float, why: str = "send", session: str = "s") -> None:
        self.write(session, began, Kind.START, why=why)
        self.write(session, ended, Kind.STOP, reason="done")


@pytest.fixture
def diary(tmp_path):
    with Store(tmp_path / "j.sqlite") as store:
        yield Diary(store)


def test_turns_count_and_what_lies_between_them_does_not(diary):
    diary.leg(0, 10)
    diary.write("s", 500, Kind.UNDO)
    diary.leg(1000, 1005)
    assert worked(diary.store, ["s"]) == 15


def test_a_turn_that_was_killed_counts_up_to_the_last_that_it_wrote(diary):
    diary.write("s", 0, Kind.START, why="send")
    diary.write("s", 7, Kind.TOOL_STARTED)
    diary.write("other", 50, Kind.TOOL_STARTED)
    diary.write("s", 60, Kind.UNDO)
    diary.leg(100, 101, "go_on")
    assert worked(diary.store, ["s"]) == 8


def test_sessions_that_worked_at_the_same_time_count_once(diary):
    diary.leg(0, 10)
    diary.leg(2, 5, session="child")
    diary.leg(8, 14, session="child")
    assert worked(diary.store, ["s", "child"]) == 14


def test_a_session_of_an_older_journal_has_no_time(diary):
    diary.write("s", 3, Kind.STOP, reason="done")
    assert worked(diary.store, ["s"]) == 0


def test_a_turn_that_goes_on_has_taken_what_its_legs_took(diary):
    diary.leg(0, 100)
    diary.write("s", 200, Kind.START, why="send")
    diary.write("s", 203, Kind.TOOL_STARTED)
    diary.leg(300, 304, "go_on")
    diary.leg(350, 390, "compact")
    diary.write("s", 400, Kind.START, why="go_on")
    assert taken_by_turn(diary.store, "s") == 7
    diary.write("s", 500, Kind.START, why="send")
    assert taken_by_turn(diary.store, "s") == 0


def test_a_turn_that_was_out_of_time_and_goes_on_has_as_much_again(diary):
    diary.write("s", 0, Kind.START, why="send")
    diary.write("s", 60, Kind.STOP, reason=StopReason.TIME.value)
    diary.write("s", 70, Kind.START, why="go_on")
    diary.write("s", 75, Kind.TOOL_STARTED)
    diary.write("s", 90, Kind.START, why="go_on")
    assert taken_by_turn(diary.store, "s") == 5
