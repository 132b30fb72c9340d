"""The processes behind Landlock boxes: standard library only, started with `python -I -S`.

    harness ── nursery ─┬─ warden ── runner ─┬─ command
                        │                    └─ command ── …
                        └─ warden ── …

One *nursery* for each harness forks a *warden* for each box. The warden is outside the box. It is a
"child subreaper": whatever inside loses its parent becomes the warden's child, so nothing gets
away, neither with setsid nor with a double fork. The warden forks the *runner*, which locks itself
in (Landlock, seccomp, no new privileges, under root another user) and then forks the commands. The
runner is as easily killed from inside as any command; then the warden kills the rest and starts
another one.

Instructions arrive over sockets. To the nursery: a box's socket, and a file with its `Plan`. To the
warden: `run` with five descriptors (the request, stdin, stdout, stderr, report) and `kill` with
one. The exit code of a command is written into its report, a byte into that of a `kill` when
everything is dead; a report that closes without one says that the command was killed. When its
socket closes, or the harness is gone, the warden kills everything and ends.

- `plan`: what is told to a warden and to a runner
- `kernel`: Landlock and the other system calls that Python has no names for
- `runner`: inside the box: locks itself in, starts commands
- `serve`: outside: the nursery and the wardens
"""
