"""Ways to talk to somebody: the host's loopback, its other sockets, the wire."""

from tests.clawgym.sandbox.abuse_case import FILESYSTEM, IPC, NETWORK, Abuse

_CONNECT = """
def reach(family, kind, address, text=b"x"):
    with socket.socket(family, kind) as client:
        client.settimeout(2)
        client.connect(address)
        client.send(text)
"""

CASES = (
    Abuse(
        "loopback-of-the-host-tcp",
        NETWORK,
        _CONNECT
        + """
for name in ("tcp", "tcp_any"):
    for address in ("127.0.0.1", "localhost", "0.0.0.0", "127.0.0.2"):
        port = HOST["ports"][name]
        place = (address, port)
        forbidden("%s:%d" % place, reach, socket.AF_INET, socket.SOCK_STREAM, place)
""",
    ),
    Abuse(
        "loopback-of-the-host-tcp-ipv6",
        NETWORK,
        _CONNECT
        + """
if "tcp6" not in HOST["ports"]:
    cannot("the host has no IPv6")
for address, name in (("::1", "tcp6"), ("::ffff:127.0.0.1", "tcp"), ("::", "tcp6")):
    port = HOST["ports"][name]
    place = (address, port)
    forbidden("%s %d" % place, reach, socket.AF_INET6, socket.SOCK_STREAM, place)
""",
    ),
    Abuse(
        "loopback-of-the-host-udp",
        NETWORK,
        """
# A datagram into the void is no success; the host tells whether it arrived.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    for address in ("127.0.0.1", HOST["address"]):
        for _ in range(3):
            attempt("send to %s" % address, client.sendto, b"x", (address, HOST["ports"]["udp"]))
time.sleep(0.05)
""",
    ),
    Abuse(
        "address-of-the-host",
        NETWORK,
        _CONNECT
        + """
target = (HOST["address"], HOST["ports"]["tcp_any"])
forbidden("connect to %s" % (target,), reach, socket.AF_INET, socket.SOCK_STREAM, target)
# A datagram to an address for documentation: no host has it. A route to it is enough.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    forbidden("a route out", client.connect, ("192.0.2.1", 9))
""",
    ),
    Abuse(
        "multicast-and-broadcast",
        NETWORK,
        """
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    forbidden("broadcast", client.sendto, b"x", ("255.255.255.255", HOST["ports"]["udp"]))
    forbidden("multicast", client.sendto, b"x", ("233.252.0.1", HOST["ports"]["udp"]))
""",
    ),
    Abuse(
        "abstract-socket-of-the-host",
        IPC,
        """
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    with socket.socket(socket.AF_UNIX, kind) as client:
        forbidden("connect", client.connect, HOST["abstract"])
""",
    ),
    Abuse(
        "unix-socket-of-the-host",
        FILESYSTEM,
        """
for path in (HOST["unix"], "/proc/1/root" + HOST["unix"], "/proc/1/cwd/" + HOST["unix"]):
    with socket.socket(socket.AF_UNIX) as client:
        forbidden("connect to %s" % path, client.connect, path)
""",
    ),
    Abuse(
        "network-interfaces",
        NETWORK,
        """
tried("list the interfaces")
for _, name in socket.if_nameindex():
    # The kernel puts its idle tunnels into every network namespace.
    if name != "lo" and not name.startswith(("sit", "tunl", "ip6", "gre", "erspan", "ip_vti")):
        won("has the interface %s" % name)
if len(contents("/proc/net/route").splitlines()) > 1:
    won("has a route")
if contents("/proc/net/tcp").count(b" 0A "):
    won("sees listening sockets: %r" % contents("/proc/net/tcp")[:300])
""",
    ),
    Abuse(
        "change-the-network",
        NETWORK,
        """
careful()
NEWLINK, NEWADDR, REQUEST, CREATE, ACK = 16, 20, 1, 0x400, 4
def ask(kind, flags, body):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.settimeout(2)
        header = struct.pack("IHHII", 16 + len(body), kind, flags | REQUEST | ACK, 1, 0)
        kernel.send(header + body)
        answer = kernel.recv(65536)
    code = struct.unpack("i", answer[16:20])[0]
    if code:
        raise OSError(-code, os.strerror(-code))
up = struct.pack("BBHiII", 0, 0, 0, 1, 1, 1)
forbidden("take lo up", ask, NEWLINK, 0, up)
name = struct.pack("HH", 8, 3) + b"dum\\0"
info = struct.pack("HH", 12, 1) + b"dummy\\0\\0\\0"
link = struct.pack("BBHiII", 0, 0, 0, 0, 0, 0) + name + struct.pack("HH", 4 + len(info), 18) + info
forbidden("make an interface", ask, NEWLINK, CREATE, link)
address = struct.pack("BBBBI", 2, 24, 0, 0, 1) + struct.pack("HH", 8, 2) + bytes([192, 0, 2, 7])
forbidden("take an address", ask, NEWADDR, CREATE, address)
""",
    ),
    Abuse(
        "raw-sockets",
        NETWORK,
        """
for name, arguments in {
    "raw ICMP": (socket.AF_INET, socket.SOCK_RAW, 1),
    "raw TCP": (socket.AF_INET, socket.SOCK_RAW, 6),
    "raw IPv6": (socket.AF_INET6, socket.SOCK_RAW, 58),
    "packets": (socket.AF_PACKET, socket.SOCK_RAW, 0x300),
    "cooked packets": (socket.AF_PACKET, socket.SOCK_DGRAM, 0x300),
}.items():
    forbidden(name, lambda: socket.socket(*arguments).close())
""",
    ),
    Abuse(
        "sockets-of-the-hypervisor",
        NETWORK,
        """
# These addresses belong to the virtual machine, not to a network namespace.
LOCAL, ANY = 1, 0xFFFFFFFF
try:
    server = socket.socket(socket.AF_VSOCK)
except OSError as error:
    tried("a vsock")
    say("denied", error)
    os._exit(0)
forbidden("listen where the hypervisor can connect", server.bind, (ANY, ANY))
port = HOST["ports"].get("vsock")
client = socket.socket(socket.AF_VSOCK)
client.settimeout(2)
if port:
    forbidden("connect to the host's vsock", client.connect, (LOCAL, port))
""",
    ),
    Abuse(
        "odd-socket-families",
        NETWORK,
        """
# AF_UNIX, INET, INET6 and NETLINK are the box's own; every other family widens the kernel's surface
# and some (AF_VSOCK 40, AF_CAN 29, AF_BLUETOOTH 31, AF_NFC 39) reach real devices.
for family in (3, 4, 5, 6, 9, 23, 24, 29, 31, 35, 36, 39, 40, 43):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        forbidden("family %d" % family, lambda: socket.socket(family, kind).close())
""",
    ),
    Abuse(
        "events-of-the-host",
        NETWORK,
        """
for name, group in (("uevents", 1), ("udev", 2)):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15) as kernel:
        if attempt("listen for %s" % name, kernel.bind, (0, group)):
            kernel.settimeout(0.1)
            try:
                won("got an event of the host: %r" % kernel.recv(65536)[:100])
            except OSError:
                pass
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as audit:
    forbidden("listen to the audit log", audit.bind, (0, 1))
""",
    ),
)
