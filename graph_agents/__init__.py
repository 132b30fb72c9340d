"""The LangGraph agent, its harness siblings and their rollouts.

`graph` builds the agent, `one_shot.run_agent` carries out one instruction with it, `events` says
what happens meanwhile and `recording` keeps it as a trajectory. These modules import langgraph, so
take what you need from them directly: `from graph_agents.graph import make_agent`.
"""
