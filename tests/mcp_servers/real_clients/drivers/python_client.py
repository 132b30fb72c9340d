"""The official Python client: both eras, stdio and HTTP, all four ways to skills."""

from tests.mcp_servers.real_clients.scene import Scene

PIP: tuple[str, ...] = ()  # it is a dependency of ours


def check(scene: Scene) -> None:
    scene.run_script("python_client.py")
