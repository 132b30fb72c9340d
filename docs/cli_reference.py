"""Prints `docs/cli.md`: every command with its options, read from the command line itself.

python docs/cli_reference.py > docs/cli.md
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from clawgym.cli import COMMANDS


def reference() -> str:
    """The whole page."""
    parts = ["# Command line\n\nMade by `docs/cli_reference.py` from the commands themselves.\n"]
    for name, (target, _) in COMMANDS.items():
        module, attribute = target.split(":")
        command = typer.main.get_command(getattr(importlib.import_module(module), attribute))
        parts += _describe(f"clawgym {name}", command)
    return "\n".join(parts)


def _describe(path: str, command: Any) -> Iterator[str]:
    commands: dict[str, Any] = getattr(command, "commands", {})
    if commands:
        for name, child in commands.items():
            yield from _describe(f"{path} {name}", child)
        return
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([path, "[OPTIONS]", *(p.metavar or p.name.upper() for p in arguments)])
    yield f"## {path}\n"
    yield f"    {usage}\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    rows = [_row(p) for p in command.params if getattr(p, "help", None) and not p.hidden]
    if rows:
        yield "| | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _row(param: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*param.opts, *param.secondary_opts])
    text = param.help.replace("|", "\\|")
    shown = param.default not in (None, False, "", ()) and not callable(param.default)
    required = " Required." if param.required else ""
    default = f" Default: `{_plain(param.default)}`." if shown and not param.required else ""
    return f"| {names} | {text}{required}{default} |"


def _plain(value: Any) -> str:
    return str(getattr(value, "value", value))


if __name__ == "__main__":
    sys.stdout.write(reference())
