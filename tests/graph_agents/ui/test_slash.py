"""Slash commands beside a terminal: what they do to the session, and what they say of it."""

from graph_agents.parts import Parts
from graph_agents.ui.plain import Plain
from graph_agents.ui.slash import Talk, find
from graph_agents.ui.tally import Tally
from tests.graph_agents.engine_parts import Talker, agent_with, played, say
from tests.graph_agents.test_engine import Shortener


async def typed(talk: Talk, line: str) -> None:
    found = find(line)
    assert found is not None
    command, arguments = found
    await command.run(talk, arguments)


async def test_compact_says_how_much_smaller_the_conversation_is_or_that_it_is_not(
    tmp_path, capsys
):
    model = Talker(say("1"), say("2"))
    async with agent_with(tmp_path, model, [], parts=Parts(compactor=Shortener())) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        await played(session.send("two"))
        await typed(Talk(agent, session, Plain(), Tally()), "/compact")
        assert capsys.readouterr().err == "conversation summarised: 4 → 3 tokens\n"
    parts = Parts(compactor=Shortener(works=False))
    async with agent_with(tmp_path, Talker(), [], parts=parts) as agent:
        session = await agent.resume("last")
        await typed(Talk(agent, session, Plain(), Tally()), "/compact")
        said = "nothing was summarised: the conversation stays as it is\n"
        assert capsys.readouterr().err == said
