"""What a TLS client's first message says, and that nothing ambiguous is believed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.sandbox.proxy.hello import Hello, read_hello
from tests.clawgym.sandbox.proxy_lab import ENCRYPTED, client_hello, with_extension

REAL = client_hello("good.test")
HEADER = 5


def record(content: bytes) -> bytes:
    return REAL[:3] + len(content).to_bytes(2) + content


# Version and random, no session, one cipher suite, no compression; no extensions at all.
OLD = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0"
OLD_HELLO = b"\x01" + len(OLD).to_bytes(3) + OLD


def test_the_name_is_read():
    assert read_hello(REAL) == Hello("good.test", encrypted=False)


def test_a_client_may_say_no_name():
    assert read_hello(client_hello(None)) == Hello(None, encrypted=False)


def test_a_client_may_know_no_extensions():
    assert read_hello(record(OLD_HELLO)) == Hello(None, encrypted=False)


def test_an_encrypted_hello_is_noticed():
    assert read_hello(with_extension(REAL, ENCRYPTED)) == Hello("good.test", encrypted=True)


def test_a_hello_may_be_cut_into_records():
    content = REAL[HEADER:]
    assert read_hello(record(content[:3]) + record(content[3:])) == Hello("good.test", False)


def test_what_follows_the_hello_does_not_matter():
    assert read_hello(REAL + b"\x17early data") == Hello("good.test", encrypted=False)


@given(st.integers(0, len(REAL) - 1))
def test_more_is_waited_for_as_long_as_some_is_missing(length: int):
    assert read_hello(REAL[:length]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x80\x2e\x01\x00\x02",
        b"\x16\x02\x00",
        b"\x16\x03\x01\0\0",
        b"\x16\x03\x01\xff\xff",
        record(b"\x02" + REAL[HEADER + 1 :]),
        record(REAL[HEADER:] + b"\0"),
        b"".join(record(REAL[at : at + 1]) for at in range(HEADER, len(REAL))),
        record(OLD_HELLO + b"\0\0"),
        with_extension(REAL, b"\0\0\0\x0e\0\x0c\0\0\x09evil.test"),
        with_extension(REAL, b"\xfe\x0d\0\x09"),
    ],
)
def test_what_is_no_plain_hello_is_refused(data: bytes):
    with pytest.raises(ValueError, match=r"TLS|ClientHello|record"):
        read_hello(data)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(record))
def test_arbitrary_bytes_raise_nothing_else(data: bytes):
    with contextlib.suppress(ValueError):
        read_hello(data)


@given(st.integers(0, len(REAL) - 1), st.integers(0, 255))
def test_a_changed_byte_raises_nothing_else(at: int, value: int):
    with contextlib.suppress(ValueError):
        read_hello(REAL[:at] + bytes([value]) + REAL[at + 1 :])
