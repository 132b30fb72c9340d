"""What the bundle starts: the workspace server on the directory that the user chose."""

import sys

from clawgym.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["mcp", "workspace"]
    main()
