"""FastMCP's client, its skills extension included."""

from tests.mcp_servers.real_clients.scene import Scene

PIP = ("fastmcp==4.1.2",)


def check(scene: Scene) -> None:
    scene.run_script("fastmcp_client.py")
