"""A directory tree too deep for any path, with outputs at its end."""

import os

from stage import ROOT

os.chdir(ROOT)
for _ in range(2000):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
with open("reward.json", "w") as stream:
    stream.write('{"reward": 1.0}')
