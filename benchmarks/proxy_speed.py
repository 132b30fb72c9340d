"""How fast a box's filtering proxy is: MB/s of a large transfer, milliseconds of a small request.

    python benchmarks/proxy_speed.py --megabytes 1000 --requests 1000 --rounds 3

Server and client are processes of their own, so that the CPU time is the proxy's alone. `tunnel`
is CONNECT to an allowed address, `http` an absolute-form request, `direct` the same without a
proxy. Each small request opens a connection, unless it says `kept`; those by http ask for a name,
which a thread of the proxy resolves. Every round measures each case once, in turn; the table shows
medians over the rounds.
"""

import argparse
import asyncio
import multiprocessing
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from multiprocessing.pool import Pool

from clawgym.sandbox.proxy.hosts import AllowList, IPAddress
from clawgym.sandbox.proxy.server import FilteringProxy

HOST = "127.0.0.1"
NAME = "origin.test"
MEGABYTE = 1024 * 1024
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Case:
    """What a client says to a port (0: the proxy's), awaiting an answer after each saying."""

    name: str
    port: int
    sayings: Sequence[bytes]
    times: int = 1
    kept: bool = False


@dataclass(frozen=True)
class Cost:
    """Seconds that the client waited, and CPU seconds of the proxy meanwhile."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    listener = socket.create_server((HOST, 0), backlog=512)
    server = FORK.Process(target=serve, args=(listener,), daemon=True)
    server.start()
    origin = listener.getsockname()[1]
    cases = [*large(origin, options.megabytes), *small(origin, options.requests)]
    try:
        with FORK.Pool(1) as clients:
            costs = asyncio.run(measure(cases, options.rounds, clients))
    finally:
        server.kill()
    for case, cost in zip(cases, costs, strict=True):
        print(row(case, cost, options.megabytes))


def large(origin: int, megabytes: int) -> list[Case]:
    path = f"/{megabytes}"
    return [
        Case("large direct", origin, [get(path)]),
        Case("large tunnel", 0, [connect(origin), get(path)]),
        Case("large http", 0, [get(f"http://{HOST}:{origin}{path}")]),
    ]


def small(origin: int, times: int) -> list[Case]:
    named = f"http://{NAME}:{origin}/0"
    return [
        Case("small direct", origin, [get("/0")], times),
        Case("small tunnel", 0, [connect(origin), get("/0")], times),
        Case("small http", 0, [get(named)], times),
        Case("small http, kept", 0, [get(named, "keep-alive")], times, kept=True),
    ]


def row(case: Case, cost: Cost, megabytes: int) -> str:
    if case.times == 1:
        gigabytes = megabytes * MEGABYTE / 1e9
        rate = f"{gigabytes * 1e3 / cost.wall:8.0f} MB/s"
        return f"{case.name:18}{rate}{cost.cpu / gigabytes * 1e3:8.0f} CPU ms/GB"
    wall, cpu = (seconds / case.times * 1e3 for seconds in (cost.wall, cost.cpu))
    return f"{case.name:18}{wall:8.2f} ms  {cpu:8.2f} CPU ms/request"


async def measure(cases: Sequence[Case], rounds: int, clients: Pool) -> list[Cost]:
    costs = [[await once(case, clients) for case in cases] for _ in range(rounds)]
    return [
        Cost(statistics.median(one.wall for one in of), statistics.median(one.cpu for one in of))
        for of in zip(*costs, strict=True)
    ]


async def once(case: Case, clients: Pool) -> Cost:
    listener = socket.create_server((HOST, 0), backlog=512)
    port = case.port or listener.getsockname()[1]
    async with FilteringProxy(listener, AllowList.parse([HOST, NAME]), resolver=resolve):
        before = time.process_time()
        wall = await asyncio.to_thread(clients.apply, client, (port, case))
        return Cost(wall, time.process_time() - before)


def resolve(_name: str) -> list[IPAddress]:
    return [ip_address(HOST)]


def client(port: int, case: Case) -> float:
    started = time.perf_counter()
    if case.kept:
        with socket.create_connection((HOST, port)) as connection:
            for _ in range(case.times):
                say(connection, case.sayings)
    else:
        for _ in range(case.times):
            with socket.create_connection((HOST, port)) as connection:
                say(connection, case.sayings)
                drain(connection)
    return time.perf_counter() - started


def say(connection: socket.socket, sayings: Sequence[bytes]) -> None:
    for saying in sayings:
        connection.sendall(saying)
        if not connection.recv(MEGABYTE).startswith(b"HTTP/1.1 200 "):
            raise ConnectionError("the proxy or the server refused")


def drain(connection: socket.socket) -> None:
    room = bytearray(MEGABYTE)
    while connection.recv_into(room):
        pass


def serve(listener: socket.socket) -> None:
    """Answer `GET …/N` with N megabytes, one connection after the other."""
    piece = bytes(MEGABYTE)
    while True:
        connection, _ = listener.accept()
        with connection:
            path = connection.recv(65536).split(b" ", 2)[1]
            count = int(path.rpartition(b"/")[2])
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {count * MEGABYTE}\r\n\r\n"
            connection.sendall(head.encode())
            for _ in range(count):
                connection.sendall(piece)


def get(target: str, connection: str = "close") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode()


def connect(port: int) -> bytes:
    return f"CONNECT {HOST}:{port} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode()


if __name__ == "__main__":
    main()
