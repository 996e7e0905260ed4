"""What a world says has changed is exactly the difference between its tables and fresh ones."""

import pytest

from environment.judge.references import run_in_process
from environment.oracles.official import oracle_of
from environment.tasks.loader import load_task
from environment.world_host import WorldHost


def by_comparison(before, after):
    """The same by reading both worlds whole."""
    found = {}
    for name, rows in after.items():
        were = {tuple(row.items()) for row in before[name]}
        are = {tuple(row.items()) for row in rows}
        old = [row for row in before[name] if tuple(row.items()) not in are]
        new = [row for row in rows if tuple(row.items()) not in were]
        if old or new:
            found[name] = (old, new)
    return found


@pytest.mark.parametrize("key", ["399", "404", "409", "580", "610", "719", "731"])
def test_changes_are_the_difference_of_the_tables(key):
    task = load_task(key)
    fresh, host = WorldHost.open(task.worlds), WorldHost.open(task.worlds)
    run_in_process(task, oracle_of(key), host)
    said = {name: (list(c.before), list(c.after)) for name, c in host.changes()["reddit"].items()}
    assert said
    assert said == by_comparison(fresh.tables()["reddit"], host.tables()["reddit"])


def test_a_world_that_was_only_read_has_no_changes():
    task = load_task("27")
    host = WorldHost.open(task.worlds)
    run_in_process(task, oracle_of("27"), host)
    assert host.changes() == {"reddit": {}}


def test_asking_for_changes_does_not_change_anything_and_may_be_repeated():
    task = load_task("404")
    host = WorldHost.open(task.worlds)
    run_in_process(task, oracle_of("404"), host)
    digest = host.digest()
    assert host.changes() == host.changes()
    assert host.digest() == digest


def test_a_restored_world_has_no_changes():
    task = load_task("404")
    host = WorldHost.open(task.worlds)
    run_in_process(task, oracle_of("404"), host)
    host.restore()
    assert host.changes() == {"reddit": {}}
