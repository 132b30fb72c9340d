"""What thousands of messages have in common, kept once."""

from collections.abc import Mapping
from typing import Any, NoReturn


class CommonPart(dict[str, Any]):
    """A dictionary that several messages share; copies of it are ordinary ones.

    LangGraph's rule is that nobody changes a state in place. Here breaking it raises `TypeError`:
    otherwise the change would be seen in the messages of other sessions.
    """

    def _refuse(self: object, *_: object, **__: object) -> NoReturn:
        raise TypeError(
            "several messages share this dictionary; give the message a new one, or change a "
            "message.model_copy(deep=True)"
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[Mapping[str, Any]]]:
        return dict, (dict(self),)
