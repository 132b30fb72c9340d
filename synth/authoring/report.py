"""What a run came to: tasks, losses by gate, and every token and unit of money by stage."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from synth.authoring.journal import Journal, Spent


class AuthoringReport(BaseModel):
    """All of it over all runs of a journal, except `from_cache`, which is of this run.

    `funnel` counts `tried` and `accepted` items, and the lost ones by `stage/gate`; `repaired`
    counts the failures by `stage/gate` that were mended. `requests` are HTTP requests, failed ones
    included. Costs are in the unit that the prices were given in; `cost_each` is for one accepted
    task, None where there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    funnel: dict[str, int]
    repaired: dict[str, int]
    requests: int
    answers: int
    prompt_tokens: int
    completion_tokens: int
    unmetered: int
    cost: float
    cost_each: float | None
    from_cache: int
    stages: tuple[Spent, ...]


def make_report(
    journal: Journal, funnel: Mapping[str, int], repaired: Sequence[str], from_cache: int
) -> AuthoringReport:
    """Put the report together; `repaired` are the mended failures, one by one."""
    spent = journal.spent()
    accepted = funnel.get("accepted", 0)
    cost = sum(entry.cost for entry in spent)
    return AuthoringReport(
        funnel=dict(funnel),
        repaired={name: repaired.count(name) for name in sorted(set(repaired))},
        requests=journal.requests(),
        answers=sum(entry.answers for entry in spent),
        prompt_tokens=sum(entry.prompt_tokens for entry in spent),
        completion_tokens=sum(entry.completion_tokens for entry in spent),
        unmetered=sum(entry.unmetered for entry in spent),
        cost=cost,
        cost_each=cost / accepted if accepted else None,
        from_cache=from_cache,
        stages=tuple(spent),
    )
