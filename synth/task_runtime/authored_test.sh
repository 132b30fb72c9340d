#!/bin/sh
# Runs the verifier beside this file. Outside ClawGym the places are Harbor's.
set -eu
tests="$(cd "$(dirname "$0")" && pwd)"
logs="${CLAWGYM_LOGS:-/logs}/verifier"
mkdir -p "$logs"
cd /
exec python3 -I -S -B "$tests/check.py" "${CLAWGYM_WORKSPACE:-/workspace}" "$logs"
