"""Which hosts a list of patterns covers, and which addresses a connection may go to."""

import contextlib
from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym.sandbox.proxy.hosts import AllowList, is_public, normal_host
from clawgym.sandbox.proxy.route import is_own


def allows(pattern: str, host: str, port: int = 443) -> bool:
    return AllowList.parse([pattern]).allows(host, port)


def may_connect(pattern: str, host: str, address: str, *, own: bool = False) -> bool:
    allowed = AllowList.parse([pattern])
    return allowed.may_connect(normal_host(host), ip_address(address), 443, own=own)


def test_an_empty_list_allows_nothing():
    assert not AllowList.parse([]).allows("example.com", 443)


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("example.com", "example.com"),
        ("example.com", "EXAMPLE.com."),
        ("Example.COM.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "bücher.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("*.example.com", "a.example.com"),
        ("*.example.com", "a.b.example.com"),
        ("*.bücher.example", "www.xn--bcher-kva.example"),
        ("my_host.internal", "my_host.internal"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("::ffff:10.0.0.0/104", "10.1.2.3"),
        ("::1", "[::1]"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8:1::1"),
        ("[2001:db8::/32]:443", "2001:db8:1::1"),
    ],
)
def test_a_pattern_covers_what_it_says_in_any_spelling(pattern: str, host: str):
    assert allows(pattern, host)


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("example.com", "www.example.com"),
        ("example.com", "example.com.evil.test"),
        ("example.com", "badexample.com"),
        ("*.example.com", "example.com"),
        ("*.example.com", "badexample.com"),
        ("*.example.com", ".example.com"),
        ("192.0.2.7", "192.0.2.8"),
        ("10.0.0.0/8", "11.0.0.1"),
        ("::1", "127.0.0.1"),
        ("example.com", "192.0.2.7"),
    ],
)
def test_a_pattern_covers_nothing_else(pattern: str, host: str):
    assert not allows(pattern, host)


@pytest.mark.parametrize(
    "pattern", ["example.com:443", "*.example.com:443", "192.0.2.7:443", "[2001:db8::1]:443"]
)
def test_a_port_in_a_pattern_excludes_all_others(pattern: str):
    host = pattern.removesuffix(":443").replace("*", "a")
    assert allows(pattern, host, 443)
    assert not allows(pattern, host, 80)


def test_a_pattern_without_a_port_covers_every_port():
    assert allows("example.com", "example.com", 1)
    assert allows("example.com", "example.com", 65535)


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "127。0。0。1",
        "a..b",
        "",
        "-a.test",
        "a b.test",
        "user@good.test",
        "fe80::1%eth0",
        "good.test\0.evil.test",
        "x" * 400,
    ],
)
def test_a_host_in_a_spelling_that_programs_disagree_on_is_no_host(host: str):
    assert not AllowList.parse(["*.test", "127.0.0.0/8", "fe80::/10"]).allows(host, 80)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "*.",
        "*example.com",
        "a.*.com",
        "https://example.com",
        "example.com/path",
        "a b",
        "example.com:0",
        "example.com:65536",
        "example.com:https",
        ":443",
        "10.0.0.1/8",
        "127.1",
        "fe80::1%eth0",
        "[::1",
        "::1]:80",
        "a:b:c",
        "-a.com",
        "a" * 64 + ".com",
        "bad\n.com",
    ],
)
def test_an_unreadable_pattern_is_named(pattern: str):
    with pytest.raises(UsageError) as caught:
        AllowList.parse(["good.test", pattern])
    assert repr(pattern) in str(caught.value)


@given(st.lists(st.text(max_size=30) | st.from_regex(r"[\[\]*.:/0-9a-fx%]{0,20}"), max_size=3))
@example(["xn--"])
@example(["٣.test"])
def test_parsing_raises_nothing_but_usage_errors(patterns: list[str]):
    with contextlib.suppress(UsageError):
        AllowList.parse(patterns)


@given(st.text(max_size=40), st.integers(-1, 70000))
def test_asking_never_raises(host: str, port: int):
    AllowList.parse(["good.test", "*.test:80", "10.0.0.0/8"]).allows(host, port)


@given(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]([a-z0-9]{0,5}))+", fullmatch=True)
)
def test_a_name_covers_itself_and_its_wildcard_only_what_is_below(name: str):
    assert allows(name, name.upper() + ".")
    assert not allows(f"*.{name}", name)
    assert allows(f"*.{name}", f"x.{name}")
    assert not allows(f"*.{name}", f"x{name}")


SPECIAL = [
    "0.0.0.0", "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "168.63.129.16", "::", "::1", "fe80::1",
    "fd00::1", "ff02::1", "2002:7f00:1::", "2001:0:1::1", "64:ff9b::7f00:1", "::127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", SPECIAL)
def test_a_name_leads_to_no_special_address_that_the_list_does_not_name(address: str):
    assert not is_public(ip_address(address))
    assert not may_connect("good.test", "good.test", address)
    allowed = AllowList.parse(["good.test", address])
    assert allowed.may_connect("good.test", ip_address(address), 443, own=False)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::5db8:d70e"])
def test_a_name_leads_to_any_public_address(address: str):
    assert may_connect("good.test", "good.test", address)


def test_a_name_does_not_lead_to_this_machine_under_a_public_address():
    assert not may_connect("good.test", "good.test", "93.184.215.14", own=True)


@pytest.mark.parametrize("address", SPECIAL)
def test_a_wide_block_does_not_open_the_special_blocks_within_it(address: str):
    allowed = AllowList.parse(["0.0.0.0/0", "::/0"])
    assert not allowed.allows(address, 443)
    assert allowed.allows("93.184.215.14", 443)
    assert not allowed.may_connect("good.test", ip_address(address), 443, own=False)


def test_a_special_block_is_opened_by_its_own_name():
    assert allows("127.0.0.0/8", "127.0.0.1")
    assert allows("fd00::/8", "fd00::1")
    assert not allows("fc00::/6", "2606:4700::1111")


def test_the_kernel_says_which_addresses_are_this_machines():
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address("93.184.215.14"))
