"""Settings files of a world: INI, kept by hand, with comments and stale limits."""

import random

from synth.values import Config, Role, RowSet

_WORDS = ("api", "worker", "cache", "mailer", "exports", "archive")


def make_config(rng: random.Random, feed: RowSet) -> Config:
    """An INI file with commented sections, and stale limits for some of the feed's categories."""
    sections: dict[str, dict[str, str]] = {}
    lines = ["# Managed by hand. Keep the comments."]
    for word in rng.sample(_WORDS, 3):
        sections[word] = {
            "enabled": rng.choice(("yes", "no")),
            "timeout": str(rng.randint(4, 60) * 5 + 1),
            "batch_size": str(rng.choice((20, 50, 80, 120, 250)) + rng.randint(1, 9)),
        }
        lines += ["", f"[{word}]", f"# tuned in {rng.randint(2021, 2025)} after a load test"]
        lines += [f"{key} = {value}" for key, value in sections[word].items()]
    category = rng.choice(feed.of_role(Role.CATEGORY))
    known = sorted({str(value) for value in feed.values(category.name)})
    sections["limits"] = {value: str(rng.randint(2, 9)) for value in known[: len(known) // 2 + 1]}
    lines += ["", "[limits]", "# last reviewed a long time ago"]
    lines += [f"{key} = {value}" for key, value in sections["limits"].items()]
    return Config("\n".join(lines) + "\n", sections)
