"""The `train` extra: present, or an error that says how to get it."""

from importlib.util import find_spec

from clawgym.errors import UsageError

_PACKAGES = ("torch", "transformers", "tokenizers", "datasets", "accelerate", "trl")


def require_training_packages() -> None:
    """Check, without importing them, that the packages of the `train` extra are installed.

    Raises:
        UsageError: at least one is missing.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"training needs {', '.join(missing)}, which the base install leaves out; "
            "run, in the folder of ClawGym: pip install -c constraints.txt -e '.[train]'"
        )
