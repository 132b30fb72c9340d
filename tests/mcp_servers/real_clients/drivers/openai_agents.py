"""openai-agents: an agent with both servers, driven by a scripted model."""

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import Scene

PIP = ("openai-agents==0.24.0",)


def check(scene: Scene) -> None:
    with scripted_endpoint(scene.plan()) as endpoint:
        said = scene.run_script("openai_agents_client.py", endpoint.url)
        scene.expect_work_done(endpoint, said)
