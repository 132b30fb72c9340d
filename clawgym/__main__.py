"""`python -m clawgym` is the `clawgym` command."""

from clawgym.cli import main

main()
