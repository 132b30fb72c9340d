"""mcporter: list, call and read a resource, over stdio and HTTP."""

import json

from tests.mcp_servers.real_clients.scene import SKILL, SKILLS, WORKSPACE, Scene

NPM = ("mcporter@0.12.3",)


def check(scene: Scene) -> None:
    with scene.http(WORKSPACE) as (url, token):
        _configure(scene, url, token)
        scene.run("mcporter", "list")
        listed = scene.run_json("mcporter", "list", SKILLS, "--schema", "--json")
        scene.expect("lists the tools", len(listed["tools"]) == 3, len(listed["tools"]))
        read = ("mcporter", "call", f"{SKILLS}.skill_read", f"name={SKILL}", "--output", "json")
        scene.expect("reads a skill", scene.in_json(scene.skill_text, scene.run(*read)))
        uri = f"skill://{SKILL}/SKILL.md"
        resource = scene.run("mcporter", "resource", SKILLS, uri, "--raw")
        scene.expect("reads a resource", scene.in_json(scene.skill_text, resource))
        read = ("mcporter", "call", f"{WORKSPACE}.read", "path=todo.txt")
        scene.expect("reads a file", scene.secret in scene.run(*read))
        read = ("mcporter", "call", "workspace-http.read", "path=todo.txt")
        scene.expect("reads a file over HTTP", scene.secret in scene.run(*read))
        write = ("mcporter", "call", f"{WORKSPACE}.write", "path=a.txt", "content=hello")
        scene.run(*write)
        written = scene.work / "a.txt"
        scene.expect("writes a file", written.is_file() and written.read_text() == "hello")


def _configure(scene: Scene, url: str, token: str) -> None:
    servers: dict[str, object] = {
        name: {"command": command, "args": rest} for name, (command, *rest) in scene.servers.items()
    }
    servers["workspace-http"] = {
        "baseUrl": url,
        "headers": {"Authorization": f"Bearer {token}"},
        "allowHttp": True,
    }
    path = scene.work / "config" / "mcporter.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"mcpServers": servers}, indent=1))
