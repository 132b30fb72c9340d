"""The keeper: one small process, beside each harness, that makes boxes and runs commands in them.

It lives in a mount namespace of its own, so that everything it mounts is gone when it ends, however
it ends; and it is single-threaded, because a box must die with the *thread* that started it. One
bubblewrap process holds each box open, and commands join its namespaces through a pidfd: a box is
never addressed by a process id.

Standard library only: the process starts with `python -I -S` and without the packages above this
one, whose `__init__` files are not run (`clawgym.sandbox._link` does that).

- `linux`: the system calls that Python has no names for
- `cgroups`: memory, process and CPU limits where the kernel lets us set them
- `mounts`: what a box's workspace and mounts are made of
- `inside`: the way into a box, from a fork to the program
- `warm`, `interpreter`, `preload`: a Python that has started already, for scripts
- `boxes`: one box: its holder, its commands
- `serve`: the loop that takes requests
"""
