"""Modules that are loaded ahead of time, and yet not there until somebody imports them.

A script that forgets an import must fail here as it fails everywhere: `import xml` alone does not
bring `xml.etree`. So each module is put away together with the note of what it imports itself, and
comes back, with exactly that, when it is asked for by name.
"""

import importlib
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

Note = tuple[str, str, str, Sequence[str] | None, int]
"""An import statement: whose (module, package), and what it names (`from`, a list, the level)."""

_OURS = "clawgym"


def preload(names: Iterable[str]) -> None:
    """Load modules, leaving out what this interpreter lacks."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:  # a small system without it, where scripts cannot use it either
            continue


def _absolute(name: str, package: str, level: int) -> str:
    if not level:
        return name
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base


def _named(module: str, fromlist: Sequence[str]) -> set[str]:
    """The modules that an import statement makes sure of: the packages on the way as well."""
    parts = module.split(".")
    found = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return found | {f"{module}.{name}" for name in fromlist}


class Shelf(MetaPathFinder, Loader):
    """All loaded modules but the `pristine` ones; as a finder, it brings them back.

    `notes` are the import statements that were carried out since there were only those.
    """

    def __init__(self, pristine: Collection[str], notes: Iterable[Note]) -> None:
        self._pristine = pristine
        fresh = [name for name in sys.modules if name not in pristine]
        self._ours = [name for name in fresh if name.partition(".")[0] == _OURS]
        self._modules: dict[str, ModuleType | type] = {
            name: sys.modules[name] for name in fresh if name not in self._ours
        }
        imports = dict[str, set[str]]()
        for importer, package, name, named, level in notes:
            found = _named(_absolute(name, package, level), named or ())
            imports.setdefault(importer, set()).update(found)
        for name in self._modules:
            # `typing` puts classes among the modules, and `pyexpat`, which is no package, modules:
            # no import statement tells of them.
            parent = name.rpartition(".")[0]
            if parent in self._modules and not hasattr(self._modules[parent], "__path__"):
                imports.setdefault(parent, set()).add(name)
        self._with = {name: _closure(name, imports) & self._modules.keys() for name in fresh}
        self._specs = {
            name: module.__spec__
            for name, module in self._modules.items()
            if isinstance(module, ModuleType)
        }
        self._path = list(sys.path)

    def put_away(self) -> None:
        """From now on these modules are as if they had never been loaded."""
        for name in self._ours:
            del sys.modules[name]
        for name, module in self._modules.items():
            sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            holder = self._modules.get(parent)
            if holder and vars(holder).get(child) is module and module.__name__ == name:
                delattr(holder, child)
        sys.meta_path.insert(0, self)

    def drop_the_others(self) -> None:
        """Forget every module that is not from here: the script's own, and those it brought."""
        for name in [name for name in sys.modules if name not in self._modules]:
            if name not in self._pristine:
                del sys.modules[name]
        sys.modules.pop("__main__", None)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Take charge of what is here, unless the script's own path comes first with another."""
        if name not in self._specs or self._is_shadowed(name):
            return None
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself, loaded long ago."""
        module = self._modules[spec.name]
        assert isinstance(module, ModuleType)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Bring back what it imported; the import statement does so for the module itself."""
        name = module.__spec__.name if module.__spec__ else module.__name__
        module.__spec__ = self._specs[name]
        for other in self._with[name]:
            vars(sys)["modules"].setdefault(other, self._modules[other])
        for other in self._with[name]:
            parent, _, child = other.rpartition(".")
            if parent in sys.modules and child not in vars(sys.modules[parent]):
                setattr(sys.modules[parent], child, sys.modules[other])

    def _is_shadowed(self, name: str) -> bool:
        parent = name.rpartition(".")[0]
        if parent:
            return sys.modules.get(parent) is not self._modules.get(parent)
        at = next((at for at, place in enumerate(sys.path) if place in self._path), 0)
        return bool(at) and PathFinder.find_spec(name, sys.path[:at]) is not None


def _closure(name: str, imports: Mapping[str, set[str]]) -> set[str]:
    """All that comes along with a module: what it imports, what those import, and so on."""
    found, pending = set[str](), [name]
    while pending:
        fresh = imports.get(pending.pop(), set()) - found
        found |= fresh
        pending += fresh
    return found - {name}
