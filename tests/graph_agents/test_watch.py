"""`clawgym agent watch`: what is due runs once, whatever happens to the process."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.errors import ProviderError, SandboxError, SessionBusyError, UsageError
from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from clawgym.model.endpoint import serve
from clawgym.sandbox import open_backend
from graph_agents.agent import AgentSetup, open_agent
from graph_agents.events import StopReason
from graph_agents.watch.heartbeat import is_silence
from graph_agents.watch.jobs import load_jobs
from graph_agents.watch.ledger import Ledger
from graph_agents.watch.watch import Watch
from graph_agents.workbench import workbench


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def forward(self, **time):
        self.now += timedelta(**time)


class Reporter:
    def __init__(self):
        self.runs, self.answers, self.errors = [], [], []
        self.retried, self.waited = [], []
        self.waiting = asyncio.Event()

    def began(self, job, session, *, again):
        self.runs.append((job.name, again))

    def event(self, job, event):
        pass

    def answered(self, job, answer):
        self.answers.append((job.name, answer))

    def failed(self, job, error):
        self.errors.append((job.name, str(error)))

    def retries(self, job, at):
        self.retried.append(at)

    def waits(self, job, until):
        self.waited.append((job, until))
        self.waiting.set()


class World:
    """A file of jobs, the model that they ask, and what came of them."""

    def __init__(self, folder, jobs):
        self.folder = folder
        self.clock, self.reporter = Clock(), Reporter()
        self.asked = []
        self.answer = lambda messages: "fine"
        self.open_at_once = self.most_open = 0
        (folder / "work").mkdir(exist_ok=True)
        self.file = folder / "jobs.toml"
        self.file.write_text(jobs)

    def model(self, messages):
        self.asked.append([m.content for m in messages if m.role is Role.USER])
        answer = self.answer(messages)
        return answer if isinstance(answer, Message) else Message(Role.ASSISTANT, answer)

    @asynccontextmanager
    async def opened(self, job):
        self.open_at_once += 1
        self.most_open = max(self.most_open, self.open_at_once)
        try:
            async with workbench(job.workspace, (), open_backend("local")) as sandbox:
                model = ScriptedModel(self.model)
                state = self.folder / "state" / "agent.sqlite"
                async with open_agent(AgentSetup(job.workspace, model, sandbox, state)) as agent:
                    yield agent
        finally:
            self.open_at_once -= 1

    @contextlib.contextmanager
    def watch(self):
        with Ledger(self.folder / "ledgers", self.file) as ledger:
            jobs = load_jobs(self.file)
            yield Watch(jobs, ledger, self.opened, self.reporter, self.clock)

    async def once(self):
        with self.watch() as watch:
            await watch.once()
            return watch.outcomes


HOURLY = """
[[job]]
name = "tidy"
every = "1h"
prompt = "Tidy up."
workspace = "work"
"""


async def test_an_interval_runs_at_once_and_then_when_it_has_passed(tmp_path):
    world = World(tmp_path, HOURLY)
    assert await world.once() == [StopReason.DONE]
    assert await world.once() == []
    world.clock.forward(minutes=59)
    assert await world.once() == []
    world.clock.forward(minutes=1)
    assert await world.once() == [StopReason.DONE]
    assert world.reporter.answers == [("tidy", "fine")] * 2


async def test_what_was_missed_is_one_run(tmp_path):
    world = World(tmp_path, HOURLY)
    await world.once()
    world.clock.forward(days=3, minutes=20)
    await world.once()
    assert len(world.asked) == 2
    world.clock.forward(minutes=39)
    assert await world.once() == []
    world.clock.forward(minutes=1)
    assert len(await world.once()) == 1


async def test_cron_waits_for_its_time_and_at_comes_once(tmp_path):
    jobs = """
    [[job]]
    name = "noon"
    cron = "0 12 * * *"
    timezone = "UTC"
    prompt = "Noon."
    workspace = "work"
    [[job]]
    name = "party"
    at = 2026-11-21T11:00:00Z
    prompt = "Party."
    workspace = "work"
    """
    world = World(tmp_path, jobs)
    assert await world.once() == []
    world.clock.forward(hours=1)
    await world.once()
    world.clock.forward(hours=1)
    await world.once()
    world.clock.forward(hours=25)
    await world.once()
    assert [name for name, _ in world.reporter.runs] == ["party", "noon", "noon"]


async def test_a_session_is_new_each_time_unless_it_is_to_be_the_same(tmp_path):
    world = World(tmp_path, HOURLY + HOURLY.replace("tidy", "kept") + 'session = "same"\n')
    for _ in range(2):
        await world.once()
        world.clock.forward(hours=1)
    assert sorted(map(len, world.asked)) == [1, 1, 1, 2]


async def test_jobs_in_one_folder_run_one_after_the_other(tmp_path):
    world = World(tmp_path, "".join(HOURLY.replace("tidy", f"job{n}") for n in range(3)))
    await world.once()
    assert (len(world.asked), world.most_open) == (3, 1)


async def test_a_run_that_was_cut_short_goes_on_and_does_nothing_twice(tmp_path):
    world = World(tmp_path, HOURLY)
    stuck = asyncio.Event()

    def script(messages):
        if messages[-1].role is not Role.TOOL:
            call = ToolRequest("c", "exec", json.dumps({"command": "echo x >> log"}))
            return Message(Role.ASSISTANT, "", (call,))
        if not stuck.is_set():
            stuck.set()
            raise asyncio.CancelledError  # the process is stopped here
        return "done"

    world.answer = script
    with world.watch() as watch:
        watching = asyncio.create_task(watch.forever())
        await stuck.wait()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert await world.once() == [StopReason.DONE]
    assert world.reporter.runs == [("tidy", False), ("tidy", True)]
    assert (tmp_path / "work" / "log").read_text() == "x\n"
    assert world.reporter.answers == [("tidy", "done")]
    assert await world.once() == []


async def test_a_model_that_fails_is_reported_and_the_next_time_comes(tmp_path):
    world = World(tmp_path, HOURLY)

    def fail(_):
        raise ProviderError("endpoint down")

    world.answer = fail
    assert await world.once() == [StopReason.MODEL_FAILED]
    world.answer = lambda _: "better"
    assert await world.once() == []
    world.clock.forward(hours=1)
    assert await world.once() == [StopReason.DONE]


PARTY = """
[[job]]
name = "party"
at = 2026-11-21T10:00:00Z
prompt = "Party."
workspace = "work"
"""


async def test_what_comes_once_goes_on_later_where_the_model_has_failed(tmp_path):
    world = World(tmp_path, PARTY)

    def fail_after_the_call(messages):
        if messages[-1].role is Role.TOOL:
            raise ProviderError("endpoint down")
        call = ToolRequest("c", "exec", json.dumps({"command": "echo x >> log"}))
        return Message(Role.ASSISTANT, "", (call,))

    world.answer = fail_after_the_call
    assert await world.once() == [StopReason.MODEL_FAILED]
    assert world.reporter.retried == [world.clock.now + timedelta(minutes=1)]
    assert await world.once() == []
    world.clock.forward(minutes=1)
    world.answer = lambda _: "better"
    assert await world.once() == [StopReason.DONE]
    assert (tmp_path / "work" / "log").read_text() == "x\n"
    world.clock.forward(days=1)
    assert await world.once() == []


async def test_what_comes_once_and_cannot_be_opened_is_tried_six_times(tmp_path):
    world = World(tmp_path, PARTY)

    @asynccontextmanager
    async def broken(job):
        raise SandboxError("no box")
        yield SimpleNamespace()

    world.opened = broken
    for _ in range(8):
        await world.once()
        world.clock.forward(hours=4)
    assert len(world.reporter.errors) == 6
    assert world.reporter.retried[-1] is None


async def test_a_job_that_is_moved_after_it_ran_runs_at_its_new_time(tmp_path):
    world = World(tmp_path, PARTY)
    assert await world.once() == [StopReason.DONE]
    world.file.write_text(PARTY.replace("10:00", "11:00"))
    assert await world.once() == []
    world.clock.forward(hours=1)
    assert await world.once() == [StopReason.DONE]


async def test_while_nothing_runs_the_next_run_is_told(tmp_path):
    world = World(tmp_path, PARTY.replace("10:00", "11:00"))
    with world.watch() as watch:
        watching = asyncio.create_task(watch.forever())
        await asyncio.wait_for(world.reporter.waiting.wait(), 10)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert world.reporter.waited == [("party", world.clock.now + timedelta(hours=1))]


@pytest.mark.parametrize(
    ("options", "words"),
    [([], "no model is named"), (["--model", "offline", "--skills", "csv-analysi"], "did you")],
)
async def test_wrong_options_are_refused_before_anything_counts_as_run(tmp_path, options, words):
    world = World(tmp_path, PARTY + HOURLY)
    command = ["agent", "watch", str(world.file), "--sandbox", "local"]
    refused = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--once", *options])
    assert (refused.exit_code, words in refused.stderr) == (2, True)
    listed = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--list"])
    assert "last" not in listed.stdout


async def test_a_session_in_use_is_waited_for(tmp_path):
    world = World(tmp_path, HOURLY)
    opened = world.opened

    @asynccontextmanager
    async def busy(job):
        raise SessionBusyError("somebody talks with it")
        yield SimpleNamespace()

    world.opened = busy
    assert await world.once() == []
    world.opened = opened
    assert await world.once() == [StopReason.DONE]


async def test_silence_is_not_delivered(tmp_path):
    world = World(tmp_path, HOURLY)
    world.answer = lambda _: "NO_REPLY"
    assert await world.once() == [StopReason.DONE]
    assert world.reporter.answers == []


@pytest.mark.parametrize(
    ("answer", "silent"),
    [
        ("NO_REPLY", True),
        (" `no_reply`\n", True),
        ("HEARTBEAT_OK all is well", True),
        ("HEARTBEAT_OK " + "x" * 400, False),
        ("NO_REPLY, but look at the disk", False),
        ("The disk is full", False),
    ],
)
def test_what_counts_as_silence(answer, silent):
    assert is_silence(answer) is silent


async def test_a_heartbeat_runs_only_while_its_file_says_something(tmp_path):
    world = World(tmp_path, HOURLY.replace('prompt = "Tidy up."', "heartbeat = true"))
    list_file = tmp_path / "work" / "HEARTBEAT.md"
    for text in (None, "# Heartbeat\n\n<!-- add\ntasks -->\n- [ ]\n"):
        if text is not None:
            list_file.write_text(text)
        assert await world.once() == []
        world.clock.forward(hours=1)
    list_file.write_text("# Heartbeat\n- Check the disk\n")
    assert await world.once() == [StopReason.DONE]
    assert "HEARTBEAT.md" in world.asked[0][0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "not valid TOML"),
        (HOURLY + 'cron = "@daily"\n', "exactly one of"),
        (HOURLY.replace('every = "1h"', 'every = "soon"'), "no interval"),
        (HOURLY.replace('every = "1h"', 'cron = "0 25 * * *"'), "no hour"),
        (HOURLY.replace('prompt = "Tidy up."', ""), "say what"),
        (HOURLY.replace('"work"', '"nowhere"'), "is no folder"),
        (HOURLY + HOURLY, "several jobs"),
        (HOURLY + "colour = 1\n", "colour"),
        (HOURLY + 'timezone = "Mars/Base"\ncron = "@daily"\n', "exactly one of"),
        (HOURLY.replace('every = "1h"', 'cron="@daily"\ntimezone="Mars/Base"'), "Mars/Base"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(tmp_path, text, words):
    world = World(tmp_path, text)
    with pytest.raises(UsageError, match=words):
        load_jobs(world.file)


def test_a_file_is_watched_by_one_process(tmp_path):
    world = World(tmp_path, HOURLY)
    with world.watch(), pytest.raises(UsageError, match="another process"), world.watch():
        pass


async def test_the_installed_command_survives_being_killed_in_the_middle_of_a_run(tmp_path):
    world = World(tmp_path, HOURLY)
    hold = asyncio.Event()

    def script(messages):
        if messages[-1].role is not Role.TOOL:
            call = ToolRequest("c", "exec", json.dumps({"command": "echo x >> log"}))
            return Message(Role.ASSISTANT, "", (call,))
        hold.set()
        return Message(Role.ASSISTANT, "All tidy.")

    class Slow(ScriptedModel):
        async def complete(self, messages, tools=(), *, on_delta=None):
            reply = await super().complete(messages, tools, on_delta=on_delta)
            if messages[-1].role is Role.TOOL and first:
                await asyncio.sleep(60)
            return reply

    first = True
    async with serve(Slow(script)) as endpoint:
        command = [sys.executable, "-m", "clawgym", "agent", "watch", str(world.file), "--once"]
        command += ["--model", "m", "--base-url", endpoint.base_url, "--sandbox", "local"]
        environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe)
        await asyncio.wait_for(hold.wait(), 20)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        first = False
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe)
        out, _ = await process.communicate()
    assert (process.returncode, out.decode()) == (0, "[tidy] All tidy.\n")
    assert (tmp_path / "work" / "log").read_text() == "x\n"


async def test_after_a_run_that_failed_the_next_one_begins_with_its_own_prompt(tmp_path):
    world = World(tmp_path, HOURLY + 'session = "same"\n')

    def down(messages):
        raise ProviderError("down")

    world.answer = down
    assert await world.once() == [StopReason.MODEL_FAILED]
    world.clock.forward(hours=1)
    world.answer = lambda messages: "fine"
    assert await world.once() == [StopReason.DONE]
    assert world.asked[-1] == ["Tidy up.", "Tidy up."]
