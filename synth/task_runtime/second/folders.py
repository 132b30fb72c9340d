"""What lies in a folder or an archive, by pathlib and shutil."""

import pathlib
import shutil
import tempfile
import zipfile


def unpacked(path, scratch):
    """The folder itself, or where its archive was unpacked below `scratch`."""
    if not path.endswith(".zip"):
        return pathlib.Path(path)
    shutil.unpack_archive(path, scratch)
    return pathlib.Path(scratch)


def below(root):
    """Every file below a folder by its relative path."""
    return {str(p.relative_to(root).as_posix()): p for p in root.rglob("*") if p.is_file()}


def rebuild(source, output, places):
    """Copy files to `output`: `places` maps the paths there to paths in `source`."""
    with tempfile.TemporaryDirectory() as scratch:
        root = unpacked(source, scratch)
        if output.endswith(".zip"):
            pathlib.Path(output).parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(output, "w") as archive:
                for target, origin in places.items():
                    archive.write(root / origin, target)
            return
        for target, origin in places.items():
            place = pathlib.Path(output, target)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / origin, place)


def contents(source):
    """{relative path: bytes} of a folder or an archive."""
    with tempfile.TemporaryDirectory() as scratch:
        found = below(unpacked(source, scratch))
        return {name: path.read_bytes() for name, path in found.items()}
