"""Words: both styles say all that is needed, read like a request, and give nothing away."""

import random
import re

import pytest

from clawgym.task import Task
from synth.building import computed_figures
from synth.operations import OPERATIONS
from synth.phrasing import STYLES, phrase
from synth.recalling import is_hidden
from synth.scene import Form, Scene
from synth.taxonomy.opening import Style
from synth.telling import after, capital
from synth.values import ROW_KINDS
from tests.synth.examples import grown

STIFF = re.compile(r"every output file is needed|the following steps;|operation|artifact|node\b")


def told(scene: Scene, style: Style, seed: int = 0) -> str:
    return phrase(random.Random(seed), style, scene).text


@pytest.mark.parametrize("style", STYLES)
def test_every_result_is_named(scenes: list[Scene], style: Style) -> None:
    for scene in scenes:
        text = told(scene, style)
        for node in scene.nodes:
            assert scene.slots[node.output].path in text


@pytest.mark.parametrize("style", STYLES)
def test_no_brace_is_left_unfilled(scenes: list[Scene], style: Style) -> None:
    for seed, scene in enumerate(scenes):
        prose = re.sub(r"`[^`\n]*`", "", told(scene, style, seed))
        assert not re.search(r"\{[a-z_]*\}", prose)


@pytest.mark.parametrize("style", STYLES)
def test_requests_do_not_speak_of_our_machinery(scenes: list[Scene], style: Style) -> None:
    for scene in scenes:
        prose = re.sub(r"`[^`\n]*`|http://\S+", "", told(scene, style))
        own = told_by_the_setting(scene)
        assert not [found for found in STIFF.findall(prose) if found not in own], prose


def told_by_the_setting(scene: Scene) -> str:
    setting = scene.world.setting
    return f"{setting.purpose.say} {setting.persona.role} {setting.domain.plural}"


def test_a_specification_lists_its_steps_once_there_are_several(scenes: list[Scene]) -> None:
    for scene in scenes:
        copies = [node for node in scene.nodes if node.operation == "convert"]
        steps = len(scene.nodes) - len(copies)
        if scene.form is Form.PLAIN and steps > 1:
            assert len(re.findall(r"(?m)^(?:\d+[.)]|###) ", told(scene, "spec"))) >= steps


def test_three_jobs_are_never_told_in_one_block(scenes: list[Scene]) -> None:
    for scene in scenes:
        jobs = [node for node in scene.nodes if node.operation != "convert"]
        if scene.form is Form.PLAIN and len(jobs) > 2:
            blocks = re.split(r"\n\n|\n- ", told(scene, "brief"))
            outputs = [scene.slots[node.output].path for node in jobs]
            assert all(sum(f"`{path}`" in block for path in outputs) < 3 for block in blocks)


def test_rules_are_those_that_apply(scenes: list[Scene]) -> None:
    for scene in (one for one in scenes if one.form is not Form.REPAIR):
        text = told(scene, "spec")
        nodes = [node for node in scene.nodes if not OPERATIONS[node.operation].in_place]
        slots = [scene.slots[node.output] for node in nodes]
        formats = {slot.path.rpartition(".")[2] for slot in slots if slot.kind in ROW_KINDS}
        assert bool(re.search(r"one object per row|an object per row", text)) is ("json" in formats)


def test_whoever_has_a_file_edited_says_that_no_other_may_change(scenes: list[Scene]) -> None:
    for scene in scenes:
        edited = [node for node in scene.nodes if OPERATIONS[node.operation].in_place]
        if edited and scene.form is Form.PLAIN:
            path = scene.slots[edited[0].output].path
            assert re.search(r"(?:Apart from|only) [^\n]*" + re.escape(path), told(scene, "spec"))


def test_where_a_mistake_may_have_begun_earlier_every_file_is_named_that_it_may_be_in() -> None:
    scenes = [scene for seed in range(120) if (scene := grown(seed, Form.REPAIR))]
    hidden = [scene for scene in scenes if scene.past and is_hidden(scene, scene.past)]
    assert hidden
    for scene in hidden:
        assert scene.past
        before = scene.past.scene
        made = {node.id: f"`{before.slots[node.output].path}`" for node in before.nodes}
        asked, _ = told(scene, "brief").split("\n> ", 1)
        named = {path for path in made.values() if path in asked}
        assert made[scene.past.at_fault or ""] in named
        assert len(named) > 1


def test_what_is_wrong_is_said_before_the_old_request_is_quoted() -> None:
    for seed in range(60):
        scene = grown(seed, Form.REPAIR)
        if scene and scene.past:
            wrong, quoted = told(scene, "brief").split("\n> ", 1)
            assert any(f"`{scene.slots[end].path}`" in wrong for end in scene.past.found)
            assert quoted


def test_of_an_old_request_only_what_has_to_be_made_again_is_quoted() -> None:
    for seed in range(60):
        scene = grown(seed, Form.FOLLOW_UP)
        if scene and scene.past:
            lines = told(scene, "brief").split("\n")
            quoted = "\n".join(line for line in lines if line.startswith(">"))
            again = {node.id for node in scene.nodes}
            others = [node for node in scene.past.scene.nodes if node.id not in again]
            for node in others:
                asked = OPERATIONS[node.operation].why(node.params)
                assert not asked or asked not in quoted


def test_the_words_vary(scenes: list[Scene]) -> None:
    assert len({told(scenes[0], "brief", seed) for seed in range(30)}) > 10
    assert len({told(scenes[0], "spec", seed) for seed in range(30)}) > 10


def test_no_computed_figure_stands_in_an_instruction(tasks: list[Task]) -> None:
    for seed in range(60):
        scene = grown(seed)
        if scene:
            assert all(len(figure) > 2 for figure in computed_figures(scene))
    assert tasks


@pytest.mark.parametrize(
    ("joint", "sentence", "joined"),
    [
        ("Then", "Write it down.", "Then write it down."),
        ("Then", "`a.csv` has gaps.", "Then `a.csv` has gaps."),
        ("Also,", "I need a list.", "Also, I need a list."),
        ("Next,", "JSON would be nice.", "Next, JSON would be nice."),
        ("", "that file is wrong.", "That file is wrong."),
    ],
)
def test_a_sentence_is_joined_to_the_one_before(joint: str, sentence: str, joined: str) -> None:
    assert after(joint, sentence) == joined


def test_a_sentence_begins_with_a_capital_unless_with_a_name() -> None:
    assert capital("that file.") == "That file."
    assert capital("`b.csv` is it.") == "`b.csv` is it."
