"""pydantic-ai: an agent with both servers, driven by a scripted model."""

from tests.mcp_servers.real_clients.endpoint import scripted_endpoint
from tests.mcp_servers.real_clients.scene import Scene

PIP = ("pydantic-ai-slim[mcp,openai]==2.68.0",)


def check(scene: Scene) -> None:
    with scripted_endpoint(scene.plan()) as endpoint:
        said = scene.run_script("pydantic_ai_client.py", endpoint.url)
        scene.expect_work_done(endpoint, said)
