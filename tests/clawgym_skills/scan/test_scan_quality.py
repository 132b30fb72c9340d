"""How good the scanner is on the set that we labelled, as `benchmarks/scan_quality.py` has it."""

import pytest

from benchmarks.scan_quality import judge_labelled, quality
from clawgym_skills.scan import Verdict, scan
from tests.clawgym_skills.scan.labelled import labelled

CASES = labelled()


@pytest.fixture(scope="module")
def verdicts():
    return judge_labelled(CASES)


def blocked(cases, verdicts):
    return quality((case.malicious, verdicts[case.id] is Verdict.BLOCK) for case in cases)


def test_the_set_is_large_and_varied():
    attacks = [case for case in CASES if case.malicious]
    honest = [case for case in CASES if not case.malicious]
    assert len(attacks) >= 140
    assert len({case.family for case in attacks}) >= 30
    assert len(honest) >= 130
    assert 0.4 < sum(case.tuned_on for case in CASES) / len(CASES) < 0.6


@pytest.mark.parametrize("tuned", [True, False])
def test_attacks_are_blocked_and_look_alikes_are_not(verdicts, tuned):
    found = blocked([case for case in CASES if case.tuned_on is tuned], verdicts)
    assert found.precision >= 0.97
    assert found.recall >= 0.93


def test_few_honest_skills_are_warned_about(verdicts):
    honest = [case for case in CASES if not case.malicious and not case.may_warn]
    warned = [case.id for case in honest if verdicts[case.id] is not Verdict.ALLOW]
    assert len(warned) / len(honest) <= 0.05


def test_no_family_is_missed_altogether(verdicts):
    families = {case.family for case in CASES if case.malicious}
    seen = {c.family for c in CASES if c.malicious and verdicts[c.id] is Verdict.BLOCK}
    assert families == seen


def test_a_scan_leaves_the_skill_as_it_is(tmp_path):
    for case in CASES:
        folder = case.write_to(tmp_path)
        before = sorted((path, path.lstat().st_mtime_ns) for path in folder.rglob("*"))
        scan(folder)
        assert sorted((path, path.lstat().st_mtime_ns) for path in folder.rglob("*")) == before


def test_our_own_skills_pass():
    from clawgym_skills.bundle import bundled_skills

    assert {skill.name: str(scan(skill).verdict) for skill in bundled_skills()} == {
        skill.name: "allow" for skill in bundled_skills()
    }
