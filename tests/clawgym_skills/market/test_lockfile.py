"""`lock.json` and `origin.json`, byte for byte as the clawhub CLI 0.23.3 writes them."""

import pytest

from clawgym.errors import UsageError
from clawgym_skills.market.lockfile import Lock, LockEntry, Origin

LOCK = """{
  "version": 1,
  "skills": {
    "@alice/csv-analysis": {
      "version": "1.0.0",
      "installedAt": 1795235870472,
      "ownerHandle": "alice",
      "pinned": true,
      "pinReason": "why — “so”"
    },
    "my-skill": {
      "version": "1.0.1",
      "installedAt": 1795235870999,
      "ownerHandle": "alice"
    }
  }
}
"""
ORIGIN = """{
  "version": 1,
  "registry": "http://127.0.0.1:8699",
  "slug": "csv-analysis",
  "ownerHandle": "alice",
  "installedVersion": "1.0.0",
  "installedAt": 1795235870472,
  "fingerprint": "4d8d03addb8334a222bca85bf00b9dac0bb58b4564b24cf4c0eaef7f39024530"
}
"""


@pytest.fixture
def workdir(tmp_path):
    path = tmp_path / ".clawhub" / "lock.json"
    path.parent.mkdir()
    path.write_text(LOCK, "utf-8")
    return tmp_path


def written(workdir) -> str:
    return (workdir / ".clawhub/lock.json").read_text("utf-8")


def test_a_lock_is_written_as_it_was_read(workdir):
    Lock.read(workdir).write()

    assert written(workdir) == LOCK


def test_the_steps_of_the_cli_give_its_bytes(tmp_path):
    lock = Lock.read(tmp_path)
    lock.put("@alice/csv-analysis", LockEntry("1.0.0", 1795235870472, "alice"))
    lock.put("my-skill", LockEntry("1.0.1", 1795235870999, "alice"))
    lock.pin("@alice/csv-analysis", "why — “so”")
    lock.write()

    assert written(tmp_path) == LOCK


def test_an_empty_lock_has_its_bytes_too(tmp_path):
    Lock.read(tmp_path).write()

    assert written(tmp_path) == '{\n  "version": 1,\n  "skills": {}\n}\n'


def test_a_slug_of_digits_comes_first_as_in_javascript(tmp_path):
    lock = Lock.read(tmp_path)
    for key in ("b-skill", "1000", "200"):
        lock.put(key, LockEntry("1.0.0", 1))
    lock.write()

    assert list(Lock.read(tmp_path)) == ["200", "1000", "b-skill"]


def test_an_entry_keeps_its_place_and_what_others_wrote_beside_it(workdir):
    path = workdir / ".clawhub/lock.json"
    path.write_text(LOCK.replace('"version": "1.0.1"', '"version": "1.0.1",\n      "x": [1, {}]'))
    lock = Lock.read(workdir)
    lock.put("@alice/csv-analysis", LockEntry("2.0.0", 5, "alice"))
    lock.write()

    assert list(Lock.read(workdir)) == ["@alice/csv-analysis", "my-skill"]
    assert '"x": [\n        1,\n        {}\n      ]' in written(workdir)


def test_unpinning_takes_the_reason_along(workdir):
    lock = Lock.read(workdir)
    lock.unpin("@alice/csv-analysis")

    assert lock.entry("@alice/csv-analysis") == LockEntry("1.0.0", 1795235870472, "alice")


def test_the_folder_of_older_versions_is_read(workdir):
    (workdir / ".clawhub").rename(workdir / ".clawdhub")

    assert "my-skill" in Lock.read(workdir)


def test_a_skill_that_an_older_installer_keyed_by_its_slug_is_found(workdir):
    lock = Lock.read(workdir)

    assert lock.key_of("my-skill", "alice") == "my-skill"
    assert lock.key_of("my-skill", "bob") == "@bob/my-skill"
    assert lock.key_of("other", None) == "other"


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "skills": {}}', '{"version": 1}'])
def test_what_is_no_lock_is_not_overwritten(workdir, text):
    (workdir / ".clawhub/lock.json").write_text(text)

    with pytest.raises(UsageError, match="repair it or remove it"):
        Lock.read(workdir)


def test_an_origin_is_read_and_written_as_the_cli_does(tmp_path):
    (tmp_path / ".clawhub").mkdir()
    (tmp_path / ".clawhub/origin.json").write_text(ORIGIN)
    origin = Origin.read(tmp_path)

    assert origin is not None
    assert origin.to_bytes().decode() == ORIGIN
    assert origin.owner == "alice"


@pytest.mark.parametrize(
    "text", ['{"version": 2}', '{"version": 1, "registry": "r", "slug": "s"}', "{}"]
)
def test_what_names_no_version_is_no_origin(tmp_path, text):
    (tmp_path / ".clawhub").mkdir()
    (tmp_path / ".clawhub/origin.json").write_text(text)

    assert Origin.read(tmp_path) is None
