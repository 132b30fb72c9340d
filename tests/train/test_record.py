"""Plans, results and checkpoints on disk."""

from pathlib import Path

import pytest

from clawgym.errors import TaskFormatError, UsageError
from train.config import SftConfig
from train.record import SftPlan, checkpoint_step, claim, last_checkpoint

PLAN = SftPlan(config=SftConfig(steps=5), training_digest="a", validation_digest="b")


def make_checkpoint(folder: Path, step: int, state: str | None) -> None:
    (folder / f"checkpoint-{step}").mkdir(parents=True)
    if state is not None:
        (folder / f"checkpoint-{step}" / "trainer_state.json").write_text(state)


def test_the_same_plan_may_go_on(tmp_path: Path) -> None:
    assert claim(tmp_path / "out", PLAN) is None
    assert claim(tmp_path / "out", PLAN) is None


def test_another_plan_is_refused_with_what_differs(tmp_path: Path) -> None:
    claim(tmp_path, PLAN)
    other = SftPlan(config=SftConfig(steps=6), training_digest="x", validation_digest="b")
    with pytest.raises(UsageError, match=r"differs in steps, training examples"):
        claim(tmp_path, other)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    claim(tmp_path, PLAN)
    (tmp_path / "training.json").write_text('{"schema_version": 1')
    with pytest.raises(TaskFormatError, match=r"training\.json is not a valid record"):
        claim(tmp_path, PLAN)


def test_the_newest_checkpoint_is_found_by_number(tmp_path: Path) -> None:
    for step in (90, 100, 20):
        make_checkpoint(tmp_path, step, "{}")
    newest = last_checkpoint(tmp_path)
    assert newest is not None
    assert checkpoint_step(newest) == 100


@pytest.mark.parametrize("state", [None, '{"epoch": 1'])
def test_a_half_written_checkpoint_is_passed_over(tmp_path: Path, state: str | None) -> None:
    make_checkpoint(tmp_path, 10, "{}")
    make_checkpoint(tmp_path, 20, state)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


def test_without_checkpoints_training_starts_at_the_beginning(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path / "none") is None


def test_the_tiny_model_learns_faster_than_a_pretrained_one() -> None:
    assert SftConfig().peak_learning_rate == 3e-3
    assert SftConfig(model="some/model").peak_learning_rate == 2e-5
    assert SftConfig(model="some/model", learning_rate=1e-4).peak_learning_rate == 1e-4
