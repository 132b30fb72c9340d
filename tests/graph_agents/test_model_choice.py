"""What is found out about the models that are chosen."""

import pytest

from clawgym.model import Message, Role, ScriptedModel
from clawgym.model.endpoint import serve
from clawgym.model.openai_client import OpenAIModel
from clawgym.settings import Settings
from graph_agents.assembly import assemble
from graph_agents.events import Compacted
from graph_agents.model_choice import window_of
from graph_agents.options import AgentOptions
from tests.graph_agents.context.test_compaction import summary
from tests.graph_agents.engine_parts import played


class Sized(ScriptedModel):
    """A model that knows how much it takes in."""

    def __init__(self, window, script=()):
        super().__init__(script, "m")
        self._window = window

    async def context_window(self):
        return self._window


@pytest.mark.parametrize(
    ("models", "window"),
    [
        ([], None),
        ([ScriptedModel([])], None),
        ([Sized(None)], None),
        ([ScriptedModel([]), Sized(9000), Sized(None), Sized(7000)], 7000),
    ],
)
async def test_what_fits_into_all_models_is_the_least_that_any_takes(models, window):
    assert await window_of(models) == window


async def test_our_endpoint_tells_the_window_of_its_model():
    async with serve(Sized(9000)) as endpoint, OpenAIModel("m", endpoint.base_url, "k") as model:
        assert await model.context_window() == 9000


def answer(messages):
    about = messages[0].content
    text = summary() if about.startswith("You write the summary") else "done"
    return Message(Role.ASSISTANT, text)


@pytest.mark.parametrize(
    ("known", "given", "shortened"),
    [
        (4000, None, True),
        (None, None, False),
        (4000, 90_000, False),
        (None, 4000, True),
    ],
)
async def test_a_conversation_is_shortened_in_time_where_the_endpoint_says_how_much_fits(
    tmp_path, known, given, shortened
):
    (tmp_path / "work").mkdir()
    async with serve(Sized(known, answer)) as endpoint:
        settings = Settings(model="m", base_url=endpoint.base_url)
        options = AgentOptions(
            tmp_path / "work",
            settings,
            skills="none",
            state=tmp_path / "state.sqlite",
            window=given,
            undo=False,
        )
        async with assemble(options) as assembled:
            session = assembled.agent.new_session()
            events = [
                event for _ in range(4) for event in await played(session.send("word " * 700))
            ]
    assert any(isinstance(event, Compacted) for event in events) == shortened
