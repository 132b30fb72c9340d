"""Folders and ZIP archives as {path: bytes}, and back."""

import os
import zipfile


def load_folder(path):
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            with open(full, "rb") as stream:
                found[os.path.relpath(full, path).replace(os.sep, "/")] = stream.read()
    return found


def save_folder(path, contents):
    if path.endswith(".zip"):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(contents):
                archive.writestr(name, contents[name])
        return
    for name, data in contents.items():
        full = os.path.join(path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as stream:
            stream.write(data)
