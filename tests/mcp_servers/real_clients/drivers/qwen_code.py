"""Qwen Code: an agent that hides MCP tools behind a search, driven by a scripted model."""

import json

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import PROMPT, SKILLS, Scene

NPM = ("@qwen-code/qwen-code@0.24.4",)


def check(scene: Scene) -> None:
    path = scene.home / ".qwen" / "settings.json"
    path.parent.mkdir()
    servers: dict[str, object] = {
        name: {"command": command, "args": rest} for name, (command, *rest) in scene.servers.items()
    }
    with scripted_endpoint(scene.plan()) as endpoint, scene.http(SKILLS) as (url, token):
        servers["skills-http"] = {
            "httpUrl": url,
            "headers": {"Authorization": f"Bearer {token}"},
        }
        quiet = {"usageStatisticsEnabled": False}
        path.write_text(json.dumps({"mcpServers": servers, "privacy": quiet}, indent=2))
        env = {
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"{endpoint.url}/v1",
            "OPENAI_MODEL": "scripted",
            "QWEN_CODE_LEGACY_MCP_BLOCKING": "1",
        }
        listed = scene.run("qwen", "mcp", "list", env=env)
        scene.expect("connects over stdio and HTTP", listed.count("✓") == 3, listed)
        options = ("--yolo", "--auth-type", "openai", "--output-format", "json")
        said = scene.run("qwen", "-p", PROMPT, *options, env=env)
        scene.expect_work_done(endpoint, said)
