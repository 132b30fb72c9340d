"""OpenClaw: `mcp probe`, and its agent, which hides MCP tools behind a search."""

import json

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import PROMPT, SKILLS, WORKSPACE, Scene

NPM = ("--ignore-scripts", "openclaw@2026.9.6")


def check(scene: Scene) -> None:
    scene.install("openclaw")
    for server, tools in ((SKILLS, 3), (WORKSPACE, 8)):
        probed = scene.run_json("openclaw", "mcp", "probe", server, "--json")
        found = probed["servers"][server]["tools"]
        good = found == tools and not probed["diagnostics"]
        scene.expect(f"probes {server}", good, probed["diagnostics"] or found)
    path = scene.home / ".openclaw" / "openclaw.json"
    with scripted_endpoint(scene.plan()) as endpoint, scene.http(SKILLS) as (url, token):
        settings = json.loads(path.read_text())
        model = {
            "id": "scripted",
            "name": "Scripted",
            "input": ["text"],
            "contextWindow": 200_000,
            "maxTokens": 8_192,
            "cost": dict.fromkeys(("input", "output", "cacheRead", "cacheWrite"), 0),
        }
        provider = {
            "baseUrl": f"{endpoint.url}/v1",
            "apiKey": "none",
            "api": "openai-completions",
            "models": [model],
        }
        settings["models"] = {"mode": "replace", "providers": {"scripted": provider}}
        chosen = {"model": {"primary": "scripted/scripted"}, "workspace": str(scene.base / "own")}
        settings["agents"] = {"defaults": chosen}
        remote = {
            "url": url,
            "transport": "streamable-http",
            "headers": {"Authorization": f"Bearer {token}"},
        }
        settings["mcp"]["servers"]["skills-http"] = remote
        path.write_text(json.dumps(settings, indent=1))
        probed = scene.run_json("openclaw", "mcp", "probe", "skills-http", "--json")
        found = probed["servers"]["skills-http"]["tools"]
        scene.expect("probes over HTTP", found == 3, probed["diagnostics"] or found)
        turn = ("agent", "--local", "--agent", "main", "--session-id", "one", "--json")
        said = scene.run("openclaw", *turn, "--message", PROMPT)
        scene.expect_work_done(endpoint, said)
