"""The surroundings that a task is proven in: what must make no difference."""

from collections.abc import Mapping
from dataclasses import dataclass

from verify.examination import VARIATIONS


@dataclass(frozen=True)
class Surroundings:
    """One set of circumstances: environment, where the work lies, where the verifier stands.

    `place` is relative to the box's workspace; `directory` is one inside any box.
    """

    env: Mapping[str, str]
    place: str
    directory: str

    @property
    def said(self) -> str:
        """What to say in a message about them."""
        return " ".join(f"{name}={value}" for name, value in self.env.items())


def _surroundings() -> tuple[Surroundings, ...]:
    plain = Surroundings({"PYTHONHASHSEED": "0"}, "h", "/")
    places = (("second host", "/tmp"), ("third/höst/of/three", "/usr"))  # noqa: S108 - in the box
    strange = (
        Surroundings(env, place, directory)
        for env, (place, directory) in zip(VARIATIONS[1:], places, strict=True)
    )
    return (plain, *strange)


SURROUNDINGS = _surroundings()
"""Plain ones first, as everybody's verifier meets them; then two that are strange in each way."""
