"""deepagents; run by the interpreter of an environment of its own."""

import asyncio

from deepagents import create_deep_agent
from peer import race

asyncio.run(race(create_deep_agent))
