"""The copy of a workspace that a foreign grader works on, and the verdict it comes to."""

# ruff: noqa: S108, SIM105
# Shipped into tasks: starts fast, runs foreign code on purpose, and survives whatever it does.

import json
import math
import os

LARGE = 4 * 1024 * 1024


class Stage:
    """A private, writable copy of a workspace. Large files are linked to, not copied."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.root = os.path.join(
            os.environ.get("TMPDIR", "/tmp"), "grading-%d-%s" % (os.getpid(), os.urandom(6).hex())
        )

    def __enter__(self):
        place = os.path.join(self.root, "workspace")
        os.makedirs(place, 0o700)
        copy_tree(self.workspace, place)
        return place

    def __exit__(self, *_):
        remove(self.root)


def copy_tree(source, target):
    for entry in os.scandir(source):
        inside = os.path.join(target, entry.name)
        if entry.is_dir(follow_symlinks=False):
            os.mkdir(inside)
            copy_tree(entry.path, inside)
        else:
            copy(entry.path, inside)


def remove(path):
    """Remove a tree that a grader may have left in any state; what cannot go stays in /tmp."""
    for folder, folders, names in os.walk(path, topdown=False):
        for name in names:
            attempt(os.unlink, os.path.join(folder, name))
        for name in folders:
            inside = os.path.join(folder, name)
            attempt(os.unlink if os.path.islink(inside) else os.rmdir, inside)
    attempt(os.rmdir if os.path.isdir(path) else os.unlink, path)


def attempt(act, path):
    try:
        act(path)
    except OSError:
        pass


def copy(source, target):
    with open(source, "rb") as stream:
        status = os.fstat(stream.fileno())
        if status.st_size > LARGE:
            os.symlink(source, target)
            return
        descriptor = os.open(
            target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, status.st_mode & 0o777 | 0o600
        )
        with open(descriptor, "wb") as out:
            out.write(stream.read())


def lay_over(original, place, *, roots, folder):
    """Put the suite's own `folder` in place of one that was planted; True where there was one.

    Shell scripts name the workspace by the suite's path: it becomes the path of the copy.
    """
    target = os.path.join(place, folder)
    planted = os.path.lexists(target)
    if planted:
        remove(target)
    os.mkdir(target)
    copy_tree(os.path.join(original, folder), target)
    for parent, _, names in os.walk(target):
        for name in names:
            if name.endswith(".sh"):
                replace_roots(os.path.join(parent, name), roots, place)
    return planted


def inject(folder, place):
    """Put what the agent may not see before into the copy; it wins over what is there."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        target = os.path.join(place, name)
        if os.path.lexists(target):
            remove(target)
        os.mkdir(target)
        copy_tree(os.path.join(folder, name), target)


def replace_roots(path, roots, place):
    with open(path, "rb") as stream:
        script = stream.read().replace(b"\r\n", b"\n")
    for root in roots:
        script = script.replace(root.encode(), place.encode())
    os.chmod(path, 0o700)
    with open(path, "wb") as stream:
        stream.write(script)


def unit(value):
    """`value` as a number in [0, 1]; None where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(number) else min(1.0, max(0.0, number))


def raw_check(key, value, counted=True):
    """One raw key of the grader as a check."""
    earned = unit(value)
    return {
        "id": key[:200] or "(unnamed)",
        "role": "core",
        "passed": earned == 1.0,
        "value": earned or 0.0,
        "weight": float(counted and earned is not None),
        "expected": "1.0",
        "found": repr(value)[:400],
    }


def grader_check(problem, score, planted):
    """The gate that says how the grader itself fared."""
    notes = ["the agent's own reward folder was set aside"] if planted else []
    return {
        "id": "grader",
        "role": "gate",
        "passed": not problem,
        "expected": "the suite's grader runs to its end",
        "found": "; ".join([problem or "raw score %r" % score, *notes]),
    }


def write_verdict(logs, suite, ended, score, values, problem, planted=False, uncounted=()):
    """Write what the suite's own rules come to; the child is dead by now."""
    if not problem and not math.isfinite(score):
        problem = "crashed: the score is %r" % score
    checks = [raw_check(str(key), value, key not in uncounted) for key, value in values.items()]
    grader = {
        "suite": suite["suite"],
        "raw_score": score if math.isfinite(score) else repr(score),
        "exit_code": ended.code,
        "problem": problem,
        "stderr": ended.stderr.decode("utf-8", "replace"),
    }
    reward = 0.0 if problem else min(1.0, max(0.0, score))
    for name, document in (
        (
            "reward-details.json",
            {"checks": [grader_check(problem, score, planted), *checks], "grader": grader},
        ),
        ("reward.json", {"reward": reward}),
    ):
        with open(os.path.join(logs, name), "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=1)
