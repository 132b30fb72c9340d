"""MCP Inspector's command line: both protocol eras, its check of skills, HTTP."""

import json

from tests.mcp_servers.real_clients.scene import SKILL, SKILLS, WORKSPACE, Scene

NPM = ("@modelcontextprotocol/inspector@2.12.0",)
URI = f"skill://{SKILL}/SKILL.md"


def check(scene: Scene) -> None:
    env = {"MCP_CATALOG_PATH": str(scene.home / "inspector.json")}
    start, form = ("mcp-inspector", "--cli"), ("--format", "json", "-q")

    def ask(era: str, server: str, *options: str) -> str:
        command = (*start, "--protocol-era", era, *options, *form, *scene.servers[server])
        return scene.run(*command, env=env)

    for era in ("legacy", "modern"):
        tools = json.loads(ask(era, SKILLS, "--method", "tools/list"))["result"]["tools"]
        scene.expect(f"{era}: lists the tools", len(tools) == 3, len(tools))
        read = ("--method", "tools/call", "--tool-name", "skill_read", "--tool-arg")
        shown = ask(era, SKILLS, *read, f"name={SKILL}")
        scene.expect(f"{era}: reads a skill", scene.in_json(scene.skill_text, shown))
        shown = ask(era, SKILLS, "--method", "resources/read", "--uri", URI)
        scene.expect(f"{era}: reads a resource", scene.in_json(scene.skill_text, shown))
        shown = ask(era, SKILLS, "--method", "prompts/get", "--prompt-name", SKILL)
        scene.expect(f"{era}: gets a prompt", SKILL in shown)
        read = ("--method", "tools/call", "--tool-name", "read", "--tool-arg", "path=todo.txt")
        scene.expect(f"{era}: reads a file", scene.secret in ask(era, WORKSPACE, *read))
        for server in (SKILLS, WORKSPACE):
            ask(era, server, "--method", "tools/list", "--strict")
            scene.expect(f"{era}: {server} has portable schemas", True)
    verify = ("--method", "skills/list", "--verify", "--require-digests")
    reports = [json.loads(line) for line in ask("modern", SKILLS, *verify).splitlines()]
    skills = [report for report in reports if "uri" in report]
    verified = sum(report["outcome"] == "verified" for report in skills)
    scene.expect("verifies every skill", verified == len(skills) > 0, f"{verified}/{len(skills)}")
    for server, tool in ((SKILLS, "skills_search"), (WORKSPACE, "exec")):
        with scene.http(server) as (url, token):
            reach = ("--server-url", url, "--transport", "http")
            header = ("--header", f"Authorization: Bearer {token}", "--method", "tools/list")
            for era in ("legacy", "modern"):
                shown = scene.run(*start, "--protocol-era", era, *reach, *header, *form, env=env)
                scene.expect(f"{era}: lists {server} over HTTP", f'"{tool}"' in shown)
