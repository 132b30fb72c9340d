"""What a proof comes to: a table for people and an object for programs."""

import math
from collections import Counter

from rich.console import Console
from rich.table import Table

from clawgym.terminal import counted
from verify.attempts import Family
from verify.proof import Proof
from verify.rates import Rate, crashes, false_accepts, false_rejects, family_rates
from verify.rules import RULES
from verify.scores import Scores, number_or_none

SHOWN = 60
"""The most findings that are printed one by one; JSON and the cards hold all of them."""


def proof_summary(proof: Proof, repairs: int = 0) -> dict[str, object]:
    """Counts, means, rates and findings, ready for JSON; a mean of nothing is None."""
    cards, findings = proof.cards, proof.findings
    loaded = [card for card in cards if card.digest]
    graded = [card for card in loaded if any(o.score is not None for o in card.outcomes)]
    names = dict.fromkeys(
        outcome.name for card in cards for outcome in card.of(Family.NOOP, Family.LAZY)
    )
    means = {name: proof.mean(name) for name in ("oracle", *names)}
    return {
        "tasks": len(cards),
        "loaded": len(loaded),
        "refused": len(cards) - len(loaded),
        "graded": len(graded),
        "ungraded": len(loaded) - len(graded),
        "repairs": repairs,
        "without_solution": sum(not card.reference for card in loaded),
        "means": {name: number_or_none(mean.value) for name, mean in means.items()},
        "coverage": {name: mean.coverage for name, mean in means.items()},
        "lazy_mean": number_or_none(proof.lazy_mean.value),
        "families": {rate.name: _rate_summary(rate) for rate in family_rates(cards)},
        "false_accept": _rate_summary(false_accepts(cards)),
        "false_reject": _rate_summary(false_rejects(cards)),
        "mutants": {
            "made": sum(card.mutants.made for card in cards),
            "possible": sum(card.mutants.possible for card in cards),
            "equivalent": sum(card.mutants.equivalent for card in cards),
        },
        "fuzz_crashes": crashes(cards),
        "rules": dict(Counter(finding.rule for finding in findings)),
        "findings": [{**finding.model_dump(), "code": finding.code} for finding in findings],
    }


def _rate_summary(rate: Rate) -> dict[str, object]:
    return {
        "wrong": rate.wrong,
        "graded": rate.graded,
        "ungraded": rate.ungraded,
        "rate": number_or_none(rate.value),
        "low": rate.interval.low,
        "high": rate.interval.high,
        "mean": number_or_none(rate.mean),
    }


def print_proof(proof: Proof, console: Console) -> None:
    """The table of attempts, both error rates, the findings and the verdict."""
    console.print(rates_table(family_rates(proof.cards)))
    for rate in (false_accepts(proof.cards), false_rejects(proof.cards)):
        console.print(f"{rate.name:<13} {rate_text(rate)}", markup=False, highlight=False)
    _print_extent(proof, console)
    findings = proof.findings
    for finding in findings[:SHOWN]:
        console.print(str(finding), markup=False, soft_wrap=True, highlight=False)
    if len(findings) > SHOWN:
        console.print(f"… and {len(findings) - SHOWN:,} more; --json and the cards hold all")
        _print_rules(proof, console)
    verdict = counted(len(findings), "finding") if findings else "every task is proven"
    console.print(f"{counted(len(proof.cards), 'task')}, {verdict}")


def rates_table(rates: list[Rate]) -> Table:
    """One row a family of attempts."""
    table = Table("attempts", "graded", "mean score", "wrong", "rate", box=None, pad_edge=False)
    for rate in rates:
        mean = "n/a" if math.isnan(rate.mean) else f"{rate.mean:.3f}"
        graded = f"{rate.graded}/{rate.graded + rate.ungraded}"
        table.add_row(rate.name, graded, mean, str(rate.wrong), _share(rate))
    return table


def rate_text(rate: Rate) -> str:
    """`0/812 wrong, 0.0 % [0.0, 0.5], 812/812 graded`."""
    total = rate.graded + rate.ungraded
    return f"{rate.wrong}/{rate.graded} wrong, {_share(rate)}, {rate.graded}/{total} graded"


def _share(rate: Rate) -> str:
    if not rate.graded:
        return "n/a"
    low, high = 100 * rate.interval.low, 100 * rate.interval.high
    return f"{100 * rate.value:.1f} % [{low:.1f}, {high:.1f}]"


def _print_extent(proof: Proof, console: Console) -> None:
    made = sum(card.mutants.made for card in proof.cards)
    if made:
        possible = sum(card.mutants.possible for card in proof.cards)
        same = sum(card.mutants.equivalent for card in proof.cards)
        console.print(
            f"mutants       {made:,} tried of {possible:,} possible, {same:,} meant the same"
        )
    missing = sum(bool(card.digest) and not card.reference for card in proof.cards)
    if missing:
        console.print(f"no reference solution that runs: {counted(missing, 'task')}")
    times = [card.seconds for card in proof.cards if card.outcomes]
    if times:
        middle = sorted(time[0] for time in times)[len(times) // 2]
        longest = max(time[1] for time in times)
        console.print(f"grading       median {1000 * middle:.0f} ms, longest {longest:.2f} s")


def _print_rules(proof: Proof, console: Console) -> None:
    by_rule = Counter((finding.code, finding.rule) for finding in proof.findings)
    for (code, rule), number in sorted(by_rule.items()):
        console.print(f"{number:>7,}  {code} {rule}: {RULES[code][1]}", markup=False)


def print_scores(scores: Scores, console: Console) -> None:
    """Means and counts of one harness."""
    table = Table("probe", "mean score", box=None, pad_edge=False)
    for name, mean in scores.member_means.items():
        table.add_row(name, str(mean))
    console.print(table)
    console.print(f"mean over tasks {scores.mean}, best member {scores.best}")
    for name, value in scores.summary().items():
        if name not in ("means", "mean", "best", "harness", "mode"):
            console.print(f"{name.replace('_', ' ')}: {value}", markup=False, highlight=False)
    for reason, number in scores.reasons().most_common(10):
        console.print(f"{number:>6}  {reason}", markup=False, soft_wrap=True, highlight=False)
