"""`clawgym skills browse`: the catalogue in a web browser, by datasette."""

from pathlib import Path
from typing import Annotated

import typer


def browse(
    catalog: Annotated[
        Path | None,
        typer.Option("--catalog", help="Catalogue file; default: the setting `catalog`."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8001,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a web browser.")] = False,
) -> None:
    """Show the tables of the catalogue in a web browser, on this machine only, until Ctrl-C.

    Needs the extra `web` (datasette). The tables are described in docs/catalogue.md.
    """
    import json
    import subprocess
    import sys
    import tempfile
    from importlib.util import find_spec

    from clawgym.errors import UsageError
    from clawgym.settings import load
    from clawgym_skills.catalogue import Catalogue
    from clawgym_skills.schema_reference import datasette_metadata

    if find_spec("datasette") is None:
        raise UsageError("datasette is not installed; run: pip install 'clawgym[web]'")
    path = load({"catalog": catalog}).settings.catalog
    if not path.exists():
        raise UsageError(f"{path} does not exist; make it with: clawgym skills index DIR")
    Catalogue(path).close()  # an older one is migrated, another database is refused
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as metadata:
        json.dump(datasette_metadata(path.stem), metadata)
        metadata.flush()
        command = [sys.executable, "-m", "datasette", "serve", str(path), "--host", "127.0.0.1"]
        command += ["--port", str(port), "--metadata", metadata.name]
        status = subprocess.call([*command, "--open"] if open_browser else command)
    raise typer.Exit(status)


def register(app: typer.Typer) -> None:
    """Add the command to `clawgym skills`."""
    app.command()(browse)
