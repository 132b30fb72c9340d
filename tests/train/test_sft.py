"""Real training runs of a tiny model: they learn, they can be killed, and they leave a record."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clawgym.errors import UsageError
from tests.train.runs import TOOLS, good_attempts, write_run
from train.config import SftConfig, TinySize
from train.conversation import message_row
from train.examples import Selection, Split, examples_from_run
from train.progress import Prepared, Progress
from train.record import SftResult
from train.sft import run_sft

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

pytestmark = pytest.mark.train

STEPS = 30
CONFIG = SftConfig(tiny=TinySize(vocabulary=600, hidden=64), steps=STEPS, save_steps=10, seed=5)


@dataclass(frozen=True)
class Finished:
    output: Path
    result: SftResult
    events: list[Prepared | Progress]


@pytest.fixture(scope="module")
def selection(tmp_path_factory: pytest.TempPathFactory) -> Selection:
    run = write_run(tmp_path_factory.mktemp("runs") / "run", good_attempts())
    chosen = examples_from_run(run)
    run.close()
    return chosen


@pytest.fixture(scope="module")
def finished(selection: Selection, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    output = tmp_path_factory.mktemp("finished") / "sft"
    events: list[Prepared | Progress] = []
    result = run_sft(CONFIG, selection.split(0.25, seed=0), output, events.append)
    return Finished(output, result, events)


def weights(model: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(model / "model.safetensors")


def steps_of(events: Iterable[Prepared | Progress]) -> list[int]:
    return [event.step for event in events if isinstance(event, Progress)]


class Killed(BaseException):
    """What Ctrl-C raises is a BaseException too."""


def test_the_loss_falls(finished: Finished) -> None:
    assert finished.result.last_loss < 0.5 * finished.result.first_loss
    assert finished.result.seconds < 20


def test_the_loss_of_held_out_tasks_falls_too(finished: Finished) -> None:
    losses = [point.loss for point in finished.result.validation_losses]
    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_what_will_be_trained_is_said_before_the_first_step(finished: Finished) -> None:
    prepared = finished.events[0]
    assert isinstance(prepared, Prepared)
    assert prepared.figures == finished.result.figures
    assert (prepared.figures.rows, finished.result.validation_rows) == (6, 2)
    assert steps_of(finished.events) == list(range(1, STEPS + 1))


def test_the_record_on_disk_is_the_result(finished: Finished) -> None:
    stored = SftResult.model_validate_json((finished.output / "training.json").read_bytes())
    assert stored == finished.result
    assert stored.versions["trl"].startswith("1.16.")
    assert len((finished.output / "examples.jsonl").read_bytes().splitlines()) == 6
    assert len((finished.output / "validation.jsonl").read_bytes().splitlines()) == 2


def test_the_saved_model_reads_a_conversation_as_it_was_trained(
    finished: Finished, selection: Selection, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    from train._loading import load
    from train._trl import Fit

    split = Split(selection.kept, ())
    fit = Fit(CONFIG, load(str(finished.output / "base"), None), split, tmp_path)
    served = AutoTokenizer.from_pretrained(finished.output / "model")
    for example, row in zip(selection.kept, fit.training_rows(), strict=True):
        messages = [message_row(message) for message in example.messages]
        ids = served.apply_chat_template(messages, tools=TOOLS, return_dict=False)
        assert ids == row["input_ids"]


def test_the_saved_model_stops_where_a_turn_ends(finished: Finished) -> None:
    from transformers import AutoTokenizer, GenerationConfig

    served = AutoTokenizer.from_pretrained(finished.output / "model")
    stops = GenerationConfig.from_pretrained(finished.output / "model").eos_token_id
    assert served.convert_tokens_to_ids("<|im_end|>") in (stops if type(stops) is list else [stops])


def test_a_killed_run_goes_on_from_its_checkpoint_to_the_same_weights(
    finished: Finished, selection: Selection, tmp_path: Path
) -> None:
    def kill_at_15(event: Prepared | Progress) -> None:
        if isinstance(event, Progress) and event.step == 15:
            raise Killed

    split = selection.split(0.25, seed=0)
    with pytest.raises(Killed):
        run_sft(CONFIG, split, tmp_path, kill_at_15)
    assert not (tmp_path / "model").exists()

    events: list[Prepared | Progress] = []
    result = run_sft(CONFIG, split, tmp_path, events.append)

    assert result.resumed_from == 10
    assert steps_of(events) == list(range(11, STEPS + 1))
    assert result.losses == finished.result.losses
    straight, resumed = weights(finished.output / "model"), weights(tmp_path / "model")
    assert all((straight[name] == resumed[name]).all() for name in straight)


def test_a_finished_run_is_not_repeated(finished: Finished, selection: Selection) -> None:
    def refuse(event: Prepared | Progress) -> None:
        raise AssertionError(event)

    again = run_sft(CONFIG, selection.split(0.25, seed=0), finished.output, refuse)
    assert again == finished.result


def test_another_run_in_the_same_place_is_refused_and_changes_nothing(
    finished: Finished, selection: Selection
) -> None:
    before = (finished.output / "examples.jsonl").read_bytes()
    with pytest.raises(UsageError, match="differs in training examples, validation examples"):
        run_sft(CONFIG, selection.split(0.25, seed=1), finished.output)
    assert (finished.output / "examples.jsonl").read_bytes() == before


def test_any_saved_model_can_be_trained_further(
    finished: Finished, selection: Selection, tmp_path: Path
) -> None:
    config = SftConfig(model=str(finished.output / "model"), steps=1, yarn=2.0, device="cpu")
    result = run_sft(config, Split(selection.kept, ()), tmp_path / "more")
    assert result.first_loss < 0.6 * finished.result.first_loss
    assert result.parameters == finished.result.parameters


def test_yarn_stretches_the_window_of_the_saved_model(finished: Finished) -> None:
    from train._loading import load

    loaded = load(str(finished.output / "model"), yarn=2.0)
    assert loaded.window == 2 * CONFIG.tiny.positions
    rope = loaded.model.config.rope_parameters
    assert (rope["rope_type"], rope["factor"]) == ("yarn", 2.0)
    assert rope["original_max_position_embeddings"] == CONFIG.tiny.positions


def test_rows_that_are_too_long_are_dropped_and_counted(
    selection: Selection, tmp_path: Path
) -> None:
    lengths = CONFIG.model_copy(update={"steps": 1, "max_length": 50})
    with pytest.raises(UsageError, match=r"none of the 8 examples .* the limit is 50"):
        run_sft(lengths, Split(selection.kept, ()), tmp_path)


def test_a_window_smaller_than_the_rows_is_refused(selection: Selection, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"max_length": CONFIG.tiny.positions + 1})
    with pytest.raises(UsageError, match=r"lower --max-length, or stretch the model with --yarn"):
        run_sft(config, Split(selection.kept, ()), tmp_path)


def test_a_model_that_is_not_there_is_a_usage_error(selection: Selection, tmp_path: Path) -> None:
    config = SftConfig(model=str(tmp_path / "nowhere"), steps=1)
    with pytest.raises(UsageError, match="no model can be loaded from"):
        run_sft(config, Split(selection.kept, ()), tmp_path / "out")


def test_a_diverging_loss_stops_the_run(selection: Selection, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(UsageError, match="with a lower --lr"):
        run_sft(config, Split(selection.kept, ()), tmp_path)


def test_nothing_to_train_on_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="kept no example"):
        run_sft(CONFIG, Split((), ()), tmp_path)


def test_a_missing_package_is_named_with_its_cure(
    selection: Selection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trl", None)
    with pytest.raises(UsageError, match=r"needs trl, .* pip install .*\[train\]"):
        run_sft(CONFIG, Split(selection.kept, ()), tmp_path)
