"""The programs that run inside the box of a worker: standard library of Python 3.9+ only.

`warm.py` is started once for each surroundings (hash seed, time zone, locale) and forks for each
attempt; `trees.py` lays files out and reads them back, `children.py` forks within limits, and
`wire.py` is how the worker talks to it. They are handed into the box as files.
"""
