#!/bin/sh
# The second solution, written independently: runs the steps beside this file on the current directory.
set -eu
exec python3 -I -S "$(cd "$(dirname "$0")" && pwd)/solve.py" second
