"""What endpoints and models get wrong, by name."""

import json
from itertools import zip_longest

from clawgym.model import Message, Role, ToolRequest
from tests.graph_agents.endpoint.server import Mishap

SOON = "Retry-After: 0\r\n"


def bad(*calls: tuple[str, str], text: str = "") -> Message:
    """A reply with calls whose arguments are sent exactly so; their ids begin with `bad`."""
    return Message(
        Role.ASSISTANT,
        text,
        tuple(ToolRequest(f"bad_{at}", name, raw) for at, (name, raw) in enumerate(calls)),
    )


def _twins() -> Message:
    one = ToolRequest("bad_twin", "read", '{"path": "nowhere"}')
    return Message(Role.ASSISTANT, "", (one, one))


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def _error(message: str) -> str:
    return json.dumps({"error": {"message": message}})


def _chunk(**delta: object) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta}]})


_BEGUN = _chunk(tool_calls=[{"index": 0, "id": "half", "function": {"name": "exec"}}])
_HALF = _chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"command": "rm -'}}])

_THROTTLED = "Too many tokens, please wait before trying again."

_OF_THE_LINE = (
    Mishap("429", ("429 Too Many Requests", _error("slow down")), SOON),
    Mishap("429 in words of length", ("429 Too Many Requests", _error(_THROTTLED)), SOON),
    Mishap("500", ("500 Internal Server Error", _error("oops")), SOON),
    Mishap("502 with a page", ("502 Bad Gateway", "<html>bad gateway</html>"), SOON),
    Mishap("503 without a body", ("503 Service Unavailable", ""), SOON),
    Mishap("hung up", silent=True),
    Mishap("stream dropped in the text", events=[_chunk(content="I shall")], cut=True),
    Mishap("stream dropped in a call", events=[_BEGUN, _HALF], cut=True),
    Mishap("stream without an end", events=[_BEGUN, _HALF]),
    Mishap("stream of junk", events=[_chunk(content="I"), '{"choices": [{"del']),
    Mishap("stream with an error", events=[_BEGUN, _error("overloaded")]),
    Mishap("stream of nothing", events=["[DONE]"]),
    Mishap("a page in place of a reply", ("200 OK", "<html>hello</html>")),
)
_OF_CALLS = (
    Mishap("junk JSON", message=bad(("write", '{"path": "x", "con'))),
    Mishap("arguments that are no object", message=bad(("exec", '"ls"'), ("exec", "[]"))),
    Mishap("no arguments", message=bad(("read", ""), ("read", "null"))),
    Mishap("NaN and surrogates", message=bad(("read", '{"path": NaN}'), ("read", '"\\ud800"'))),
    Mishap("unknown tools", message=bad(("fly", "{}"), ("", "{}"), ("functions.fly:0", "{}"))),
    Mishap("wrong argument names", message=bad(("read", '{"filename": "a.txt"}'))),
    Mishap(
        "wrong argument types",
        message=bad(("read", '{"path": {"a": 1}}'), ("exec", '{"command": 5, "env": "x"}')),
    ),
    Mishap(
        "a path that leads out",
        message=bad(("read", '{"path": "../../../../etc/shadow"}')),
    ),
    Mishap(
        "many junk calls at once",
        message=bad(*[("read", json.dumps({"path": f"nowhere/{n}"})) for n in range(20)]),
    ),
    Mishap("calls that say stop", message=bad(("fly", "{}")), finish="stop"),
    Mishap("the same call twice, with one id", message=_twins()),
    Mishap("a deep argument", message=bad(("exec", '{"command": ' + "[" * 5000))),
)
_OF_TURNS = (
    Mishap("empty turn", message=say("")),
    Mishap("only reasoning", message=Message(Role.ASSISTANT, "", reasoning="Hmm. " * 5)),
)

PASSING = {mishap.name: mishap for mishap in _OF_THE_LINE}
"""The same request is sent again, and answered."""

CALLS = {mishap.name: mishap for mishap in _OF_CALLS}
"""Each call is answered with an error."""

EMPTY = {mishap.name: mishap for mishap in _OF_TURNS}
"""The model is asked to go on."""

ALL = PASSING | CALLS | EMPTY

HANGS = Mishap("hangs", hangs=True)
DOWN = Mishap("500 for good", ("500 Internal Server Error", _error("broken")), SOON)
NO_KEY = Mishap("401", ("401 Unauthorized", _error("no such key")))
QUOTA = Mishap("429 for good", ("429 Too Many Requests", _error("quota used up")), SOON)
CUT_OFF = Mishap("cut off", message=say("I was about to"), finish="length")


def mixed() -> list[Mishap]:
    """All of them in turn, so that never too many of one kind follow each other."""
    calls, empty = [*CALLS.values()], [*EMPTY.values()]
    others = [*calls[:6], empty[0], *calls[6:], empty[1]]
    made: list[Mishap] = []
    for passing, other in zip_longest(PASSING.values(), others):
        made += [each for each in (passing, other) if each]
    return made
