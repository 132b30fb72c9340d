"""OpenCode: an agent, set up by `clawgym mcp install`, driven by a scripted model."""

import json

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import PROMPT, SKILLS, Scene

NPM = ("opencode-ai@1.18.33",)


def check(scene: Scene) -> None:
    scene.install("opencode")
    with (
        scripted_endpoint(scene.plan("read_mcp_resource")) as endpoint,
        scene.http(SKILLS) as (url, token),
    ):
        options = {"baseURL": f"{endpoint.url}/v1", "apiKey": "none"}
        model = {"scripted": {"name": "Scripted", "tool_call": True}}
        provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": model}
        remote = {"type": "remote", "url": url, "headers": {"Authorization": f"Bearer {token}"}}
        settings = {
            "model": "scripted/scripted",
            "small_model": "scripted/scripted",
            "autoupdate": False,
            "provider": {"scripted": provider},
            "mcp": {"skills-http": remote},
        }
        (scene.work / "opencode.json").write_text(json.dumps(settings))
        listed = scene.run("opencode", "mcp", "list")
        scene.expect("connects over stdio and HTTP", listed.count("✓") == 3, listed)
        said = scene.run("opencode", "run", PROMPT, "--format", "json")
        scene.expect_work_done(endpoint, said)
