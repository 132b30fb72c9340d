"""Papers: files of folders hold what their names promise, in forms that programs can open."""

import random
import re
import struct
import zlib
from datetime import date

import pytest

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.world import World, domains
from synth.world.folders import make_folder, rewritten
from synth.world.papers import content, papers
from synth.world.scans import jpeg, pdf, png

SEEDS = range(12)


def world(seed: int) -> World:
    domain = random.Random(seed).choice(domains())
    return World(domain, ArtifactKind.TABLE, Knobs(3), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_png_has_whole_chunks_and_all_of_its_pixels(seed: int):
    data = png(random.Random(seed))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, parts = 8, dict[bytes, bytes]()
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size) == (zlib.crc32(kind + body),)
        parts[kind], at = body, at + 12 + size
    width, height = struct.unpack_from(">II", parts[b"IHDR"])
    assert len(zlib.decompress(parts[b"IDAT"])) == (width + 1) * height


@pytest.mark.parametrize("seed", SEEDS)
def test_a_jpeg_has_a_block_for_every_eight_pixels(seed: int):
    data = jpeg(random.Random(seed))
    assert data.startswith(b"\xff\xd8\xff\xe0")
    assert data.endswith(b"\xff\xd9")
    height, width = struct.unpack_from(">HH", data, data.index(b"\xff\xc0") + 5)
    scan = data[data.index(b"\xff\xda") + 10 : -2].replace(b"\xff\0", b"\xff")
    bits, blocks = "".join(f"{byte:08b}" for byte in scan), 0
    while len(bits) >= 8 or (bits and set(bits) != {"1"}):
        size = int(bits[:4], 2)
        assert size <= 8
        assert bits[4 + size] == "0"  # nothing but the grey of the block
        bits, blocks = bits[5 + size :], blocks + 1
    assert blocks == width // 8 * (height // 8)


def test_a_pdf_knows_where_its_objects_are():
    data = pdf(["Invoice (1)", "für Ana"])
    table = int(re.findall(rb"startxref\n(\d+)", data)[0])
    assert data[table:].startswith(b"xref")
    for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n", data), 1):
        assert data[int(place) :].startswith(b"%d 0 obj" % number)
    assert rb"(Invoice \(1\)) Tj" in data


def test_papers_are_of_about_their_day():
    rng, place = random.Random(1), world(1)
    for kind in papers():
        for ending in {*kind.ends} - {"png", "jpg"}:
            text = content(rng, place, kind, ending, date(2026, 5, 20)).decode("latin-1")
            days = re.findall(r"20\d\d-\d\d-\d\d", text)
            assert all("2026-04-29" <= day <= "2026-06-20" for day in days)


def test_folders_hold_no_domain_words_as_if_they_were_people():
    for seed in SEEDS:
        place = world(seed)
        data = b"".join(make_folder(place.rng("folder"), place).contents.values())
        assert b"asked for a copy" not in data


def test_a_file_that_was_worked_on_stays_what_it_is():
    data = rewritten(random.Random(2), world(2), "old/2026-03-02_petty_cash (1).csv")
    assert data.startswith(b"date,what,paid_by,amount")
    assert b"2026-0" in data
