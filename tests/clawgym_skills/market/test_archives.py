"""Hostile and damaged archives are refused before anything is written."""

import io
import lzma
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import ClawGymError, UsageError
from clawgym.files import Files
from clawgym_skills.market.archives import build_zip, unpack
from clawgym_skills.market.bundle import MIB, UnsafeBundleError
from tests.clawgym_skills.market.shop import demo_files


def zipped(*entries: tuple[str, bytes], mode: int | None = None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if mode is not None:
                info.external_attr = mode << 16
            archive.writestr(info, data)
    return target.getvalue()


def tarred(*members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


HOSTILE_NAMES = [
    "../outside",
    "a/../../outside",
    "/etc/passwd",
    "C:/windows",
    "a//b",
    "a/./b",
    "a/\nb",
    "a/\x1b[2J",
    "nul.txt",
    "a/trailing.",
    "x" * 300,
    "/".join("d" * 40) + "/f",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_no_system_should_write_is_refused_in_a_zip(name):
    with pytest.raises(UnsafeBundleError):
        unpack(zipped(("SKILL.md", b"x"), (name, b"x")), "it")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_and_in_a_tar(name):
    with pytest.raises(UnsafeBundleError):
        unpack(tarred((member("SKILL.md"), b"x"), (member(name), b"x")), "it")


def test_a_backslash_in_a_zip_is_refused():
    data = zipped(("a_b", b"x")).replace(b"a_b", b"a\\b")

    with pytest.raises(UnsafeBundleError, match="backslash"):
        unpack(data, "it")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_in_a_zip_is_refused(mode):
    with pytest.raises(UnsafeBundleError, match="link or a device"):
        unpack(zipped(("SKILL.md", b"/etc/passwd"), mode=mode), "it")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_a_link_or_device_in_a_tar_is_refused(kind):
    with pytest.raises(UnsafeBundleError, match="link or a device"):
        unpack(tarred((member("SKILL.md", kind, "/etc/passwd"), b"")), "it")


@pytest.mark.parametrize("other", ["skill.MD", "SKILL.md/x"])
def test_names_that_are_one_name_elsewhere_are_refused(other):
    with pytest.raises(UnsafeBundleError):
        unpack(zipped(("SKILL.md", b"x"), (other, b"x")), "it")


def test_names_that_only_composition_tells_apart_are_refused():
    with pytest.raises(UnsafeBundleError, match="one name"):
        unpack(zipped(("\u00e9.md", b"x"), ("e\u0301.md", b"x")), "it")


def test_a_name_that_appears_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("SKILL.md", b"x"), ("SKILL.md", b"y"))

    with pytest.raises(UnsafeBundleError, match="twice"):
        unpack(data, "it")


def test_a_zip_bomb_is_refused_without_unpacking_it():
    with pytest.raises(UnsafeBundleError, match="too big"):
        unpack(zipped(("SKILL.md", b"x"), ("bomb", b"\0" * (11 * MIB))), "it")


def test_many_files_that_are_too_much_together_are_refused():
    parts = [(f"part{n}", b"\0" * (9 * MIB)) for n in range(6)]

    with pytest.raises(UnsafeBundleError, match="too big"):
        unpack(zipped(*parts), "it")


def test_a_compressed_tar_bomb_is_refused():
    data = lzma.compress(b"\0" * (80 * MIB))

    with pytest.raises(UnsafeBundleError, match="MiB when unpacked"):
        unpack(data, "it")


def test_an_xz_that_asks_for_too_much_memory_is_refused():
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 * MIB}]
    compressor = lzma.LZMACompressor(format=lzma.FORMAT_XZ, filters=filters)
    header = compressor.compress(b"x")  # its first block says how much memory it needs
    data = header + compressor.flush()

    with pytest.raises(UnsafeBundleError, match="damaged"):
        unpack(data, "it")


def test_too_many_entries_are_refused_by_the_table_of_contents():
    with pytest.raises(UnsafeBundleError, match="entries"):
        unpack(zipped(*((f"f{n}", b"") for n in range(2_001))), "it")


def test_an_encrypted_entry_is_refused():
    data = bytearray(zipped(("SKILL.md", b"x")))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(UnsafeBundleError, match="encrypted"):
        unpack(bytes(data), "it")


@pytest.mark.parametrize("kept", [10, 60, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["zip", "gz", "xz", "bz2"])
def test_a_truncated_archive_is_refused(kind, kept):
    files = demo_files(big="".join(chr(32 + n * 7919 % 90) for n in range(20_000)))
    data = build_zip(files)
    if kind != "zip":
        data = tarred(
            *((member(path), file.data) for path, file in files.items()), mode=f"w:{kind}"
        )
    cut = kept if isinstance(kept, int) else int(len(data) * kept)

    with pytest.raises((UnsafeBundleError, UsageError)):
        unpack(data[:cut], "it")


def test_something_else_is_no_archive():
    with pytest.raises(UsageError, match="no ZIP and no tar"):
        unpack(b"#!/bin/sh\necho hello\n", "it")


def test_what_is_no_part_of_a_skill_is_left_out():
    noise = ("__MACOSX/._SKILL.md", b"x"), (".git/config", b"x"), ("node_modules/a.js", b"x")

    assert list(unpack(zipped(("SKILL.md", b"x"), *noise), "it")) == ["SKILL.md"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tars_keep_who_may_be_executed(mode):
    script = member("./run.sh")
    script.mode = 0o755
    files = unpack(tarred((member("./SKILL.md"), b"x"), (script, b"y"), mode=mode), "it")

    assert [(path, file.executable) for path, file in files.items()] == [
        ("SKILL.md", False),
        ("run.sh", True),
    ]


def test_a_zip_is_the_same_every_time_and_in_the_order_of_clawhub():
    files = demo_files(**{"README.md": "r", "_extra.json": "{}"})
    data = build_zip(files)

    assert data == build_zip(Files(dict(reversed(list(files.items())))))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names == ["_extra.json", "README.md", "references/a.md", "SKILL.md"]


def test_a_zip_names_its_version_when_asked():
    meta = {"ownerId": "o", "slug": "demo-skill", "version": "1.0.0", "publishedAt": 1}
    files = unpack(build_zip(demo_files(), dict(meta)), "it")

    assert files["_meta.json"].data.decode().splitlines()[1] == '  "ownerId": "o",'


SEGMENT = st.text(st.sampled_from("abcxyzABC019-_é"), min_size=1, max_size=8)
PATH = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(PATH, st.binary(max_size=200), min_size=1, max_size=6))
def test_what_is_packed_is_unpacked_or_refused_for_a_reason(content):
    try:
        files = Files(content)
    except ValueError:
        return
    try:
        back = unpack(build_zip(files), "it")
    except UnsafeBundleError as error:
        reason = str(error)
    else:
        reason = ""
        assert back == files
    assert not reason or "one name" in reason or "file name" in reason


@given(st.binary(max_size=400))
def test_any_bytes_are_an_archive_or_our_own_error(data):
    for head in (b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00"):
        with pytest.raises(ClawGymError):
            unpack(head + data, "it")
