"""`clawgym config`: the settings and their origins."""

import json
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show the settings and where they come from.",
)


@app.callback()
def _group() -> None:
    """Show the settings and where they come from."""


@app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print every setting, its value, and its origin: flag, environment, file or default."""
    from clawgym.settings import Settings, load

    loaded = load()
    values = loaded.settings.model_dump(mode="json")
    if as_json:
        rows = {name: {"value": values[name], "origin": loaded.origins[name]} for name in values}
        typer.echo(json.dumps(rows, indent=1))
        return
    width = max(map(len, values))
    for name, value in values.items():
        typer.echo(f"{name:<{width}} {value!s:<32} {loaded.origins[name]}")
        typer.echo(f"{'':<{width}} {Settings.model_fields[name].description}")
