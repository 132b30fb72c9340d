#!/usr/bin/env bash
# Runs the verifier beside this file; the last line of its output is the reward.
set -euo pipefail
reward="$(cd "$(dirname "$0")" && pwd)"
logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT
mkdir -p "$logs/verifier"
CLAWGYM_WORKSPACE="$(dirname "$reward")" CLAWGYM_LOGS="$logs" bash "$reward/test.sh" >&2
python3 -I -S "$reward/check.py" "$logs/verifier"
