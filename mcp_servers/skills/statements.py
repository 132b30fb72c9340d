"""The SQL statements of this package, a file each."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `sql/NAME.sql`."""
    return files("mcp_servers.skills").joinpath("sql", f"{name}.sql").read_text("utf-8")
