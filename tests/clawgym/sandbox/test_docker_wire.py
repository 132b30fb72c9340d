"""The streams between harness and container survive being cut anywhere."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.sandbox.docker.channel import FrameReader
from clawgym.sandbox.docker.wire import (
    CHUNK,
    DATA,
    DIRECTORY,
    FILE,
    LINK,
    LONGEST,
    MessageReader,
    ProtocolError,
    Record,
    RecordReader,
    message,
    messages,
)

CUTS = st.lists(st.integers(1, 40), min_size=1)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=80)))


@given(FRAMES, CUTS)
def test_frames_are_found_wherever_the_stream_is_cut(
    frames: list[tuple[int, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(struct.pack(">BxxxL", kind, len(data)) + data for kind, data in frames)
    reader = FrameReader()
    found = {1: b"", 2: b""}
    for piece in cut(stream, sizes):
        for kind, data in reader.feed(piece):
            found[kind] += data
    for kind in (1, 2):
        assert found[kind] == b"".join(data for stream, data in frames if stream == kind)


MESSAGES = st.lists(
    st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=80))
)


@given(MESSAGES, CUTS)
def test_messages_are_found_wherever_the_stream_is_cut(
    sent: list[tuple[int, int, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(message(*one) for one in sent)
    reader = MessageReader()
    assert [one for piece in cut(stream, sizes) for one in reader.feed(piece)] == sent


def test_a_long_payload_is_several_messages() -> None:
    payload = bytes(2 * CHUNK + 1)
    found = [part for framed in messages(DATA, 7, payload) for part in MessageReader().feed(framed)]
    assert [len(data) for _, _, data in found] == [CHUNK, CHUNK, 1]
    assert {(kind, call) for kind, call, _ in found} == {(DATA, 7)}


def test_a_message_that_claims_to_be_huge_is_refused() -> None:
    with pytest.raises(ProtocolError):
        list(MessageReader().feed(struct.pack(">BII", DATA, 1, LONGEST + 1)))


NAMES = st.binary(min_size=1, max_size=20)
EMPTY = st.just(b"")
RECORDS = st.lists(
    st.one_of(
        st.tuples(st.tuples(st.just(DIRECTORY), NAMES, st.integers(0, 0o7777)), EMPTY),
        st.tuples(st.tuples(st.just(LINK), NAMES, st.just(0), st.just(5), EMPTY, NAMES), EMPTY),
        st.tuples(st.tuples(st.just(FILE), NAMES), st.binary(max_size=80)),
    ).map(lambda entry: (Record(*entry[0])._replace(size=len(entry[1])), entry[1]))
)


@given(RECORDS, CUTS)
def test_records_and_contents_are_found_wherever_the_stream_is_cut(
    entries: list[tuple[Record, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(record.pack() + data for record, data in entries)
    reader = RecordReader(contents=True)
    found: list[tuple[Record, bytes]] = []
    for piece in cut(stream, sizes):
        for part in reader.feed(piece):
            if isinstance(part, Record):
                found.append((part, b""))
            else:
                found[-1] = (found[-1][0], found[-1][1] + part)
    assert found == entries
    assert reader.complete


def test_a_tree_that_breaks_off_is_noticed() -> None:
    reader = RecordReader(contents=True)
    list(reader.feed(Record(FILE, b"a", size=2).pack() + b"x"))
    assert not reader.complete
