"""HTTP that waits when told to, remembers, and gives up in time; against real servers."""

import asyncio
import email.utils
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from clawgym.errors import UsageError
from clawgym_skills.market.transport import Patience, Question, RegistryError, Transport
from tests.clawgym_skills.market.shop import serving

Headers = dict[str, str]


@dataclass
class Script:
    """An ASGI application that answers what it was given, in turn, and keeps what it was asked."""

    answers: list[tuple[int, Headers, bytes]]
    asked: list[Headers] = field(default_factory=list)
    promised: int | None = None
    pause: float = 0

    async def __call__(self, scope, receive, send):
        await receive()
        self.asked.append({k.decode(): v.decode() for k, v in scope["headers"]})
        status, headers, body = self.answers[min(len(self.asked), len(self.answers)) - 1]
        length = self.promised if self.promised is not None else len(body)
        fields = {"content-length": str(length), **headers}
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(k.encode(), v.encode()) for k, v in fields.items()],
            }
        )
        for start in range(0, len(body), 4):
            if self.pause:
                await asyncio.sleep(self.pause)
            part = body[start : start + 4]
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def ask():
    """Ask a scripted server; returns the body, and the waits on the way."""

    def run(
        script: Script, method: str = "GET", token: str | None = None, cache=None, **options
    ) -> tuple[bytes, list[float]]:
        waits: list[float] = []
        limit = options.pop("limit", 1_000)
        patience = Patience(**{"request": 5, "silence": 5, **options})
        with (
            serving(script) as url,
            Transport(url, token, cache=cache, patience=patience, sleep=waits.append) as transport,
        ):
            body = b"" if method == "POST" else None
            question = Question(method, "/x", limit=limit, body=body)
            return transport.ask(question).body, waits

    return run


Ask = Callable[..., tuple[bytes, list[float]]]
GOOD = (200, {}, b"good")


def test_after_429_it_waits_as_long_as_it_is_told_and_asks_again(ask: Ask):
    script = Script([(429, {"retry-after": "7"}, b"slow"), (429, {"retry-after": "2"}, b""), GOOD])

    body, waits = ask(script)

    assert body == b"good"
    assert [int(wait) for wait in waits] == [7, 2]


def test_a_date_and_the_standard_header_count_too(ask: Ask):
    date = email.utils.formatdate(time.time() + 5, usegmt=True)
    script = Script([(429, {"retry-after": date}, b""), (429, {"ratelimit-reset": "9"}, b""), GOOD])

    _, waits = ask(script)

    assert 3 <= waits[0] <= 5.5
    assert 9 <= waits[1] < 10


def test_it_does_not_wait_for_longer_than_it_has_patience(ask: Ask):
    with pytest.raises(RegistryError, match="asks to wait 3600 s") as caught:
        ask(Script([(429, {"retry-after": "3600"}, b"slow")]))

    assert caught.value.status == 429


def test_it_gives_up_after_some_attempts(ask: Ask):
    script = Script([(429, {"retry-after": "1"}, b"Rate limit exceeded")])

    with pytest.raises(RegistryError, match="Rate limit exceeded"):
        ask(script, retries=2)

    assert len(script.asked) == 3


def test_a_server_that_stumbles_is_asked_again_but_not_told_again(ask: Ask):
    stumbling = [(500, {}, b"oops"), GOOD]

    assert ask(Script(stumbling))[0] == b"good"
    with pytest.raises(RegistryError, match="oops"):
        ask(Script(stumbling), method="POST")


def test_what_was_refused_for_being_too_much_may_be_told_again(ask: Ask):
    assert ask(Script([(429, {"retry-after": "1"}, b""), GOOD]), method="POST")[0] == b"good"


def test_a_refusal_is_the_words_of_the_registry_without_control_characters(ask: Ask):
    script = Script([(404, {}, b"Skill\x1b[31m not found")])

    with pytest.raises(RegistryError, match=r"^Skill \[31m not found \(404\)$"):
        ask(script)
    assert len(script.asked) == 1


def test_a_download_that_breaks_off_is_an_error_and_asked_again(ask: Ask):
    script = Script([GOOD], promised=100)

    with pytest.raises(RegistryError, match="cannot reach"):
        ask(script, retries=1)
    assert len(script.asked) == 2


def test_more_bytes_than_expected_are_not_read(ask: Ask):
    with pytest.raises(RegistryError, match="more than 1,000 bytes"):
        ask(Script([(200, {}, b"x" * 1_001)]))


def test_a_server_that_drips_runs_out_of_time(ask: Ask):
    with pytest.raises(RegistryError, match="took longer"):
        ask(Script([(200, {}, b"x" * 400)], pause=0.02), request=0.2)


def test_a_server_that_says_nothing_runs_out_of_time(ask: Ask):
    with pytest.raises(RegistryError, match="cannot reach"):
        ask(Script([GOOD], pause=0.6), silence=0.2, retries=0)


def test_an_answer_that_was_compressed_unasked_is_refused(ask: Ask):
    with pytest.raises(RegistryError, match="compressed"):
        ask(Script([(200, {"content-encoding": "gzip"}, b"xxxx")]))


def test_nobody_there_is_an_error_that_says_so(ask: Ask):
    with (
        Transport("http://127.0.0.1:9", patience=Patience(retries=0)) as transport,
        pytest.raises(RegistryError, match=r"cannot reach http://127\.0\.0\.1:9/x"),
    ):
        transport.ask(Question("GET", "/x"))


def test_an_answer_is_kept_and_asked_for_by_its_etag(ask: Ask, tmp_path):
    first = Script([(200, {"etag": '"1"', "content-type": "text/x"}, b"one"), (304, {}, b"")])
    waits: list[float] = []
    with serving(first) as url, Transport(url, cache=tmp_path, sleep=waits.append) as transport:
        one = transport.ask(Question("GET", "/x"))
        again = transport.ask(Question("GET", "/x"))

    assert (one.body, again) == (b"one", one)
    assert [asked.get("if-none-match") for asked in first.asked] == [None, '"1"']


def test_a_damaged_cache_is_no_cache(ask: Ask, tmp_path):
    script = Script([(200, {"etag": '"1"'}, b"one"), (200, {"etag": '"1"'}, b"two")])
    with serving(script) as url, Transport(url, cache=tmp_path) as transport:
        transport.ask(Question("GET", "/x"))
        for kept in tmp_path.iterdir():
            kept.write_bytes(kept.read_bytes().replace(b"one", b"bad"))
        assert transport.ask(Question("GET", "/x")).body == b"two"

    assert "if-none-match" not in script.asked[1]


def test_what_one_may_see_with_a_token_is_not_shown_to_another(tmp_path):
    script = Script([(200, {"etag": '"1"'}, b"secret"), (200, {}, b"public")])
    with serving(script) as url:
        with Transport(url, "clh_one", cache=tmp_path) as transport:
            transport.ask(Question("GET", "/x"))
        with Transport(url, None, cache=tmp_path) as transport:
            assert transport.ask(Question("GET", "/x")).body == b"public"


def test_the_token_goes_to_the_registry_and_not_where_it_redirects_to():
    other = Script([GOOD])
    with serving(other) as elsewhere:
        script = Script([(302, {"location": f"{elsewhere}/y"}, b"")])
        with serving(script) as url, Transport(url, "clh_secret") as transport:
            transport.ask(Question("GET", "/x"))
            transport.ask(Question("POST", f"{elsewhere}/up", body=b"data"))

    assert script.asked[0]["authorization"] == "Bearer clh_secret"
    assert not [asked for asked in other.asked if "authorization" in asked]


@pytest.mark.parametrize("url", ["ftp://h/x", "clawhub.ai", "http://clawhub.ai", "https://"])
def test_a_registry_is_spoken_to_in_private(url):
    with pytest.raises(UsageError):
        Transport(url)
