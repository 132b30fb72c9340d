"""What happens while a task is played, and what must then have been heard."""

from collections.abc import Callable
from functools import partial
from typing import Any

from graph_agents.control.spending import Allowance
from graph_agents.events import StopReason
from graph_agents.state import AgentLimits
from tests.graph_agents.endpoint import detours, driving, mishaps
from tests.graph_agents.endpoint.killing import killed
from tests.graph_agents.endpoint.performing import Scenario
from tests.graph_agents.endpoint.server import Mishap
from tests.graph_agents.endpoint.stage import Setting, Stage

GO_ON = "Go on."
_MEMORY = {"MEMORY.md": "# Memory\n\nThe favourite colour of the user is teal.\n"}
_CAREFUL = {"policy": "careful"}


def _aside(name: str, detour: Callable[[], detours.Detour], at: int = 2, **more: Any) -> Scenario:
    setting = Setting(detours={at: detour}, **more.pop("setting", {}))
    return Scenario(name, driving.straight, setting, **more)


def _read_secret() -> detours.Detour:
    yield detours.one("read", path="secret.env")
    yield detours.one("exec", command=f"echo {driving.SECRET}")


def _broken(name: str, mishap: Mishap, words: str) -> Scenario:
    async def drive(stage: Stage) -> None:
        stage.player.broken = mishap
        await driving.stops_then(
            stage, StopReason.MODEL_FAILED, heal=driving.mend, words=words, intact=True
        )

    setting = Setting(options={"retries": 1})
    return Scenario(name, drive, setting, outcome="stopped: model_failed, then finished")


PATHS = (
    Scenario("a skill is read", driving.straight, heard=("SkillActivated",), used=("exec", "read")),
    Scenario("/skill", partial(driving.called_skill, sign="/"), heard=("SkillActivated",)),
    Scenario("$skill", partial(driving.called_skill, sign="$"), heard=("SkillActivated",)),
    _aside(
        "write, edit, apply_patch",
        detours.files,
        heard=("FilesChanged",),
        used=("write", "edit", "apply_patch", "read", "exec"),
    ),
    _aside("exec in the background, process", detours.background, used=("process",)),
    _aside(
        "memory tools",
        detours.memory,
        used=("memory_search", "memory_get", "memory_note"),
        setting={"files": _MEMORY},
    ),
    _aside("progress_card", detours.plan, used=("progress_card",)),
    _aside(
        "subagents",
        detours.children,
        heard=("Subagent",),
        used=("sessions_spawn", "agents_wait", "subagents"),
    ),
    _aside(
        "skills_search, a skill's script",
        detours.skills,
        heard=("SkillActivated",),
        used=("skills_search", "zz_telescope__shout"),
        setting={"crowd": True},
    ),
    _aside("an MCP server", detours.server, used=("calc__double",), setting={"server": True}),
    _aside("a large result", detours.flood, heard=("Offloaded",)),
    _aside("ten calls in one reply", detours.parallel),
    Scenario(
        "approval in place",
        driving.straight,
        Setting(_CAREFUL, approve=driving.approving),
        heard=("ApprovalAsked", "ApprovalDecided"),
    ),
    Scenario(
        "approval for good",
        driving.straight,
        Setting(_CAREFUL, approve=driving.approving_for_good),
        heard=("ApprovalAsked", "ApprovalDecided"),
    ),
    Scenario(
        "approval with other arguments",
        driving.straight,
        Setting(_CAREFUL, approve=driving.changing),
        heard=("ApprovalAsked", "ApprovalDecided"),
    ),
    Scenario(
        "approval refused, asked again",
        driving.straight,
        Setting(_CAREFUL, approve=driving.Refusing()),
        heard=("ApprovalAsked", "ApprovalDecided"),
        fails=True,
    ),
    Scenario(
        "approval by interrupt",
        partial(driving.asked_in_turn, again=False),
        Setting(_CAREFUL),
        heard=("ApprovalAsked", "ApprovalDecided"),
    ),
    Scenario(
        "approval in another process",
        partial(driving.asked_in_turn, again=True),
        Setting(_CAREFUL),
        heard=("ApprovalAsked", "ApprovalDecided"),
    ),
    Scenario(
        "a skill nobody vouches for",
        driving.straight,
        Setting(own_skills=True, approve=driving.approving),
        heard=("ApprovalAsked", "ApprovalDecided", "SkillActivated"),
    ),
    _aside(
        "compaction in time",
        detours.talk,
        heard=("Compacted",),
        setting={"options": {"window": 16_000}},
    ),
    _aside(
        "context overflow",
        detours.talk,
        heard=("Compacted",),
        setting={"window": 12_000},
        outcome="compacted",
    ),
    Scenario("interrupted", driving.interrupted, Setting(detours={2: detours.slow}), fails=True),
    Scenario(
        "cancelled",
        partial(driving.cancelled, reopen=False),
        Setting(detours={2: detours.slow}),
        fails=True,
    ),
    Scenario(
        "cancelled, resumed elsewhere",
        partial(driving.cancelled, reopen=True),
        Setting(detours={2: detours.slow}),
        fails=True,
    ),
    Scenario("steered", driving.steered, heard=("Steered",)),
    Scenario("undone and done again", driving.undone),
    Scenario("forked and exported", driving.forked),
    Scenario("killed between steps", partial(killed, at=3, delay=0.0), fails=True),
    Scenario(
        "killed while a command runs",
        partial(killed, at=2, delay=0.4),
        Setting(detours={2: detours.slow}),
        fails=True,
    ),
    Scenario(
        "a model with a smaller window takes over",
        driving.shrunk,
        Setting(detours={2: detours.long_talk}),
        heard=("Compacted",),
        outcome="compacted",
    ),
    Scenario(
        "interrupted while the model is silent",
        driving.interrupted_asking,
        Setting(mishaps=((3, mishaps.HANGS),)),
        outcome="stopped: interrupted, then finished",
    ),
    Scenario("a dry run, then in earnest", driving.rehearsed),
    Scenario(
        "a secret in a file",
        driving.secretive,
        Setting(detours={2: _read_secret}, files={"secret.env": f"KEY={driving.SECRET}\n"}),
    ),
    Scenario(
        "another model",
        driving.second_model,
        Setting(options={"fallback_models": ("second",), "retries": 1}),
        heard=("FellBack", "Retried"),
        outcome="fell back",
    ),
)

STOPS = (
    Scenario(
        "in circles",
        partial(driving.stops_then, reason=StopReason.LOOP, heal=driving.leave),
        Setting(detours={2: detours.circles}),
        heard=("LoopSeen",),
        fails=True,
        outcome="stopped: loop, then finished",
    ),
    Scenario(
        "budget of tokens",
        partial(driving.stops_then, reason=StopReason.BUDGET, changed={"allowance": Allowance()}),
        Setting(options={"allowance": Allowance(tokens=20_000)}),
        heard=("BudgetSeen",),
        outcome="stopped: budget, then finished",
    ),
    Scenario(
        "budget of calls",
        partial(driving.stops_then, reason=StopReason.BUDGET, changed={"allowance": Allowance()}),
        Setting(options={"allowance": Allowance(calls=2)}),
        heard=("BudgetSeen",),
        outcome="stopped: budget, then finished",
    ),
    Scenario(
        "too many turns",
        partial(
            driving.stops_then,
            reason=StopReason.MAX_TURNS,
            changed={"limits": AgentLimits()},
            say=GO_ON,
        ),
        Setting(options={"limits": AgentLimits(max_turns=2)}),
        outcome="stopped: max_turns, then finished",
    ),
    Scenario(
        "too many calls",
        partial(
            driving.stops_then,
            reason=StopReason.MAX_TOOL_CALLS,
            changed={"limits": AgentLimits()},
            say=GO_ON,
        ),
        Setting(options={"limits": AgentLimits(max_tool_calls=14)}, detours={2: detours.talk}),
        fails=True,
        outcome="stopped: max_tool_calls, then finished",
    ),
    Scenario(
        "too much time",
        partial(driving.stops_then, reason=StopReason.TIME, changed={"limits": AgentLimits()}),
        Setting(options={"limits": AgentLimits(wall_seconds=1.5)}, detours={1: detours.slow_one}),
        fails=True,
        outcome="stopped: time, then finished",
    ),
    Scenario(
        "everything in the box is killed",
        driving.box_killed,
        Setting(detours={2: detours.deadly}),
        fails=True,
        outcome="recovered, or stopped: sandbox_failed, then finished",
    ),
    _broken("500 for good", mishaps.DOWN, "500"),
    _broken("401", mishaps.NO_KEY, "API key"),
    _broken("429 for good", mishaps.QUOTA, "rate limit"),
    Scenario(
        "no room at all",
        partial(
            driving.stops_then,
            reason=StopReason.CONTEXT,
            heal=lambda stage: stage.served.widen(),
            words="window",
            intact=True,
        ),
        Setting(window=1_000),
        outcome="stopped: context, then finished",
    ),
    Scenario(
        "a reply cut off",
        partial(driving.stops_then, reason=StopReason.LENGTH, say=GO_ON),
        Setting(mishaps=((3, mishaps.CUT_OFF),)),
        outcome="stopped: length, then finished",
    ),
    Scenario(
        "empty twice",
        partial(driving.stops_then, reason=StopReason.EMPTY_REPLY, say=GO_ON),
        Setting(mishaps=tuple((3 + n, m) for n, m in enumerate(mishaps.EMPTY.values()))),
        heard=("Nudged",),
        outcome="stopped: empty_reply, then finished",
    ),
)


def _misbehaving(mishap: Mishap, heard: str, at: int) -> Scenario:
    setting = Setting(mishaps=((at, mishap),))
    return Scenario(
        f"endpoint: {mishap.name}", driving.straight, setting, (heard,), outcome="recovered"
    )


ENDPOINT = (
    *(_misbehaving(mishap, "Retried", 2) for mishap in mishaps.PASSING.values()),
    *(_misbehaving(mishap, "ToolEnded", 3) for mishap in mishaps.CALLS.values()),
    *(_misbehaving(mishap, "Nudged", 3) for mishap in mishaps.EMPTY.values()),
    Scenario(
        "endpoint: everything at once",
        driving.straight,
        Setting(
            {"limits": AgentLimits(max_turns=200)},
            {2: detours.long_talk},
            mishaps=tuple((2 + 2 * at, each) for at, each in enumerate(mishaps.mixed())),
        ),
        ("Retried", "Nudged"),
        outcome="recovered",
    ),
)

ALL = (*PATHS, *STOPS, *ENDPOINT)
