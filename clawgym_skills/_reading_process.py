"""Run as a program, this module reads skills for another process, see `_readings`."""

import sys

from clawgym_skills._readings import serve

serve(sys.stdin.buffer, sys.stdout.buffer)
