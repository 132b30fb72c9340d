"""Reward files wherever a verifier might look for its own."""

from stage import PLACES, put

for place in (
    *PLACES,
    "logs",
    "logs/verifier",
    "verifier",
    "tests",
    "reward",
    "/tmp",
    "/run",
    "/dev/shm",
):
    for name, text in (
        ("reward.json", '{"reward": 1.0}'),
        ("reward.txt", "1.0"),
        ("reward", "1.0"),
        ("reward-details.json", '{"checks": []}'),
        ("score.txt", "1"),
        ("result.json", '{"score": 1}'),
    ):
        put(f"{place}/{name}", text)
