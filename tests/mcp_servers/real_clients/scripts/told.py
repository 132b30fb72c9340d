"""What the scripts here are told, and how they say what they saw. Standard library only.

A script gets one JSON argument: the commands of both servers, their URLs and tokens, the skill to
read, a text that is in it, and a text that is in the workspace's todo.txt. It prints findings.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    stdio: dict[str, list[str]]
    http: dict[str, dict[str, str]]
    skill: str
    skill_text: str
    secret: str
    model: str
    prompt: str

    @property
    def uri(self) -> str:
        return f"skill://{self.skill}/SKILL.md"


def told() -> Told:
    return Told(**json.loads(sys.argv[1]))


def found(what: str, good: object, detail: object = "") -> None:
    print(json.dumps({"what": what, "good": bool(good), "detail": str(detail)[:300]}))


def said(text: object) -> None:
    """The last words of an agent."""
    print(json.dumps({"said": str(text)}))


def text_of(result: Any) -> str:
    """All text of a tool's result, a prompt or a resource, of any client."""
    return json.dumps(result, default=_fields, ensure_ascii=False)


def _fields(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    own: dict[str, Any] | None = getattr(value, "__dict__", None)
    return str(value) if own is None else own
