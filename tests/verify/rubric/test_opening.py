"""From settings to a judge: who it is, where, with which key, and what it may spend."""

from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym.settings import Settings
from verify.rubric.opening import open_judge

LOCAL = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def settings(tmp_path: Path, **values) -> Settings:
    return Settings(judge_cache=tmp_path / "judge.sqlite", **values)


async def test_no_judge_is_named_by_default(tmp_path: Path) -> None:
    async with open_judge(settings(tmp_path)) as judge:
        assert judge is None


async def test_a_judge_is_opened_with_its_votes(tmp_path: Path) -> None:
    named = settings(tmp_path, judge_model="j", judge_base_url=LOCAL, judge_votes=5)
    async with open_judge(named) as judge:
        assert judge is not None
        assert (judge.name, judge.votes) == ("j", 5)


async def test_a_public_endpoint_needs_a_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        async with open_judge(settings(tmp_path, judge_model="j")):
            pass


async def test_the_agents_key_is_not_sent_to_another_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_KEY", "secret")
    elsewhere = settings(
        tmp_path,
        judge_model="j",
        base_url=LOCAL,
        api_key_env="AGENT_KEY",
        judge_base_url="https://api.openai.com/v1",
    )
    with pytest.raises(UsageError, match="CLAWGYM_JUDGE_API_KEY_ENV"):
        async with open_judge(elsewhere):
            pass


async def test_a_limit_on_money_needs_prices(tmp_path: Path) -> None:
    named = settings(tmp_path, judge_model="j", judge_base_url=LOCAL, judge_max_cost=5.0)
    with pytest.raises(UsageError, match="needs prices"):
        async with open_judge(named):
            pass
