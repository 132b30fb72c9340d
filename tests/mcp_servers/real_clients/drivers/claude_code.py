"""Claude Code: an agent, set up by `clawgym mcp install`, driven by a scripted model.

It asks the model without waiting for its MCP servers unless told to, and hides their tools behind
its own search, which needs the model's maker; both are switched off here.
"""

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import PROMPT, SKILLS, WORKSPACE, Scene

NPM = ("@anthropic-ai/claude-code@2.1.329",)


def check(scene: Scene) -> None:
    scene.install("claude-code")
    with (
        scripted_endpoint(scene.plan("ReadMcpResourceTool")) as endpoint,
        scene.http(SKILLS) as (url, token),
    ):
        env = {
            "ANTHROPIC_BASE_URL": endpoint.url,
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        add = ("claude", "mcp", "add", "--transport", "http", "skills-http", url)
        scene.run(*add, "--header", f"Authorization: Bearer {token}", env=env)
        listed = scene.run("claude", "mcp", "list", env=env)
        scene.expect("connects over stdio and HTTP", listed.count("Connected") == 3, listed)
        env |= {"ENABLE_TOOL_SEARCH": "false", "MCP_CONNECTION_NONBLOCKING": "false"}
        allowed = ("--allowedTools", f"mcp__{SKILLS},mcp__{WORKSPACE}")
        said = scene.run("claude", "-p", PROMPT, *allowed, "--output-format", "json", env=env)
        scene.expect_work_done(endpoint, said)
