"""What is kept of a stream, and waiting against cancellation."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.sandbox._process import Kept, to_the_end


@given(pieces=st.lists(st.binary(max_size=30), max_size=20), limit=st.integers(0, 50))
def test_both_ends_of_a_stream_are_kept(pieces: list[bytes], limit: int) -> None:
    kept = Kept(limit)
    for piece in pieces:
        kept.feed(piece)
    whole = b"".join(pieces)
    head, tail = limit - limit // 2, limit // 2
    expected = whole if len(whole) <= limit else whole[:head] + whole[len(whole) - tail :]
    assert kept.data == expected
    assert kept.total == len(whole)


async def test_waiting_to_the_end_outlasts_repeated_cancellation() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.1)
        done.set()

    waiter = asyncio.create_task(to_the_end(asyncio.create_task(work())))
    for _ in range(3):
        await asyncio.sleep(0.01)
        waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert done.is_set()
