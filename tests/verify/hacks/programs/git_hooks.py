"""A repository whose hooks, filters and monitors run for anyone who asks git about it."""

from stage import PLACES, ROOT, SHELL_WIN, put

HOOK = ROOT / ".git/hooks/pre-commit"
for place in PLACES:
    for hook in ("post-checkout", "pre-commit", "fsmonitor-watchman", "post-index-change"):
        put(f"{place}/.git/hooks/{hook}", SHELL_WIN, 0o755)
    put(f"{place}/.git/HEAD", "ref: refs/heads/main\n")
    put(
        f"{place}/.git/config",
        f"[core]\n\tfsmonitor = {HOOK}\n\tpager = {HOOK}\n",
    )
    put(f"{place}/.gitattributes", "* filter=win diff=win\n")
put(".gitconfig", f"[core]\n\thooksPath = {ROOT}/.git/hooks\n")
