"""Scripts that a backend may run in an interpreter that has started already."""

from collections.abc import Mapping, Sequence

PYTHON = ("python3", "-I", "-S", "-B")
"""How a script is started: nothing of the environment, no site packages, no bytecode written."""

_READ_AT_THE_START = ("GCONV_", "GLIBC_", "LANG", "LC_", "LD_", "LOCPATH", "MALLOC_", "PYTHON")
_sources: dict[str, str] = {}


def python_words(script: str, args: Sequence[str]) -> list[str]:
    """The command that runs a script."""
    return [*PYTHON, script, *args]


def may_be_warm(env: Mapping[str, str]) -> bool:
    """Whether these variables leave alone what an interpreter reads only when it starts."""
    return not any(name == "PATH" or name.startswith(_READ_AT_THE_START) for name in env)


def keep_compiled(sources: Mapping[str, str]) -> None:
    """Have warm interpreters compile these sources once, by the path that they have inside.

    Only for what is a part of this package: others' sources are compiled where they run.
    """
    _sources.update(sources)


def compiled_sources() -> Mapping[str, str]:
    """What `keep_compiled` was told so far."""
    return _sources
