"""Codex: an agent, set up by `clawgym mcp install`, driven by a scripted model.

Codex asks the model without waiting for its MCP servers, so that a first answer knows none of
their tools; `required` makes it wait.
"""

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import PROMPT, SKILLS, WORKSPACE, Scene

NPM = ("@openai/codex@0.169.0",)
FREE = ("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json")


def check(scene: Scene) -> None:
    scene.install("codex")
    listed = scene.run("codex", "mcp", "list")
    scene.expect("lists the servers", listed.count("enabled") == 2, listed)
    required = {f"mcp_servers.{server}.required": "true" for server in (SKILLS, WORKSPACE)}
    with scripted_endpoint(scene.plan("read_mcp_resource")) as endpoint:
        said = scene.run("codex", "exec", *FREE, *_settings(endpoint.url, required), PROMPT)
        scene.expect_work_done(endpoint, said)
    over_http = [call for call in scene.plan() if call.server == SKILLS]
    with scene.http(SKILLS) as (url, token), scripted_endpoint(over_http) as endpoint:
        scene.run("codex", "mcp", "remove", SKILLS)
        scene.run("codex", "mcp", "add", SKILLS, "--url", url, "--bearer-token-env-var", "TOKEN")
        options = _settings(endpoint.url, required)
        scene.run("codex", "exec", *FREE, *options, PROMPT, env={"TOKEN": token})
        got = "".join(endpoint.results)
        scene.expect("read a skill over HTTP", scene.in_json(scene.skill_text, got), got[:300])


def _settings(model: str, extra: dict[str, str]) -> list[str]:
    chosen = {
        "model": '"scripted"',
        "model_provider": '"scripted"',
        "model_providers.scripted.name": '"scripted"',
        "model_providers.scripted.base_url": f'"{model}/v1"',
        "model_providers.scripted.wire_api": '"responses"',
        **extra,
    }
    return [word for key, value in chosen.items() for word in ("-c", f"{key}={value}")]
