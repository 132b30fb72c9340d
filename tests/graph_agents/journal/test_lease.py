"""Leases: one process writes a session, and a dead one holds nothing."""

import subprocess
import sys
import time

import pytest

from clawgym.errors import SessionBusyError
from graph_agents.journal import Leases, Store

HOLD = """
import sys
from pathlib import Path
from graph_agents.journal import Leases, Store
Leases(Store(Path(sys.argv[1]))).take("s")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lease_is_held_by_one_and_can_be_given_back(store):
    mine, other = Leases(store), Leases(store)
    mine.take("s")
    mine.take("s")
    with pytest.raises(SessionBusyError):
        other.take("s")
    other.take("t")
    mine.release()
    other.take("s")


def test_the_lease_of_another_process_ends_with_it(store):
    command = [sys.executable, "-c", HOLD, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(SessionBusyError, match=str(holder.pid)):
            Leases(store).take("s")
        holder.kill()
    Leases(store).take("s")


def test_a_process_that_got_the_number_of_a_dead_one_holds_nothing(store):
    Leases(store).take("s")
    store.execute("UPDATE leases SET started = started - 1")
    Leases(store).take("s")


def test_a_holder_on_another_machine_lives_as_long_as_its_heart_beats(store):
    away = Leases(store)
    away.take("s")
    store.execute("UPDATE leases SET boot = 'elsewhere', started = 1")
    with pytest.raises(SessionBusyError):
        Leases(store).take("s")
    store.execute("UPDATE leases SET beat = ?", [time.time() - 3600])
    away.beat()
    with pytest.raises(SessionBusyError):
        Leases(store).take("s")
    store.execute("UPDATE leases SET beat = ?", [time.time() - 3600])
    Leases(store).take("s")


def test_two_who_want_it_at_once_do_not_both_get_it(store, tmp_path):
    with Store(store.path) as second:
        Leases(second).take("s")
        with pytest.raises(SessionBusyError):
            Leases(store).take("s")
