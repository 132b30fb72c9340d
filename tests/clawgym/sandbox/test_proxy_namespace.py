"""A box whose network has nothing but the proxy's socket, made for real in a network namespace."""

import asyncio
import shutil
import socket
import subprocess
import sys

import pytest

from clawgym.sandbox.proxy.hosts import AllowList
from clawgym.sandbox.proxy.server import FilteringProxy
from tests.clawgym.sandbox.proxy_lab import LAB_NAMES, LOOPBACK, hello, origin

# Runs in the namespace: raises its loopback, hands a listening socket out, and asks through it.
BOX = """
import fcntl, socket, struct, sys, urllib.error, urllib.request
with socket.socket() as probe:
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 1))
listener = socket.create_server(("127.0.0.1", 0))
proxy = "http://127.0.0.1:%d" % listener.getsockname()[1]
with socket.socket(fileno=0) as outside:
    socket.send_fds(outside, [b"x"], [listener.fileno()])
    listener.close()
    outside.recv(1)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
port = int(sys.argv[1])
print(opener.open(f"http://good.test:{port}/").read().decode())
try:
    opener.open(f"http://evil.test:{port}/")
except urllib.error.HTTPError as error:
    print(error.code)
try:
    socket.create_connection(("127.0.0.1", port))
except OSError as error:
    print(type(error).__name__)
"""
UNSHARE = ["unshare", "--user", "--map-root-user", "--net"]


@pytest.fixture
def unshare() -> list[str]:
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare program")
    if subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user cannot make a network namespace")
    return UNSHARE


async def test_a_box_reaches_its_hosts_through_the_proxy_and_nothing_else(unshare: list[str]):
    inside, outside = socket.socketpair()
    async with origin(hello) as server:
        box = await asyncio.create_subprocess_exec(
            *unshare, sys.executable, "-c", BOX, str(server.port),
            stdin=inside, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        inside.close()
        with outside:
            _, (descriptor,), _, _ = await asyncio.to_thread(socket.recv_fds, outside, 1, 1)
            listener = socket.socket(fileno=descriptor)
            allowed = AllowList.parse(["good.test", LOOPBACK])
            async with FilteringProxy(listener, allowed, resolver=LAB_NAMES):
                outside.send(b"x")
                output, _ = await asyncio.wait_for(box.communicate(), 20)
    assert output.split() == [b"hello", b"403", b"ConnectionRefusedError"]
