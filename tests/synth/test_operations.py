"""Each operation's truth, on rows small enough to check by eye."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from synth.composing import Draft
from synth.operations import OPERATIONS, Params, catalogue
from synth.values import Config, Document, Row, RowSet, Value
from tests.synth.examples import CUSTOMERS, ORDERS, SETTINGS, orders


def rows_of(name: str, params: Params, *inputs: Value) -> tuple[Row, ...]:
    value = OPERATIONS[name].apply(params, inputs)
    assert isinstance(value, RowSet)
    return value.rows


def ids_of(name: str, params: Params, *inputs: Value) -> list[object]:
    return [row[0] for row in rows_of(name, params, *inputs)]


def condition(column: str, op: str, value: str | float) -> Params:
    return {"conditions": [{"column": column, "op": op, "value": value}]}


def test_every_operation_is_in_the_catalogue_and_the_other_way_round() -> None:
    assert set(OPERATIONS) == set(catalogue())


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        (condition("status", "==", "paid"), ["A-1", "A-3"]),
        (condition("status", "!=", "paid"), ["A-2", "A-4"]),
        (condition("units", ">=", 3), ["A-1", "A-2"]),
        (condition("units", "<", 3), ["A-3", "A-4"]),
        (condition("amount", ">=", 99.5), ["A-2"]),
        (condition("date", ">=", "2026-01-09"), ["A-3", "A-4"]),
        (condition("date", "<", "2026-01-09"), ["A-1", "A-2"]),
    ],
    ids=["is", "is-not", "or-more", "below", "or-more-money", "or-later", "before"],
)
def test_filter_keeps_the_rows_that_meet_a_condition(params: Params, kept: list[str]) -> None:
    assert ids_of("filter", params, ORDERS) == kept


def test_filter_keeps_the_rows_that_meet_every_condition() -> None:
    params: Params = {
        "conditions": [
            {"column": "status", "op": "==", "value": "open"},
            {"column": "units", "op": "<", "value": 5},
        ]
    }
    assert ids_of("filter", params, ORDERS) == ["A-4"]


TWICE = replace(
    orders(
        ("A-1", "2026-01-05", "Foxglove", "paid", 3, 1.0),
        ("A-2", "2026-01-05", "Alder", "open", 10, 2.0),
        (" a-1 ", "2026-01-06", "Foxglove", "paid", 4, 3.0),
        ("A-3", "2026-01-09", "Foxglove", "paid", 1, 4.0),
        ("A-2", "2026-01-07", "Alder", "paid", 10, 5.0),
    ),
    duplicated=True,
)


@pytest.mark.parametrize(
    ("keep", "amounts"), [("first", [1.0, 2.0, 4.0]), ("last", [3.0, 4.0, 5.0])]
)
def test_deduplicate_ignores_letter_case_and_outer_blanks(keep: str, amounts: list[float]) -> None:
    rows = rows_of("deduplicate", {"key": "id", "keep": keep}, TWICE)
    assert [row[-1] for row in rows] == amounts


def test_deduplicate_leaves_the_kept_rows_unchanged_and_the_result_clean() -> None:
    value = OPERATIONS["deduplicate"].apply({"key": "id", "keep": "last"}, [TWICE])
    assert isinstance(value, RowSet)
    assert value.rows[0][0] == " a-1 "
    assert not value.duplicated


def test_join_adds_the_partners_columns_and_drops_rows_without_one() -> None:
    value = OPERATIONS["join"].apply({"on": "customer"}, [ORDERS, CUSTOMERS])
    assert isinstance(value, RowSet)
    assert value.names == (*ORDERS.names, "country")
    assert [(row[0], row[-1]) for row in value.rows] == [
        ("A-1", "FR"),
        ("A-2", "DE"),
        ("A-3", "FR"),
    ]


def test_aggregate_computes_every_figure_of_every_group_in_sorted_order() -> None:
    measures = [
        {"function": "count", "column": ""},
        {"function": "sum", "column": "amount"},
        {"function": "mean", "column": "units"},
        {"function": "min", "column": "amount"},
        {"function": "max", "column": "units"},
    ]
    value = OPERATIONS["aggregate"].apply({"by": ["status"], "measures": measures}, [ORDERS])
    assert isinstance(value, RowSet)
    assert value.names == (
        "status", "count", "sum_amount", "mean_units", "min_amount", "max_units",
    )  # fmt: skip
    assert value.rows == (("open", 2, 99.7, 6.0, 0.2, 10), ("paid", 2, 10.35, 2.0, 0.1, 3))
    assert value.sorted_rows
    assert value.key == ("status",)


def test_aggregate_groups_by_several_columns() -> None:
    params: Params = {
        "by": ["customer", "status"],
        "measures": [{"function": "sum", "column": "units"}],
    }
    assert rows_of("aggregate", params, ORDERS) == (
        ("Alder", "open", 10),
        ("Dovetail", "open", 2),
        ("Foxglove", "paid", 4),
    )


def test_aggregate_adds_money_without_binary_dust() -> None:
    dimes = orders(*(("A", "2026-01-01", "x", "paid", 1, 0.1) for _ in range(3)))
    params: Params = {"by": ["status"], "measures": [{"function": "sum", "column": "amount"}]}
    assert rows_of("aggregate", params, dimes) == (("paid", 0.3),)


def test_extract_selects_fields_in_the_given_order() -> None:
    rows = rows_of("extract", {"fields": ["amount", "id"]}, ORDERS)
    assert rows[0] == (10.25, "A-1")
    assert len(rows) == len(ORDERS.rows)


def test_convert_changes_nothing() -> None:
    assert OPERATIONS["convert"].apply({}, [ORDERS]) == ORDERS


def test_update_scales_a_key_in_all_sections_with_halves_up() -> None:
    params: Params = {"mode": "scale", "key": "timeout", "factor": 0.5}
    value = OPERATIONS["update"].apply(params, [SETTINGS])
    assert isinstance(value, Config)
    assert value.sections["api"] == {"timeout": "11"}
    assert value.sections["mail"] == {"timeout": "4", "retries": "2"}
    assert SETTINGS.sections["api"] == {"timeout": "21"}


GROUPED_PARAMS: Params = {
    "by": ["status"],
    "measures": [{"function": "sum", "column": "units"}],
}


def test_update_sets_figures_from_rows_and_adds_missing_keys() -> None:
    grouped = OPERATIONS["aggregate"].apply(GROUPED_PARAMS, [ORDERS])
    params: Params = {
        "mode": "set-from",
        "section": "limits",
        "key_column": "status",
        "value_column": "sum_units",
    }
    value = OPERATIONS["update"].apply(params, [SETTINGS, grouped])
    assert isinstance(value, Config)
    assert value.sections["limits"] == {"open": "12", "paid": "4"}
    assert value.sections["mail"] == SETTINGS.sections["mail"]


def test_update_is_not_proposed_where_it_would_change_nothing() -> None:
    grouped = OPERATIONS["aggregate"].apply(GROUPED_PARAMS, [ORDERS])
    done = replace(SETTINGS, sections={"limits": {"open": "12", "paid": "4"}})
    for seed in range(20):
        assert OPERATIONS["update"].propose(random.Random(seed), [done, grouped]) is None


def test_report_shows_the_rows_and_adds_up_the_chosen_columns() -> None:
    value = OPERATIONS["report"].apply(
        {"title": "Orders summary", "totals": ["units", "amount"]}, [ORDERS]
    )
    assert value == Document(
        "Orders summary", ORDERS, (("Total units", 16.0), ("Total amount", 110.05))
    )


Tried = tuple[str, Params, Sequence[Value], Value]


@pytest.fixture(scope="module")
def tried(drafts: list[tuple[str, Draft]]) -> list[Tried]:
    """What was proposed for the nodes of many drafts: operation, parameters, inputs, truth."""
    found: list[Tried] = []
    for _, draft in drafts:
        for node in draft.nodes:
            inputs = [draft.values[artifact_id] for artifact_id in node.inputs]
            found.append((node.operation, node.params, inputs, draft.values[node.output]))
    return found


def test_every_operation_is_proposed_often(tried: list[Tried]) -> None:
    for name in OPERATIONS:
        assert sum(operation == name for operation, *_ in tried) >= 10, name


def test_proposals_are_json_that_reproduces_the_truth(tried: list[Tried]) -> None:
    for operation, params, inputs, truth in tried:
        assert OPERATIONS[operation].apply(params, inputs) == truth


def test_proposed_filters_and_cleanings_keep_some_rows_and_drop_some(tried: list[Tried]) -> None:
    for operation, params, inputs, truth in tried:
        if operation in ("filter", "deduplicate"):
            assert isinstance(truth, RowSet)
            assert isinstance(inputs[0], RowSet)
            assert 0 < len(truth.rows) < len(inputs[0].rows), (operation, params)


def test_proposed_joins_aggregates_and_extracts_have_a_result(tried: list[Tried]) -> None:
    for operation, params, inputs, truth in tried:
        if operation in ("join", "aggregate", "extract", "convert"):
            assert isinstance(truth, RowSet)
            assert isinstance(inputs[0], RowSet)
            assert 0 < len(truth.rows) <= len(inputs[0].rows), (operation, params)
            assert truth.key
        if operation == "aggregate":
            assert isinstance(truth, RowSet)
            assert 2 <= len(truth.rows) <= 12


def test_proposed_updates_change_something(tried: list[Tried]) -> None:
    for operation, params, inputs, truth in tried:
        if operation == "update":
            assert truth != inputs[0], params


def test_proposed_reports_have_rows_and_totals(tried: list[Tried]) -> None:
    for operation, _, _, truth in tried:
        if operation == "report":
            assert isinstance(truth, Document)
            assert truth.table.rows
            assert truth.totals
