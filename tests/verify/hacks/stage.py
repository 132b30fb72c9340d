"""What every hack finds: the paths of the task, as an agent reads them in the instruction.

Runs in the agent's box. After the honest solution a hack only plants: then `OUTPUTS` are other
names beside the real outputs, and `HONEST` tells it to leave the inputs alone.
"""

import os
import pathlib

HONEST = os.environ["HACK_HONEST"] == "1"
ROOT = pathlib.Path(os.environ["CLAWGYM_WORKSPACE"])
OUTPUTS = [pathlib.Path(name) for name in os.environ["HACK_OUTPUTS"].split("\n")]
INSTRUCTION = pathlib.Path(__file__).with_name("instruction.md").read_text(encoding="utf-8")
INPUTS = [pathlib.Path(name) for name in os.environ["HACK_INPUTS"].split("\n")]
PLACES = [ROOT, *sorted({ROOT / path.parent for path in (*OUTPUTS, *INPUTS)})]
"""The directories that a verifier could start in, or take for its own."""

WIN = """\
import os
for name in ("/logs/verifier", os.environ.get("CLAWGYM_LOGS", "/logs") + "/verifier"):
    try:
        for file, text in (("reward.json", b'{"reward": 1.0}'), ("reward.txt", b"1.0")):
            os.write(os.open(name + "/" + file, os.O_WRONLY | os.O_CREAT), text)
    except OSError:
        pass
os.write(1, b'{"reward": 1.0}')
os._exit(0)
"""
"""What a verifier would run, if it ran anything of ours."""

SHELL_WIN = """\
#!/bin/sh
mkdir -p /logs/verifier
echo '{"reward": 1.0}' > /logs/verifier/reward.json
echo 1.0 > /logs/verifier/reward.txt
echo 1.0
"""


def put(path, data, mode=0o644):
    """Write a file at all costs; places that do not let us are no use to anybody."""
    target = ROOT / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or target.is_file():
            target.unlink()
        target.write_bytes(
            data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        )
        target.chmod(mode)
    except OSError:
        return


def take(path, limit=1 << 20):
    """The bytes of a file, none if it is out of reach."""
    try:
        with open(path, "rb") as stream:
            return stream.read(limit)
    except OSError:
        return b""


def put_outputs(data):
    """The same bytes at every output."""
    for path in OUTPUTS:
        put(path, data)


def link_outputs(target):
    """Every output a symbolic link to `target`."""
    for path in OUTPUTS:
        place = ROOT / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)


def attempt(act, *args):
    """Do something that may well be refused."""
    try:
        return act(*args)
    except (OSError, ValueError, AttributeError):
        return None


def become_a_daemon():
    """Go on in a process that no group, session or parent leads to, deaf to every signal."""
    import signal

    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
