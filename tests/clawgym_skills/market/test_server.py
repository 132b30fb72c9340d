"""The registry: its rules, its errors in ClawHub's words, its headers and its pages."""

import hashlib
import zipfile
from io import BytesIO

import httpx2
import pytest

from clawgym.errors import UsageError
from clawgym_skills.market.policy import Verdict
from clawgym_skills.market.server.limits import RateLimits
from clawgym_skills.market.server.seeding import seed
from clawgym_skills.market.server.storage import Storage
from clawgym_skills.market.server.tokens import grant
from clawgym_skills.reading import read_skill
from clawgym_skills.records import FindingRecord
from tests.clawgym_skills.market.shop import BOB, TOKEN, demo_files, skill_text

API = "/api/v1"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
BOBS = {"Authorization": f"Bearer {BOB}"}


@pytest.fixture
def http(shop):
    with httpx2.Client(base_url=shop.url, trust_env=False) as client:
        yield client


def upload(http, path="SKILL.md", data=None, headers=AUTH):
    data = skill_text("demo-skill").encode() if data is None else data
    sha256 = hashlib.sha256(data).hexdigest()
    file = {"path": path, "size": len(data), "sha256": sha256, "contentType": "text/markdown"}
    place = http.post(f"{API}/skills/-/upload-url", json=file, headers=headers).json()
    stored = http.post(place["uploadUrl"], content=data, headers=headers).json()
    return {**file, "storageId": stored["storageId"], "uploadTicket": place["uploadTicket"]}


def request(files, **changes):
    return {
        "slug": "demo-skill",
        "displayName": "Demo",
        "version": "1.0.0",
        "changelog": "",
        "acceptLicenseTerms": True,
        "files": files,
        **changes,
    }


def publish(http, files=None, headers=AUTH, **changes):
    files = [upload(http, headers=headers)] if files is None else files
    return http.post(f"{API}/skills", json=request(files, **changes), headers=headers)


def test_the_well_known_file_says_where_the_api_is(http, shop):
    assert http.get("/.well-known/clawhub.json").json()["apiBase"] == shop.url


def test_a_token_says_who_one_is(http):
    assert http.get(f"{API}/whoami", headers=AUTH).json()["user"]["handle"] == "alice"
    for headers in ({}, {"Authorization": "Bearer clh_wrong"}, {"Authorization": "Basic eDp5"}):
        refused = http.get(f"{API}/whoami", headers=headers)
        assert (refused.status_code, refused.text) == (401, "Unauthorized")
        assert refused.headers["content-type"].startswith("text/plain")


def test_without_a_token_nothing_is_published(http):
    assert publish(http, [], headers={}).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"slug": "x"}, 400, "Slug must be at least 3 characters."),
        ({"slug": "admin"}, 400, '"admin" is reserved'),
        ({"version": "1.0"}, 400, "Version must be valid semver"),
        ({"displayName": " "}, 400, "Display name required"),
        ({"acceptLicenseTerms": False}, 400, "license terms"),
        ({"ownerHandle": "bob"}, 403, "You cannot publish as @bob"),
        ({"files": []}, 400, "SKILL.md is required"),
        ({"topics": ["a"] * 6}, 400, "At most 5 topics"),
        ({"version": 3}, 400, "Invalid request: version"),
    ],
)
def test_a_version_that_breaks_a_rule_is_refused_in_plain_text(http, changes, status, message):
    refused = publish(http, **changes)

    assert (refused.status_code, message in refused.text) == (status, True), refused.text
    assert http.get(f"{API}/skills").json()["items"] == []


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a\\b", "", "x" * 501, "a/./b"])
def test_a_path_that_could_leave_a_folder_is_refused(http, path):
    file = {"path": path, "size": 1, "sha256": "0" * 64}
    refused = http.post(f"{API}/skills/-/upload-url", json=file, headers=AUTH)

    assert (refused.status_code, refused.text) == (400, "Invalid file paths")


def test_sizes_have_limits(http):
    files = [{**upload(http), "size": 11 * 1024**2}]
    assert publish(http, files).text == 'File "SKILL.md" exceeds 10MB limit'
    parts = [{**files[0], "path": f"p{n}", "size": 10 * 1024**2} for n in range(6)]
    assert publish(http, [upload(http), *parts]).text == "Skill bundle exceeds 50MB limit"


def test_only_what_was_announced_and_arrived_whole_can_be_published(http):
    file = {"path": "SKILL.md", "size": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    place = http.post(f"{API}/skills/-/upload-url", json=file, headers=AUTH).json()
    url = place["uploadUrl"]

    assert http.post(url, content=b"ab", headers=AUTH).text == "Upload size does not match"
    assert http.post(url, content=b"abd", headers=AUTH).text == "Upload sha256 does not match"
    assert http.post(url, content=b"abc", headers=BOBS).status_code == 404
    named = {"storageId": url.rpartition("/")[2], "uploadTicket": place["uploadTicket"]}
    assert publish(http, [{**file, **named}]).text == 'File "SKILL.md" was not uploaded'


def test_the_ticket_and_the_hash_must_be_those_of_the_upload(http):
    file = upload(http)

    assert "was not uploaded" in publish(http, [{**file, "uploadTicket": "x"}]).text
    assert "not what was uploaded" in publish(http, [{**file, "sha256": "0" * 64}]).text
    assert "was not uploaded" in publish(http, [file], headers=BOBS).text


def test_a_version_is_published_once_and_kept(http):
    assert publish(http).json()["status"] == "published"
    again = publish(http)
    assert (again.status_code, again.text) == (409, "Version 1.0.0 already exists")
    assert publish(http, version="1.1.0", changelog="better").status_code == 200

    versions = http.get(f"{API}/skills/demo-skill/versions").json()["items"]
    assert [(one["version"], one["changelog"]) for one in versions] == [
        ("1.1.0", "better"),
        ("1.0.0", ""),
    ]


def test_latest_does_not_go_back(http):
    publish(http, version="2.0.0")
    publish(http, version="1.0.1", tags=["latest", "lts"])

    detail = http.get(f"{API}/skills/demo-skill").json()
    assert detail["latestVersion"]["version"] == "2.0.0"
    assert detail["skill"]["tags"] == {"latest": "2.0.0", "lts": "1.0.1"}


def test_two_publishers_may_have_the_same_slug(http):
    publish(http)
    publish(http, headers=BOBS)

    ambiguous = http.get(f"{API}/skills/demo-skill")
    assert ambiguous.status_code == 409
    assert ambiguous.json()["code"] == "AMBIGUOUS_SKILL_SLUG"
    assert [m["ref"] for m in ambiguous.json()["matches"]] == [
        "@alice/demo-skill",
        "@bob/demo-skill",
    ]
    named = http.get(f"{API}/skills/demo-skill", params={"ownerHandle": "@Bob"})
    assert named.json()["owner"]["handle"] == "bob"


def test_what_is_not_there_is_said_in_plain_text(http):
    publish(http)

    assert http.get(f"{API}/skills/nothing").text == "Skill not found"
    assert http.get(f"{API}/skills/demo-skill/versions/9.9.9").text == "Version not found"
    missing = http.get(f"{API}/skills/demo-skill/file", params={"path": "x"})
    assert (missing.status_code, missing.text) == (404, "File not found")


def test_a_download_is_a_zip_that_is_the_same_every_time(http):
    publish(http)
    first = http.get(f"{API}/download", params={"slug": "demo-skill"})
    second = http.get(f"{API}/download", params={"slug": "demo-skill", "tag": "latest"})

    assert first.content == second.content
    assert zipfile.ZipFile(BytesIO(first.content)).namelist() == ["SKILL.md"]
    stats = http.get(f"{API}/skills/demo-skill").json()["skill"]["stats"]
    assert stats["downloads"] == 2


def test_what_did_not_change_is_not_sent_again(http):
    publish(http)
    for path in (
        f"{API}/skills",
        f"{API}/download?slug=demo-skill",
        f"{API}/skills/demo-skill/versions",
    ):
        etag = http.get(path).headers["etag"]
        again = http.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


def test_a_file_is_never_shown_as_something_that_a_browser_runs(http):
    publish(http, [upload(http), upload(http, "x.html", b"<script>alert(1)</script>")])
    shown = http.get(f"{API}/skills/demo-skill/file", params={"path": "x.html"})

    assert shown.headers["content-type"] == "text/plain; charset=utf-8"
    assert shown.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("sort", ["updated", "createdAt", "downloads", "name", "nonsense"])
def test_pages_together_are_everything_once(http, sort):
    slugs = [f"skill-{n}" for n in range(5)]
    for slug in slugs:
        publish(http, slug=slug)
    seen, cursor = [], ""
    while True:
        params = {"limit": 2, "sort": sort, "cursor": cursor}
        page = http.get(f"{API}/skills", params=params).json()
        assert len(page["items"]) <= 2
        seen += [item["slug"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert sorted(seen) == slugs


@pytest.mark.parametrize("cursor", ["x", "W10=", "bnVsbA==", "WyJuYW1lIiwgImEiLCAxXQ=="])
def test_a_cursor_that_is_none_is_refused(http, cursor):
    refused = http.get(f"{API}/skills", params={"cursor": cursor})

    assert (refused.status_code, refused.text) == (400, "Invalid cursor")


def test_search_puts_the_name_above_its_beginning_above_words_above_the_summary(http):
    texts = {
        "csv": "Tables.",
        "csv-tools": "Tables.",
        "my-csv": "Tables.",
        "tables-x": "Reads csv files.",
        "unrelated": "Mail.",
    }
    for slug, description in texts.items():
        data = skill_text(slug, description).encode()
        publish(http, [upload(http, data=data)], slug=slug)

    found = http.get(f"{API}/search", params={"q": "csv"}).json()["results"]
    assert [one["slug"] for one in found] == ["csv", "csv-tools", "my-csv", "tables-x"]
    scores = [one["score"] for one in found]
    assert scores == sorted(scores, reverse=True)
    exact = http.get(f"{API}/search", params={"q": "csv", "mode": "exact"}).json()["results"]
    assert [one["slug"] for one in exact] == ["csv"]


@pytest.mark.parametrize("query", ["", '"', "* OR NEAR(", "a" * 2_000, "{x}:", "日本"])
def test_any_query_is_a_query(http, query):
    publish(http)

    assert http.get(f"{API}/search", params={"q": query}).status_code == 200


def test_resolve_knows_files_by_their_fingerprint(http):
    publish(http)
    line = http.get(f"{API}/skills/demo-skill/versions/1.0.0").json()["version"]["files"][0]
    payload = f"{line['path']}:{line['sha256']}"
    params = {"slug": "demo-skill", "hash": hashlib.sha256(payload.encode()).hexdigest()}

    known = http.get(f"{API}/resolve", params=params).json()
    unknown = http.get(f"{API}/resolve", params={**params, "hash": "0" * 64}).json()
    assert (known["match"], unknown["match"]) == ({"version": "1.0.0"}, None)
    assert unknown["latestVersion"] == {"version": "1.0.0"}


def test_what_the_scanner_blocks_cannot_be_had(start_shop):
    shop = start_shop(gate=lambda folder: Verdict("block", (FindingRecord("SC7", "block", "x"),)))
    with httpx2.Client(base_url=shop.url, trust_env=False) as http:
        publish(http)

        moderation = http.get(f"{API}/skills/demo-skill").json()["moderation"]
        assert (moderation["isMalwareBlocked"], moderation["reasonCodes"]) == (True, ["SC7"])
        assert http.get(f"{API}/download", params={"slug": "demo-skill"}).status_code == 403
        assert http.get(f"{API}/search", params={"q": "demo"}).json()["results"] == []
        assert http.get(f"{API}/skills").json()["items"] == []


def test_who_asks_too_often_is_told_how_long_to_wait(start_shop):
    shop = start_shop(limits=RateLimits(read=2))
    with httpx2.Client(base_url=shop.url, trust_env=False) as http:
        first, _, third = (http.get(f"{API}/skills") for _ in range(3))
        other = http.get(f"{API}/skills", headers=AUTH)

    assert first.headers["x-ratelimit-remaining"] == "1"
    assert (third.status_code, third.text) == (429, "Rate limit exceeded")
    assert 1 <= int(third.headers["retry-after"]) <= 60
    assert third.headers["ratelimit-limit"] == "2"
    assert other.status_code == 200


def test_a_body_that_is_too_large_is_not_read(http):
    refused = http.post(f"{API}/skills", content=b"x" * (5 * 1024**2), headers=AUTH)

    assert (refused.status_code, refused.text) == (413, "Request body is too large")


def test_a_damaged_file_is_not_handed_out(http, shop):
    publish(http)
    for blob in (shop.storage.folder / "blobs").glob("*/*"):
        blob.write_text("evil")

    failed = http.get(f"{API}/download", params={"slug": "demo-skill"})
    assert (failed.status_code, failed.text) == (500, "Internal error")


def test_skills_of_a_folder_are_published_once_and_again_when_they_change(tmp_path):
    storage, folder = Storage(tmp_path / "registry"), tmp_path / "demo-skill"
    demo_files().write_to(folder)

    def run():
        return seed(storage, lambda path: Verdict(), [read_skill(folder)], "local")

    assert (run().published, run().unchanged) == (1, 1)
    (folder / "SKILL.md").write_text(skill_text("demo-skill", "Changed."))
    assert run().published == 1


def test_a_token_is_one_publishers(tmp_path):
    storage = Storage(tmp_path)
    grant(storage, "clh_a-long-token", "alice")

    with pytest.raises(UsageError, match="already that of alice"):
        grant(storage, "clh_a-long-token", "bob")
    for token, handle in (("short", "alice"), ("clh_long enough", "alice"), ("clh_x-long", "Ä")):
        with pytest.raises(UsageError):
            grant(storage, token, handle)
