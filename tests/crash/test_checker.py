# SPDX-License-Identifier: Apache-2.0
"""Goal: the crash tests can fail.

Method: a directory that is well is damaged in each way that a daemon could damage it; the checker
must see each. A check that never fires proves nothing.
"""
import os
import sqlite3
import subprocess

import pytest

import datadir
from hawser import MIB, Daemon, seed_of
from ledger import Ledger, Promise, share_of


@pytest.fixture
def world(folder):
    """A stopped daemon with some files, and its ledger."""
    ledger = Ledger(seed_of('checker'))
    daemon = Daemon(folder, reactors='1').start()
    daemon.is_dying = False
    for index in range(5):
        ledger.upload(daemon, index, 3 * MIB + index * 10_000)
    ledger.delete(daemon, ledger.kept[2])
    ledger.upload(daemon, 1, 3 * MIB + 10_000)
    daemon.stop()
    daemon.start()
    assert ledger.faults(daemon) == []
    daemon.stop()
    assert datadir.faults(daemon.data) == []
    yield daemon, ledger
    daemon.end()


def segment_of(daemon):
    return next(iter(datadir.segments(daemon.data).values()))


def change(daemon, text):
    db = sqlite3.connect(daemon.data / 'catalog.db')
    db.execute(text)
    db.commit()
    db.close()


def test_a_lost_file(world):
    daemon, ledger = world
    ledger.kept.append(Promise(share_of('/s/' + 'a' * 26 + '/file'), 0, 5))
    daemon.start()
    assert len(ledger.faults(daemon)) == 1


def test_a_file_with_other_bytes(world):
    daemon, ledger = world
    ledger.kept[0].offset += 1
    daemon.start()
    assert len(ledger.faults(daemon)) == 1


def test_a_delete_that_came_back(world):
    daemon, ledger = world
    ledger.deleted.append(ledger.kept[0])
    daemon.start()
    assert len(ledger.faults(daemon)) == 1


def test_a_tail_nobody_names(world):
    daemon, _ = world
    with open(segment_of(daemon), 'ab') as file:
        file.write(b'x' * 8192)
    assert len(datadir.faults(daemon.data)) >= 1


def test_space_nobody_names(world):
    """A hole that is filled again: an extent that was never punched looks so."""
    daemon, _ = world
    path = segment_of(daemon)
    live = datadir.allocated(path)
    assert live is not None and len(live) >= 2, 'the deleted file left no hole'
    with open(path, 'r+b') as file:
        file.seek(live[0][1])
        file.write(b'x' * 4096)
        file.flush()
        os.fsync(file.fileno())
    assert len(datadir.faults(daemon.data)) == 1


def test_a_hole_in_a_live_extent(world):
    daemon, _ = world
    path = segment_of(daemon)
    first = datadir.allocated(path)[0][0]
    subprocess.run(['fallocate', '--punch-hole', '--offset', str(first + 4096), '--length', '4096',
                    str(path)], check=True)
    assert len(datadir.faults(daemon.data)) == 1


def test_an_orphan_segment(world):
    daemon, _ = world
    path = segment_of(daemon)
    path.with_name('seg-00000099.dat').write_bytes(b'x' * 4096)
    assert len(datadir.faults(daemon.data)) == 1


def test_a_lost_segment(world):
    daemon, _ = world
    os.unlink(segment_of(daemon))
    assert len(datadir.faults(daemon.data)) >= 1


@pytest.mark.parametrize('text', [
    'UPDATE chunk SET refs = refs + 1',
    'UPDATE file SET file_size = file_size + 1, length = length + 1',
    'INSERT INTO file (state, file_size, chunk_count) VALUES (0, 0, 0)',
    'INSERT INTO dropped VALUES (0, 1, 0, 4096)',
    'DELETE FROM chunk',
    "INSERT INTO share (share_id, owner_hash, created_ms) VALUES (randomblob(16), randomblob(32), 0)",
])
def test_a_catalog_that_disagrees(world, text):
    daemon, _ = world
    change(daemon, text)
    assert len(datadir.faults(daemon.data)) >= 1


def test_recovery_mends_what_a_crash_leaves(world):
    """The other way round: damage of the kind that a crash makes is gone after a start."""
    daemon, ledger = world
    path = segment_of(daemon)
    with open(path, 'r+b') as file:
        file.seek(datadir.allocated(path)[0][1])
        file.write(b'x' * 4096)
        file.seek(0, os.SEEK_END)
        file.write(b'x' * 100_000)
    path.with_name('seg-00000099.dat').write_bytes(b'x' * 4096)
    change(daemon, 'INSERT INTO file (state, file_size, chunk_count) VALUES (0, 0, 0)')
    change(daemon, 'INSERT INTO dropped VALUES (0, 1, 0, 4096)')
    daemon.start()
    assert ledger.faults(daemon) == []
    daemon.stop()
    assert datadir.faults(daemon.data) == []
