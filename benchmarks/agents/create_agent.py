"""LangChain's `create_agent`; run by an interpreter with its packages."""

import asyncio

from langchain.agents import create_agent
from peer import race

asyncio.run(race(create_agent))
