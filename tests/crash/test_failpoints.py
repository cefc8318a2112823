# SPDX-License-Identifier: Apache-2.0
"""Goal: a death at each named step of upload, commit, delete and recovery loses nothing that was
acknowledged and leaves nothing behind (RELIABILITY C2).

Method: the names are read from core/base/failpoint.h, so a new one without a scenario fails. For
each, a daemon is armed by HAWSER_FAILPOINT=name:count, led to that place, and must die there by
SIGKILL; a place that is never reached fails. Then the same checks as in test_kill.py.
"""
import random
import re
import signal

import pytest

import datadir
import tus
from hawser import CHUNK, KIB, MIB, ROOT, Daemon, seed_of, wait_until
from ledger import Ledger

HEADER = ROOT / 'core/base/failpoint.h'
DEATH_TIMEOUT_S = 30


def names():
    text = HEADER.read_text()
    table = text[text.index('#define HW_FAILPOINT_LIST'):text.index('#define HW_FAILPOINT_ENUM')]
    return re.findall(r'\bX\((\w+)\)', table)


# -- scenarios: what leads to the place; each may be cut anywhere --------------------------------

def upload_small(daemon, ledger):
    for size in (1, 20 * KIB, 300 * KIB):
        ledger.upload(daemon, size % 1000, size)


def upload_many_chunks(daemon, ledger):
    """More than one batch of 16 chunks: the catalog is told of an unfinished file."""
    files = ledger.files
    with daemon.wire() as wire:
        wire.request('PUT', '/large', [('Content-Length', str(17 * CHUNK))])
        for index in range(17):
            wire.send(files.window(index, CHUNK))
        wire.answer('PUT')


def upload_in_pieces(daemon, ledger):
    """The upload that was under way goes on in the next life."""
    upload = tus.Upload(daemon, ledger.kept[0].share, 'pieces', ledger.files.window(5, 6 * MIB))
    ledger.uploads.append(upload)
    upload.finish()


def delete(daemon, ledger):
    for promise in list(ledger.kept[-3:]):
        ledger.delete(daemon, promise)
    wait_until(lambda: daemon.metrics()['hawser_extents_punched_total'] >= 3, DEATH_TIMEOUT_S)


def fill_segments(daemon, ledger):
    """Segments of 16 MiB: some become full and are sealed."""
    for index in range(8):
        ledger.upload(daemon, 2000 + index, 6 * MIB)


def fill_and_delete(daemon, ledger):
    """... and empty: they are unlinked."""
    fill_segments(daemon, ledger)
    for promise in list(ledger.kept):
        ledger.delete(daemon, promise)
    # Asked by way of the daemon, so that its death is seen.
    wait_until(lambda: daemon.metrics() and len(datadir.segments(daemon.data)) <= 2,
               DEATH_TIMEOUT_S)


SCENARIOS = {
    'segment_created': upload_small,
    'extent_reserved': upload_small,
    'slab_written': upload_small,
    'leaves_written': upload_small,
    'segment_synced': upload_small,
    'append_before_commit': upload_many_chunks,
    'append_after_commit': upload_many_chunks,
    'commit_before_commit': upload_small,
    'commit_after_commit': upload_small,
    'put_before_reply': upload_small,
    'tus_before_reply': upload_in_pieces,
    'delete_before_commit': delete,
    'delete_after_commit': delete,
    'extent_dropped': delete,
    'extent_punched': delete,
    'segment_sealed': fill_segments,
    'segment_unlinked': fill_and_delete,
    'recovery_opened': None,  # reached by the start itself
    'recovery_forgot': None,
    'recovery_punched': None,
}
# Later hits too, where the first is not the only kind: in a second file, in the middle of a group.
COUNTS = {
    'extent_reserved': (1, 3), 'slab_written': (1, 3), 'leaves_written': (1, 2),
    'segment_synced': (1, 2), 'commit_before_commit': (1, 2), 'commit_after_commit': (1, 3),
    'put_before_reply': (1, 3), 'tus_before_reply': (1, 2, 4, 7),
    'delete_before_commit': (1, 2), 'delete_after_commit': (1, 3),
    'extent_punched': (1, 3), 'recovery_opened': (1, 2), 'recovery_punched': (1, 2),
}


def died(daemon):
    """The daemon died at its failpoint, not by a bug."""
    code = daemon.process.wait(DEATH_TIMEOUT_S)
    assert code == -signal.SIGKILL, f'ended with {code}: {daemon.text()[-3000:]}'
    daemon.kill()


def prepare(daemon, ledger):
    """Files that must survive, and rubbish for recovery: an upload that never ends, holes."""
    daemon.start()
    for index in range(6):
        ledger.upload(daemon, index, 2 * MIB + index)
    ledger.delete(daemon, ledger.kept[1])
    ledger.delete(daemon, ledger.kept[3])


def leave_rubbish(daemon, ledger):
    """Die in the middle of a large upload, with chunks in the catalog and more in the segment."""
    with daemon.wire() as wire:
        wire.request('PUT', '/never', [('Content-Length', str(40 * CHUNK))])
        for index in range(18):
            wire.send(ledger.files.window(index, CHUNK))
        wait_until(lambda: daemon.metrics()['hawser_segment_write_bytes_total'] > 17 * CHUNK)
        daemon.kill()


def lead(daemon, ledger, scenario):
    """Run the scenario until the daemon is gone. Returns whether it went."""
    try:
        scenario(daemon, ledger)
    except (OSError, AssertionError):
        wait_until(lambda: daemon.process.poll() is not None, DEATH_TIMEOUT_S, 'the death')
        return True
    try:
        wait_until(lambda: daemon.process.poll() is not None, 3)
    except AssertionError:
        return False
    return True


def test_every_name_has_a_scenario():
    assert set(names()) == set(SCENARIOS), 'core/base/failpoint.h and this file differ'
    assert set(COUNTS) <= set(SCENARIOS)


@pytest.fixture(scope='module')
def has_failpoints(tmp_path_factory):
    """A release build has none: there is nothing to test in it."""
    daemon = Daemon(tmp_path_factory.mktemp('probe'), env={'HAWSER_FAILPOINT': 'recovery_opened'})
    daemon.launch()
    try:
        wait_until(lambda: daemon.process.poll() is not None or '"ready"' in daemon.text(),
                   DEATH_TIMEOUT_S)
        if daemon.process.poll() != -signal.SIGKILL:
            pytest.skip('built without HW_FAILPOINTS')
    finally:
        daemon.end()


@pytest.mark.parametrize('name, count', [
    (name, count) for name in SCENARIOS for count in COUNTS.get(name, (1,))])
def test_failpoint(folder, has_failpoints, name, count):
    seed = seed_of(f'{name}:{count}')
    ledger = Ledger(seed)
    daemon = Daemon(folder, segment_size='16MiB', reactors='1')
    daemon.is_dying = False
    try:
        prepare(daemon, ledger)
        if SCENARIOS[name] is None:
            leave_rubbish(daemon, ledger)
            daemon.env = {'HAWSER_FAILPOINT': f'{name}:{count}'}
            daemon.launch()
        else:
            daemon.stop()
            daemon.env = {'HAWSER_FAILPOINT': f'{name}:{count}'}
            daemon.start()
            assert lead(daemon, ledger, SCENARIOS[name]), f'{name} was never reached'
        died(daemon)
        daemon.env = {}
        daemon.start()
        faults = ledger.faults(daemon)
        assert not faults, f'seed {seed}: {faults}'
        ledger.settle(daemon)
        for upload in ledger.uploads:  # at least what was acknowledged is there
            upload.finish()
            upload.check()
        daemon.stop()
        if ledger.uploads:
            daemon.start()  # what was written after the start is cut to its size
            daemon.stop()
        faults = datadir.faults(daemon.data)
        assert not faults, f'seed {seed}: {faults}'
        daemon.start()  # and it goes on: what is freed is used again
        ledger.upload(daemon, 77, 9 * MIB, random.Random(seed))
        assert ledger.faults(daemon) == []
        daemon.stop()
    finally:
        daemon.end()


def test_a_place_that_is_not_reached_is_seen(folder, has_failpoints):
    """The harness can fail: this scenario deletes nothing."""
    ledger = Ledger(seed_of('not reached'))
    daemon = Daemon(folder, reactors='1', env={'HAWSER_FAILPOINT': 'delete_after_commit'})
    daemon.is_dying = False
    try:
        daemon.start()
        assert not lead(daemon, ledger, upload_small)
        daemon.stop()
    finally:
        daemon.end()


@pytest.mark.parametrize('setting', ['nonsense', 'segment_synced:', 'segment_synced:0',
                                     'segment_synced:x', 'segment_synced:-1', ':1'])
def test_a_wrong_name_stops_the_start(folder, has_failpoints, setting):
    daemon = Daemon(folder, env={'HAWSER_FAILPOINT': setting})
    daemon.launch()
    try:
        assert daemon.process.wait(20) == 1
        assert 'HAWSER_FAILPOINT' in daemon.text()
    finally:
        daemon.end()
