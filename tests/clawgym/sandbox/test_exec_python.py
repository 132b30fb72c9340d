"""Scripts: on every backend they run as `python3 -I -S -B` runs them, warm interpreter or not."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

import clawgym
from clawgym.sandbox import Backend, BoxSpec, ExecResult, Limits, Sandbox, box
from clawgym.sandbox._link import keeper_link
from clawgym.sandbox.bwrap import _hello  # pyright: ignore[reportPrivateUsage]

TIMES = 20


async def run(sandbox: Sandbox, text: str, *args: str, **options: object) -> ExecResult:
    await sandbox.write("script.py", text.encode())
    place = f"{sandbox.place('workspace')}/script.py"
    return await sandbox.exec_python(place, args, **options)  # type: ignore[arg-type]


async def said(sandbox: Sandbox, text: str, *args: str, **options: object) -> str:
    ran = await run(sandbox, text, *args, **options)
    assert ran.exit_code == 0, ran
    return ran.stdout.decode()


@pytest.fixture
async def warm(isolated: Sandbox) -> Sandbox:
    """A box whose keeper has a warm interpreter: two scripts in a row hash alike."""
    for _ in range(200):
        seeds = {await said(isolated, "print(hash('seed'))") for _ in range(2)}
        if len(seeds) == 1:
            return isolated
        await asyncio.sleep(0.02)
    raise AssertionError("the interpreter does not get warm")


@pytest.fixture(params=["first", "later"])
async def python(request: pytest.FixtureRequest, sandbox: Sandbox) -> Sandbox:
    """A box for scripts, before and after an interpreter may have become warm."""
    if request.param == "later":
        await said(sandbox, "print()")
        await asyncio.sleep(0.2)
    return sandbox


# -- what every backend promises -------------------------------------------------------------------


async def test_a_script_has_its_arguments_and_prints(python: Sandbox) -> None:
    assert await said(python, "import sys\nprint(sys.argv[1:])", "a", "b c") == "['a', 'b c']\n"


async def test_a_script_reads_its_input(python: Sandbox) -> None:
    assert await said(python, "print(input()[::-1])", stdin=b"abc\n") == "cba\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 0),
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit(300)", 44),
        ("raise SystemExit(-1)", 255),
        ("raise SystemExit('words')", 1),
        ("1/0", 1),
        ("not python", 1),
        ("import os; os._exit(7)", 7),
        ("import os; os.kill(os.getpid(), 9)", 137),
        ("import os; os.abort()", 134),
        ("raise KeyboardInterrupt", 130),
    ],
)
async def test_a_script_ends_with_pythons_exit_code(python: Sandbox, text: str, code: int) -> None:
    assert (await run(python, text)).exit_code == code


async def test_a_missing_script_is_exit_code_2(python: Sandbox) -> None:
    ran = await python.exec_python(f"{python.place('workspace')}/none.py")
    assert ran.exit_code == 2
    assert b"can't open file" in ran.stderr


async def test_an_uncaught_exception_shows_the_scripts_lines_alone(python: Sandbox) -> None:
    ran = await run(python, "def deep():\n    raise ValueError('why')\ndeep()\n")
    lines = ran.stderr.decode().splitlines()
    assert [line for line in lines if line.startswith("  File")] == [
        f'  File "{python.place("workspace")}/script.py", line 3, in <module>',
        f'  File "{python.place("workspace")}/script.py", line 2, in deep',
    ]
    assert lines[-1] == "ValueError: why"


async def test_exit_handlers_run_and_buffers_are_written(python: Sandbox) -> None:
    text = (
        "import atexit, os, sys\natexit.register(print, 'last')\n"
        "forgotten = open('out.txt', 'w')\nforgotten.write('all of it')\n"
        "print('first')\n"
    )
    assert await said(python, text) == "first\nlast\n"
    assert await python.read("out.txt") == b"all of it"


async def test_what_an_unfinished_thread_writes_is_waited_for(python: Sandbox) -> None:
    text = (
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()\n"
    )
    assert await said(python, text) == "late\n"


async def test_the_environment_is_clean_and_the_callers(python: Sandbox) -> None:
    text = "import os, subprocess\nprint(os.environ['ASKED'], 'HOME' in os.environ)\n"
    text += "print(subprocess.run(['sh', '-c', 'echo $ASKED'], stdout=-1).stdout.decode())\n"
    os.environ["CLAWGYM_TEST_SECRET"] = "secret"
    try:
        assert await said(python, text, env={"ASKED": "yes"}) == "yes True\nyes\n\n"
        assert "secret" not in await said(python, "import os; print(os.environ)")
    finally:
        del os.environ["CLAWGYM_TEST_SECRET"]


async def test_nothing_in_the_workspace_is_imported(python: Sandbox) -> None:
    for name in ("json", "csv", "sitecustomize", "usercustomize", "_strptime"):
        await python.write(f"{name}.py", b"print('planted')\n")
    text = "import json, csv, datetime\ndatetime.datetime.strptime('2024', '%Y')\n"
    assert await said(python, text) == ""


async def test_out_of_time_is_no_exit_code_and_kills_the_script(python: Sandbox) -> None:
    started = time.monotonic()
    ran = await run(python, "import time\ntime.sleep(60)", timeout=0.5)
    assert (ran.exit_code, ran.timed_out) == (None, True)
    assert time.monotonic() - started < 20
    assert await said(python, "print('again')") == "again\n"


async def test_output_is_bounded(backend: Backend) -> None:
    async with box(backend, BoxSpec(limits=Limits(output_bytes=1000))) as sandbox:
        for _ in range(2):
            ran = await run(sandbox, "print('x' * 100_000)")
            assert (len(ran.stdout), ran.stdout_bytes) == (1000, 100_001)
            await asyncio.sleep(0.2)


# -- a warm interpreter is none that one could tell from a fresh one -------------------------------

PORTRAIT = """
import sys
pristine = sorted(sys.modules)
import builtins, gc, locale, os, resource, signal, time
status = [
    line.strip()
    for line in open("/proc/self/status")
    if line.startswith(
        ("Uid", "Gid", "Groups", "Threads", "Sig", "Shd", "Cap", "NoNewPrivs", "Seccomp")
    )
    and not line.startswith("SigQ")
]
names = ("cgroup", "ipc", "mnt", "net", "pid", "uts", "user", "time")
main = sys.modules["__main__"]
for line in (
    pristine,
    sys.argv, sys.orig_argv, sys.path, sys.flags, sys.executable, sys.prefix, sys.version,
    sys.getrecursionlimit(), sys.getswitchinterval(), sys.getfilesystemencoding(),
    sys.warnoptions, sys._xoptions, sys.dont_write_bytecode, sys.pycache_prefix,
    [(s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.write_through, s.newlines)
     for s in (sys.stdin, sys.stdout, sys.stderr)],
    [type(s.buffer) for s in (sys.stdin, sys.stdout, sys.stderr)],
    sys.stdout is sys.__stdout__,
    sorted(vars(main)), main.__spec__, main.__file__, type(main.__loader__), main.__doc__,
    main.__builtins__ is builtins, __name__,
    sorted(os.environ.items()), sorted(sys.modules["posix"].environ.items()),
    os.getcwd(), sorted(map(int, os.listdir("/proc/self/fd")))[:-1], os.umask(0o22),
    [os.readlink("/proc/self/ns/" + name) for name in names],
    os.readlink("/proc/self/exe"), os.getppid(), os.getpgid(0) == os.getpid(),
    os.getsid(0) == os.getpid(),
    {name: resource.getrlimit(getattr(resource, name))
     for name in dir(resource) if name.startswith("RLIMIT_")},
    {n: str(signal.getsignal(n)) for n in signal.valid_signals()},
    signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getitimer(signal.ITIMER_REAL),
    gc.get_threshold(), gc.isenabled(), locale.setlocale(locale.LC_ALL), time.tzname,
    open("/proc/self/cgroup").read(), open("/proc/self/oom_score_adj").read(),
    open("/proc/self/mountinfo").read(), status,
):
    print(line)
"""


async def test_a_warm_script_sees_what_a_fresh_one_sees(warm: Sandbox) -> None:
    await warm.write("portrait.py", PORTRAIT.encode())
    fresh = await warm.exec(["python3", "-I", "-S", "-B", "/workspace/portrait.py", "a"])
    copied = await warm.exec_python("/workspace/portrait.py", ["a"])
    assert copied.stdout.decode().splitlines() == fresh.stdout.decode().splitlines()
    assert (copied.stderr, copied.exit_code) == (fresh.stderr, fresh.exit_code) == (b"", 0)


@pytest.mark.parametrize(
    "text",
    [
        "import xml; print(hasattr(xml, 'etree'))",
        "import xml.etree.ElementTree as tree; print(tree.fromstring('<a/>').tag)",
        "from xml.parsers import expat; print(expat.model.XML_CTYPE_ANY, expat.errors.__name__)",
        "import json, sys; print(sorted(n for n in sys.modules if n.startswith('json')))",
        "import importlib; print(hasattr(importlib, 'util'))",
        "import urllib; print(hasattr(urllib, 'parse'))",
        "import pathlib, urllib; print(hasattr(urllib, 'parse'))",
        "import csv, sys; print('re' in sys.modules, 'json' in sys.modules)",
        "import os.path; print(os.path.basename('/a/b'))",
        "from email import policy; print(policy.default)",
        "import concurrent; print(hasattr(concurrent, 'futures'))",
        "import typing; print(typing.List[int])",
        "import nonsense",
        "import json.nonsense",
        "from json import nonsense",
        "import json; print(vars(json)['__spec__'].origin, json.__file__, json.__package__)",
        "import importlib, json; print(importlib.reload(json) is json)",
        "import sys; sys.path.insert(0, '.'); import json; print(json.__file__)",
        "import sys; sys.path.insert(0, '.'); import colorsys; print(colorsys.__file__)",
        "def f(n): return f(n + 1)\ntry: f(0)\nexcept RecursionError as e: print(e)",
        "import sys; sys.stdout.buffer.write(b'raw'); print(); sys.exit('said')",
        "import inspect; print(inspect.getsource(inspect.currentframe()))",
        "import warnings; warnings.warn('mind')",
        "import sys; sys.excepthook = lambda *a: print('hooked'); 1/0",
        "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise ValueError from e",
        "print('\\ud800')",
        "import sys; sys.stdout.close()",
        "import os; os.close(1); print('nowhere')",
        "import multiprocessing as m\nwith m.Pool(1) as p: print(p.map(abs, [-1]))",
    ],
)
async def test_a_warm_script_does_what_a_fresh_one_does(warm: Sandbox, text: str) -> None:
    await warm.write("s.py", text.encode())
    fresh = await warm.exec(["python3", "-I", "-S", "-B", "/workspace/s.py"])
    copied = await warm.exec_python("/workspace/s.py")
    for one, other in ((copied.stdout, fresh.stdout), (copied.stderr, fresh.stderr)):
        assert one.decode().splitlines() == other.decode().splitlines()
    assert copied.exit_code == fresh.exit_code


async def test_a_planted_module_on_the_scripts_own_path_wins(warm: Sandbox) -> None:
    await warm.write("lib/json.py", b"name = 'planted'\n")
    text = "import sys\nsys.path.insert(0, '/workspace/lib')\nimport json\nprint(json.name)\n"
    assert await said(warm, text) == "planted\n"


async def test_random_numbers_differ_from_script_to_script(warm: Sandbox) -> None:
    text = "import random, uuid, tempfile\nprint(random.random(), uuid.uuid4(), tempfile.mktemp())"
    seen = [(await said(warm, text)).split() for _ in range(3)]
    assert [len(set(column)) for column in zip(*seen, strict=True)] == [3, 3, 3]


async def test_a_variable_that_matters_at_the_start_gets_a_fresh_interpreter(
    warm: Sandbox,
) -> None:
    seed = await said(warm, "print(hash('seed'))")
    assert await said(warm, "print(hash('seed'))", env={"PYTHONHASHSEED": "0"}) != seed
    text = "import sys; print(sys.stdout.encoding)"
    assert await said(warm, text, env={"LC_ALL": "C"}) == "utf-8\n"


async def test_a_time_zone_holds_for_a_warm_script(warm: Sandbox) -> None:
    text = "import time; print(time.tzname[0], time.localtime(0).tm_hour)"
    assert await said(warm, text, env={"TZ": "XXX-5"}) == "XXX 5\n"


# -- isolation -------------------------------------------------------------------------------------

SEARCH = """
import os, re, sys
pattern = re.compile(os.environ["BACKWARDS"][::-1].encode())
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        place, mode = line.split()[:2]
        if "r" in mode and "[v" not in line:
            start, end = (int(edge, 16) for edge in place.split("-"))
            memory.seek(start)
            data = memory.read(end - start)
            for found in pattern.finditer(data):
                print(line.strip(), data[max(0, found.start() - 40) : found.end() + 40])
"""


async def found_in_memory(sandbox: Sandbox, pattern: str, *args: str) -> str:
    """Where a script finds a regular expression in its memory; it is told it backwards."""
    return await said(sandbox, SEARCH, *args, env={"BACKWARDS": pattern[::-1]})


async def test_a_search_of_the_memory_finds_what_is_there(warm: Sandbox) -> None:
    assert "alpha-kept" in await found_in_memory(warm, "alpha[-]kept", "alpha-kept")


async def test_nothing_of_other_boxes_is_in_a_scripts_memory(warm: Sandbox, bwrap: Backend) -> None:
    async with box(bwrap, BoxSpec()) as other:
        for _ in range(TIMES):
            await run(
                other,
                "print('omega-kept')",
                "omega-kept",
                env={"A": "omega-kept"},
                stdin=b"omega-kept",
            )
            await other.exec(["true", "omega-kept"], env={"A": "omega-kept"})
    assert not await found_in_memory(warm, "omega[-]kept")


async def test_no_path_of_the_host_is_in_a_scripts_memory(warm: Sandbox) -> None:
    package = Path(clawgym.__file__).parent
    assert not await found_in_memory(warm, f"{package}[/](sandbox|[a-z]+[.]py)")


async def test_the_interpreter_cannot_be_reached_through_the_script(warm: Sandbox) -> None:
    text = """
import os
try:
    os.chmod("/proc/self/exe", 0o777)
except OSError as error:
    print(type(error).__name__)
try:
    open("/proc/self/exe", "r+b")
except OSError as error:
    print(type(error).__name__)
print(os.path.exists("/work"), sorted(os.listdir("/proc/self/fd"))[:3])
"""
    lines = (await said(warm, text)).splitlines()
    assert all(line in {"PermissionError", "OSError"} for line in lines[:2]), lines
    assert lines[2] == "False ['0', '1', '2']"


async def test_limits_hold_for_a_warm_script(bwrap: Backend) -> None:
    limits = Limits(memory_bytes=64 * 1024**2, open_files=20, processes=16)
    async with box(bwrap, BoxSpec(limits=limits)) as sandbox:
        for _ in range(2):
            greedy = await run(sandbox, "data = bytearray(200 * 1024**2)\nprint(len(data))")
            assert greedy.exit_code != 0
            many = "files = [open('/dev/null') for _ in range(50)]"
            assert b"Too many open files" in (await run(sandbox, many)).stderr
            forks = "import os\nfor _ in range(50):\n    if not os.fork(): os.kill(os.getpid(), 19)"
            await run(sandbox, forks, timeout=0.3)
            await asyncio.sleep(0.2)
        assert await said(sandbox, "print('alive')") == "alive\n"


async def test_a_killed_interpreter_is_replaced(warm: Sandbox) -> None:
    before = await said(warm, "print(hash('seed'))")
    for pid in interpreters():
        os.kill(pid, signal.SIGKILL)
    assert await said(warm, "print('still')") == "still\n"
    for _ in range(200):
        seeds = [await said(warm, "print(hash('seed'))") for _ in range(2)]
        if seeds[0] == seeds[1] != before:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no new interpreter")


async def test_a_stopped_interpreter_is_given_up(warm: Sandbox) -> None:
    for pid in interpreters():
        os.kill(pid, signal.SIGSTOP)
    assert await said(warm, "print('still')") == "still\n"


async def test_many_boxes_at_once_share_one_interpreter(warm: Sandbox, bwrap: Backend) -> None:
    async def one(number: int) -> str:
        async with box(bwrap, BoxSpec()) as sandbox:
            return await said(sandbox, f"open('own', 'x').write('{number}')\nprint({number})")

    said_by = await asyncio.gather(*map(one, range(TIMES)))
    assert said_by == [f"{number}\n" for number in range(TIMES)]


async def test_a_cancelled_script_is_killed(warm: Sandbox) -> None:
    task = asyncio.create_task(run(warm, "import time\ntime.sleep(60)\n"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = await warm.exec(["sh", "-c", "ls -d /proc/[0-9]*"])
    assert len(left.stdout.split()) <= 3  # the box's first process, sh, ls


def interpreters() -> list[int]:
    """The warm interpreters of this process: below its keeper, started with our boot text."""
    keeper_link(_hello)
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
                parents = _ancestors(int(entry.name))
            except (OSError, ValueError):
                continue
            if b"pristine" in words and os.getpid() in parents:
                found.append(int(entry.name))
    return found


def _ancestors(pid: int) -> list[int]:
    found: list[int] = []
    while pid > 1:
        stat = Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(") ")[2].split()[1])
        found.append(pid)
    return found
