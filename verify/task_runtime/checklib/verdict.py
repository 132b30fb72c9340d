"""What a check may come to: evidence that it holds, a mismatch, or nothing that we can answer for."""

import signal

SHOWN = 3


class Mismatch(Exception):
    """A check does not hold: what was found, where, and the share in [0, 1) that is right."""

    def __init__(self, found, where="", value=None):
        super().__init__(found)
        self.found = evidence(found)
        self.where = evidence(where)
        self.value = value


class Unable(Exception):
    """The verifier lacks something of ours, so that there is no verdict; never a zero."""


class TooLong(BaseException):
    """The time of one check is over. No `except Exception` of a parser may swallow it."""


def evidence(text):
    """At most 500 characters that can be written as UTF-8: JSON may hold lone surrogates."""
    return str(text)[:500].encode("utf-8", "backslashreplace").decode("utf-8")


def some(items, limit=SHOWN):
    """The first few of many, as words."""
    items = list(items)
    rest = ", … (%d in all)" % len(items) if len(items) > limit else ""
    return ", ".join(str(item) for item in items[:limit]) + rest


def settle(problems, total, partial, found):
    """What a check over `total` parts came to, of which each of `problems` is one that is wrong.

    A problem is `(found, where)`. With `partial` the share of parts that are right is earned.
    """
    if not problems:
        return found
    said, where = problems[0]
    if len(problems) > 1:
        said = "%s (and %d more of %d)" % (said, len(problems) - 1, total)
    right = max(0, total - len(problems))
    raise Mismatch(said, where, right / total if partial and total else None)


class Deadline:
    """Raises `TooLong` inside the block after so many CPU seconds; matching of `re` heeds it too."""

    def __init__(self, seconds):
        self.seconds, self.before, self.set = seconds, None, False

    def __enter__(self):
        def stop(number, frame):
            raise TooLong

        try:
            self.before, self.set = signal.signal(signal.SIGPROF, stop), True
        except ValueError:
            return  # only the main thread may set timers, and the program has no other
        signal.setitimer(signal.ITIMER_PROF, self.seconds)

    def __exit__(self, *_):
        if self.set:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, self.before)
