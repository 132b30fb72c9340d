"""Policies: the strictest rule decides, and what is remembered is narrow."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym.model import ToolRequest
from graph_agents.approval import Answer, ApprovalDecision, ApprovalRequest, Leave, Scope
from graph_agents.control.approvals import StandingPolicy
from graph_agents.control.policy import NAMED, Call, Rule, Rules

READ_ONLY = ("read", "memory_search", "memory_get")


def rules(*made: Rule, default: Leave = Leave.ALLOW) -> Rules:
    return Rules(default=default, rule=made)


def leave(policy: Rules, tool: str, *, read_only: bool = False, **arguments: str) -> Leave:
    return policy.judge(Call(tool, arguments, read_only)).leave


def test_the_strictest_rule_decides_in_whichever_order():
    allow = Rule(action=Leave.ALLOW, tool="exec", command="git *")
    deny = Rule(action=Leave.DENY, command="git push*", why="pushes are mine")
    for policy in (rules(allow, deny), rules(deny, allow)):
        assert leave(policy, "exec", command="git status") is Leave.ALLOW
        verdict = policy.judge(Call("exec", {"command": "git push origin"}))
        assert verdict.leave is Leave.DENY
        assert "pushes are mine" in verdict.rule


def test_every_command_of_a_line_is_judged():
    policy = rules(Rule(action=Leave.DENY, command="rm *"))
    assert leave(policy, "exec", command="ls && /bin/rm -rf x") is Leave.DENY
    assert leave(policy, "exec", command="LC_ALL=C sudo rm x") is Leave.DENY
    assert leave(policy, "exec", command="echo 'rm x'") is Leave.ALLOW


def test_a_command_that_cannot_be_read_is_asked_about_not_let_through():
    policy = rules(Rule(action=Leave.DENY, command="rm *"))
    verdict = policy.judge(Call("exec", {"command": "$(printf r)m x"}))
    assert verdict.leave is Leave.ASK
    assert "replaces" in verdict.rule


def test_an_allowed_command_does_not_allow_its_neighbour():
    policy = rules(Rule(action=Leave.ALLOW, command="git *"), default=Leave.ASK)
    assert leave(policy, "exec", command="git status") is Leave.ALLOW
    assert leave(policy, "exec", command="git status; rm x") is Leave.ASK
    assert leave(policy, "exec", command="git log $(rm x)") is Leave.ASK


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("write", {"path": "private/a.txt", "content": "x"}),
        ("write", {"path": "./notes/../private/a.txt", "content": "x"}),
        ("write", {"path": "/workspace/private/a.txt", "content": "x"}),
        (
            "apply_patch",
            {"input": "*** Begin Patch\n*** Delete File: private/a.txt\n*** End Patch"},
        ),
        ("apply_patch", {"input": "*** Update File: b\n*** Move to: private/b"}),
        ("exec", {"command": "cp a private/b"}),
        ("exec", {"command": "date > private/b"}),
        ("exec", {"command": "ls private"}),
    ],
)
def test_paths_are_seen_in_every_tool(tool: str, arguments: dict[str, str]):
    policy = rules(Rule(action=Leave.DENY, path="private/**"))
    call = Call(tool, arguments, workspace="/workspace")
    assert policy.judge(call).leave is Leave.DENY
    assert policy.judge(Call("read", {"path": "public/private.txt"})).leave is Leave.ALLOW


def test_named_policies_load_and_differ():
    trusting, careful, read_only = (Rules.load(name) for name in NAMED)
    found = [leave(p, "write", path="a", content="") for p in (trusting, careful, read_only)]
    assert found == [Leave.ALLOW, Leave.ASK, Leave.DENY]
    for policy in (trusting, careful, read_only):
        assert leave(policy, "read", read_only=True, path="a") is Leave.ALLOW


def test_rules_of_the_user_go_with_a_named_policy():
    policy = Rules.load("careful").extended([Rule(action=Leave.ALLOW, command="make*")])
    assert leave(policy, "exec", command="make test") is Leave.ALLOW
    assert leave(policy, "exec", command="make test; rm x") is Leave.ASK


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("default = 'perhaps'", "default"),
        ("[[rule]]\naction = 'deny'\ncolour = 'red'", "colour"),
        ("default = ", "not valid TOML"),
    ],
)
def test_a_malformed_policy_is_an_error_that_says_where(tmp_path: Path, text: str, words: str):
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=words):
        Rules.load(str(file))
    with pytest.raises(UsageError, match="careful"):
        Rules.load(str(tmp_path / "missing.toml"))


ACTIONS = st.sampled_from(list(Leave))
PATHS = st.sampled_from([None, "a/*"])
RULE = st.builds(
    Rule,
    action=ACTIONS,
    tool=st.sampled_from(["*", "exec"]),
    command=st.sampled_from([None, "rm *", "git *"]),
    path=PATHS,
) | st.builds(Rule, action=ACTIONS, tool=st.just("write"), path=PATHS)
CALL = st.sampled_from(
    [
        Call("exec", {"command": "rm a/b"}),
        Call("exec", {"command": "git add a/b && rm c"}),
        Call("write", {"path": "a/b"}),
    ]
)


@given(st.lists(RULE, max_size=4), RULE, CALL)
def test_one_more_rule_that_denies_never_widens(some: list[Rule], rule: Rule, call: Call):
    order = list(Leave)
    before = rules(*some).judge(call).leave
    after = rules(*some, rule.model_copy(update={"action": Leave.DENY})).judge(call).leave
    assert order.index(after) >= order.index(before)


def asked(tool: str, **arguments: str) -> ApprovalRequest:
    call = ToolRequest("1", tool, json.dumps(arguments))
    return ApprovalRequest("a1", call, arguments, rule="ask")


def standing(tmp_path: Path) -> StandingPolicy:
    return StandingPolicy(
        Rules.load("careful"), read_only=READ_ONLY, kept_in=tmp_path / "approvals.json"
    )


def test_an_answer_holds_for_the_same_command_alone(tmp_path: Path):
    policy = standing(tmp_path)
    session = ApprovalDecision(Answer.APPROVE, Scope.SESSION)
    policy.remember(asked("exec", command="make test"), session)
    assert policy.judge("exec", {"command": "make test"}).leave is Leave.ALLOW
    assert policy.judge("exec", {"command": "make install"}).leave is Leave.ASK
    assert policy.judge("exec", {"command": "make test", "workdir": "b"}).leave is Leave.ASK
    assert standing(tmp_path).judge("exec", {"command": "make test"}).leave is Leave.ASK


def test_an_answer_for_ever_outlives_the_process_until_it_is_forgotten(tmp_path: Path):
    always = ApprovalDecision(Answer.APPROVE, Scope.ALWAYS)
    standing(tmp_path).remember(asked("write", path="a.txt", content="1"), always)
    later = standing(tmp_path)
    assert later.judge("write", {"path": "a.txt", "content": "2"}).leave is Leave.ALLOW
    assert later.judge("write", {"path": "b.txt", "content": "2"}).leave is Leave.ASK
    assert later.remembered == ("write on a.txt",)
    later.forget()
    assert standing(tmp_path).judge("write", {"path": "a.txt"}).leave is Leave.ASK


def test_a_refusal_and_an_answer_for_once_are_not_kept(tmp_path: Path):
    policy = standing(tmp_path)
    policy.remember(asked("exec", command="ls"), ApprovalDecision(Answer.APPROVE, Scope.ONCE))
    policy.remember(asked("exec", command="ls"), ApprovalDecision(Answer.REJECT, Scope.ALWAYS))
    assert policy.judge("exec", {"command": "ls"}).leave is Leave.ASK


def test_no_answer_lifts_a_denial(tmp_path: Path):
    denying = Rules.load("careful").extended([Rule(action=Leave.DENY, command="rm *")])
    policy = StandingPolicy(denying, kept_in=tmp_path / "approvals.json")
    always = ApprovalDecision(Answer.APPROVE, Scope.ALWAYS)
    policy.remember(asked("exec", command="rm x"), always)
    assert policy.judge("exec", {"command": "rm x"}).leave is Leave.DENY


def test_malformed_approvals_are_an_error_that_loses_nothing(tmp_path: Path):
    file = tmp_path / "approvals.json"
    file.write_text('{"allowed": 3}')
    with pytest.raises(UsageError, match="allowed"):
        standing(tmp_path)
    assert file.read_text() == '{"allowed": 3}'
