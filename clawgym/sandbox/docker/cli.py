"""`clawgym sandbox image`: the image that Docker boxes are made of."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from clawgym.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="The image that Docker boxes are made of.",
)


@app.callback()
def image() -> None:
    """The image that Docker boxes are made of."""


@app.command("build")
def build_command(
    rootfs: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Tar file of a root file system."),
    ] = None,
    mmdebstrap: Annotated[
        bool, typer.Option("--mmdebstrap", help="Make a small Debian with Python by mmdebstrap.")
    ] = False,
    suite: Annotated[str, typer.Option(help="The Debian release for --mmdebstrap.")] = "bookworm",
    tag: Annotated[str, typer.Option(help="The image's name.")] = "clawgym-sandbox",
) -> None:
    """Make an image without any registry, from a tar file or by mmdebstrap."""
    from clawgym.sandbox.docker.image import build_image, debootstrap

    if mmdebstrap == (rootfs is not None):
        raise UsageError("say where the image comes from: --rootfs TAR or --mmdebstrap")
    with tempfile.TemporaryDirectory(prefix="clawgym-image-") as folder:
        if rootfs is None:
            rootfs = Path(folder, "rootfs.tar")
            typer.echo(f"mmdebstrap makes Debian {suite}; this takes about half a minute", err=True)
            debootstrap(rootfs, suite)
        identifier = build_image(rootfs, tag)
    typer.echo(f"{tag} {identifier}")
