"""The rules of the data operations on rows that are small enough to compute with by eye."""

from datetime import date

from clawgym.artifact import ColumnType
from synth.operations import OPERATIONS, Params
from synth.values import Field, Role, Row, RowSet, Value
from synth.values.crontab import Crontab, Job
from synth.values.folder import Folder
from synth.values.text import TextFile

ORDERS = RowSet(
    (
        Field("id", ColumnType.TEXT, Role.ID),
        Field("date", ColumnType.DATE, Role.DATE),
        Field("customer", ColumnType.TEXT, Role.LINK),
        Field("status", ColumnType.TEXT, Role.CATEGORY),
        Field("amount", ColumnType.NUMBER, Role.MEASURE),
    ),
    (
        ("A-1", "2026-01-03", "Foxglove", "paid", 10.0),
        ("A-2", "2026-01-05", "Alder", "open", 30.0),
        ("A-3", "2026-04-09", "Foxglove", "paid", 30.0),
        ("A-4", "2026-04-10", "Dovetail", "open", ""),
    ),
    key=("id",),
)


def rows(operation: str, params: Params, *inputs: Value) -> tuple[Row, ...]:
    made = OPERATIONS[operation].apply(params, inputs)
    assert isinstance(made, RowSet)
    return made.rows


def ids(*conditions: Params, any_of: bool = False) -> list[object]:
    params: Params = {"conditions": [dict(each) for each in conditions], "any_of": any_of}
    return [row[0] for row in rows("filter", params, ORDERS)]


def test_a_missing_figure_meets_no_comparison() -> None:
    assert ids({"column": "amount", "op": "<", "values": [20]}) == ["A-1"]
    assert ids({"column": "amount", "op": "missing"}) == ["A-4"]


def test_both_ends_of_a_range_are_included() -> None:
    between: Params = {"column": "date", "op": "between", "values": ["2026-01-05", "2026-04-09"]}
    assert ids(between) == ["A-2", "A-3"]


def test_weekends_are_saturdays_and_sundays() -> None:
    assert ids({"column": "date", "op": "weekend"}) == ["A-1"]


def test_one_condition_is_enough_where_any_will_do() -> None:
    open_ones: Params = {"column": "status", "op": "==", "values": ["open"]}
    foxes: Params = {"column": "customer", "op": "contains", "values": ["FOX"]}
    assert ids(open_ones, foxes) == []
    assert ids(open_ones, foxes, any_of=True) == ["A-1", "A-2", "A-3", "A-4"]


def test_a_missing_figure_is_counted_as_a_row_and_in_no_figure() -> None:
    params: Params = {
        "by": [{"column": "date", "bucket": "quarter"}],
        "measures": [{"function": "count"}, {"function": "median", "column": "amount"}],
    }
    assert rows("aggregate", params, ORDERS) == (("2026-Q1", 2, 20.0), ("2026-Q2", 2, 30.0))


def test_equal_rows_share_a_rank_and_the_next_is_skipped() -> None:
    known = ORDERS.with_rows(list(ORDERS.rows[:3]))
    ranked = rows("rank", {"column": "amount"}, known)
    assert [row[:2] for row in ranked] == [(1, "A-2"), (1, "A-3"), (3, "A-1")]
    dense = rows("rank", {"column": "amount", "ties": "dense"}, known)
    assert [row[0] for row in dense] == [1, 1, 2]


def test_what_equal_ranks_look_like_is_said_only_where_there_are_some() -> None:
    known, operation = ORDERS.with_rows(list(ORDERS.rows[:3])), OPERATIONS["rank"]
    largest = operation.words({"column": "amount", "top": 1}, [known])
    assert largest["only"] == "only the first one (and any that tie with it)"
    assert largest["ties"] == "Equal ones share a rank (1, 2, 2, 4) and keep their order."
    smallest = {"column": "amount", "top": 1, "largest_first": False}
    assert (
        operation.words(smallest, [known])["only"]
        == "only the first one (and any that tie with it)"
    )
    assert operation.words(smallest, [known])["ties"] == ""
    apart = operation.words({"column": "amount", "top": 2, "within": "status"}, [known])
    assert apart["only"] == "only the first two of each `status` (and any that tie with the second)"
    assert apart["ties"] == ""


def test_a_negative_weight_says_that_less_is_better() -> None:
    known = ORDERS.with_rows(list(ORDERS.rows[:3]))
    ranked = rows("rank", {"weights": [{"column": "amount", "weight": -1}]}, known)
    assert ranked[0][:3] == (1, 100.0, "A-1")


def test_of_rows_with_one_key_the_newest_stays_wherever_it_stands() -> None:
    params: Params = {"keys": ["customer"], "keep": "newest", "date": "date"}
    assert [row[0] for row in rows("deduplicate", params, ORDERS)] == ["A-2", "A-3", "A-4"]


def test_halves_of_a_row_are_merged_at_the_place_of_the_first() -> None:
    halves = ORDERS.with_rows(
        [("A-1", "", "Alder", "", 5.0), ("a-1 ", "2026-01-02", "", "paid", "")]
    )
    params: Params = {"keys": ["id"], "keep": "merge"}
    assert rows("deduplicate", params, halves) == (("A-1", "2026-01-02", "Alder", "paid", 5.0),)


def test_points_are_compared_without_case_and_headings_stay() -> None:
    notes = TextFile("## A\n- one\n## B\n- ONE\n- two\n")
    assert OPERATIONS["deduplicate"].apply({}, [notes]) == TextFile("## A\n- one\n## B\n- two\n")


def test_of_files_with_one_content_the_shortest_path_stays() -> None:
    folder = Folder({"a/long.txt": b"x", "b.txt": b"x", "c.txt": b"y"})
    assert OPERATIONS["deduplicate"].apply({}, [folder]) == Folder({"b.txt": b"x", "c.txt": b"y"})


def test_files_that_collide_are_numbered_in_the_order_of_their_paths() -> None:
    folder = Folder({"a.TXT": b"1", "old/a.TXT": b"2", "b.png": b"3"})
    params: Params = {"rule": "type", "types": {"documents": ["txt"]}, "rest": "other"}
    assert OPERATIONS["organize"].apply(params, [folder]) == Folder(
        {"documents/a.TXT": b"1", "documents/a_2.TXT": b"2", "other/b.png": b"3"}
    )


def test_how_files_that_collide_are_numbered_is_said_only_where_some_do() -> None:
    flat: Params = {"rule": "flat"}
    apart = Folder({"a.txt": b"1", "old/a.txt": b"2"})
    clash = Folder({"old/a.txt": b"1", "old_a.txt": b"2"})
    said = [OPERATIONS["organize"].words(flat, [folder])["collisions"] for folder in (apart, clash)]
    assert "no two files end up under the same path" in said[0]
    assert "`name_2.ext`" in said[1]


def test_capitals_are_spoken_of_where_they_decide_how_copies_are_numbered() -> None:
    copies: Params = {"view": "copies", "least": 0}
    plain = Folder({"a.txt": b"1", "b.txt": b"1", "c.txt": b"2", "d.txt": b"2"})
    mixed = Folder({"a.txt": b"1", "b.txt": b"1", "C.txt": b"2", "d.txt": b"2"})
    words = [
        OPERATIONS["inspect"].words(copies, [folder])["numbering"] for folder in (plain, mixed)
    ]
    assert ["capitals" in said for said in words] == [False, True]


def test_how_a_column_is_to_be_read_is_said_only_where_it_is_used() -> None:
    def said(*measures: Params) -> str:
        params: Params = {
            "by": [{"column": "customer"}],
            "measures": [dict(measure) for measure in measures],
            "tidy": {"dates": ["date"], "numbers": [], "texts": [], "gaps": ["amount"]},
        }
        return OPERATIONS["aggregate"].words(params, [ORDERS])["tidy"]

    assert said({"function": "count"}) == ""
    assert "`amount`" in said({"function": "count"}, {"function": "sum", "column": "amount"})


def test_a_job_with_both_day_fields_runs_when_either_matches() -> None:
    job = Job("0 6 1 * 1", "backup", frozenset({0}), frozenset({6}), frozenset({1}), frozenset({1}))
    crontab = Crontab("0 6 1 * 1 backup\n", (job,), date(2026, 1, 1))
    params: Params = {"mode": "runs", "start": "2026-03-01 00:00", "end": "2026-03-09 06:00"}
    assert [row[0] for row in rows("schedule", params, crontab)] == [
        "2026-03-01 06:00",
        "2026-03-02 06:00",
    ]


def test_a_row_that_changed_is_listed_with_the_columns_that_did() -> None:
    new = ORDERS.with_rows(
        [("A-1", "2026-01-03", "Foxglove", "open", 11.0), *ORDERS.rows[2:], ("A-9", "", "", "", "")]
    )
    params: Params = {"way": "rows", "key": "id"}
    assert rows("compare", params, ORDERS, new) == (
        ("A-1", "changed", "status; amount"),
        ("A-2", "removed", ""),
        ("A-9", "added", ""),
    )
