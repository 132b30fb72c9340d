"""The journal: everything that happened in every session, in one SQLite file that only grows.

It is the durable truth. LangGraph's checkpoints are pointers into it.

- `store`: the file; `schema.sql` is its contract
- `entries`: what is in it; `sessions`: making, listing and copying sessions
- `line`: the branch that a thread writes; `saver`: LangGraph's checkpointer over it
- `ledger`: which calls began and which were answered; `lease`: one writer at a time
- `spending`: what a session has cost so far
- `export`: a session as OpenClaw's transcript or as an ATIF trajectory
"""

from graph_agents.journal.entries import Entry, Kind, SessionInfo
from graph_agents.journal.lease import Leases
from graph_agents.journal.sessions import Sessions
from graph_agents.journal.store import Store, default_state

__all__ = ["Entry", "Kind", "Leases", "SessionInfo", "Sessions", "Store", "default_state"]
