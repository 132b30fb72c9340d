"""Gemini CLI: an agent, set up by `clawgym mcp install`, driven by a scripted model."""

import json

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import PROMPT, SKILLS, Scene

NPM = ("@google/gemini-cli@0.61.0",)


def check(scene: Scene) -> None:
    scene.install("gemini")
    path = scene.home / ".gemini" / "settings.json"
    with (
        scripted_endpoint(scene.plan("read_mcp_resource")) as endpoint,
        scene.http(SKILLS) as (url, token),
    ):
        settings = json.loads(path.read_text())
        settings["security"] = {"auth": {"selectedType": "gemini-api-key"}}
        settings["privacy"] = {"usageStatisticsEnabled": False}
        remote = {"httpUrl": url, "headers": {"Authorization": f"Bearer {token}"}}
        settings["mcpServers"]["skills-http"] = remote
        path.write_text(json.dumps(settings, indent=2))
        env = {
            "GEMINI_API_KEY": "none",
            "GOOGLE_GEMINI_BASE_URL": endpoint.url,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        }
        scene.run("gemini", "mcp", "list", env=env)
        listed = scene.steps[-1].output
        scene.expect("connects over stdio and HTTP", listed.count("✓") == 3, listed)
        said = scene.run(
            "gemini", "-p", PROMPT, "--approval-mode", "yolo", "--output-format", "json", env=env
        )
        scene.expect_work_done(endpoint, said)
