# SPDX-License-Identifier: Apache-2.0
"""Goal: what rots on the disk is found by the running daemon's scrubber and by --check, is said, and
harms nothing else; an upload of the same bytes heals it.

Method: bytes of segments are changed behind the daemon's back, at places that the catalog names.
"""
import json
import os
import random
import signal
import subprocess

import pytest

import datadir
import hawser
from datadir import catalog_copy, chunks, flip
from hawser import BLOCK, CHUNK, KIB, MIB, Bytes, wait_until

FAST = '1GiB'  # a second: tests cannot wait for a week
RATES = {'scrub_rate': FAST, 'scrub_rate_max': FAST}


@pytest.fixture(scope='module')
def files():
    return Bytes(20, 24 * MIB)


def check(daemon, *flags, code=0):
    """hawserd --check: its report, as JSON unless --text is asked for."""
    is_text = '--text' in flags
    words = [word for word in flags if word != '--text'] + ([] if is_text else ['--json'])
    command = [hawser.binary(), '--check', f'--data-dir={daemon.data}', *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                          env=daemon.environment())
    assert done.returncode == code, f'{done.returncode}: {done.stdout}{done.stderr}'
    return done.stdout if is_text else json.loads(done.stdout) if code != 2 else done.stderr


def passes(daemon):
    return daemon.metrics()['hawser_scrub_passes_total']


def wait_for_pass(daemon):
    """A pass that begins after this moment, to its end."""
    before = passes(daemon)
    wait_until(lambda: passes(daemon) >= before + 2, 60, 'a pass')


def test_check_of_a_clean_store(make_daemon, files):
    daemon = make_daemon()
    sizes = [0, 1, BLOCK, BLOCK + 1, 300 * KIB, 5 * MIB]
    for i, size in enumerate(sizes):
        daemon.put(files.window(i, size), f'file-{i}')
    daemon.put(files.window(5, 5 * MIB), 'again')  # stored once
    daemon.stop()
    report = check(daemon)
    assert report['shares'] == report['files'] == len(sizes) + 1
    assert report['unfinished'] == 0 and report['damaged'] == [] and not report['is_torn']
    assert report['chunks'] == len(chunks(daemon)) == 6
    assert report['bytes_live'] == sum(sizes)
    assert report['bytes_on_disk'] == datadir.blocks_allocated(daemon.data)
    text = check(daemon, '--text')
    assert 'damaged chunks       0' in text and 'files                7' in text


def test_check_finds_a_flipped_bit(make_daemon, files):
    daemon = make_daemon()
    daemon.put(files.window(0, 9 * MIB), 'whole.bin')
    share = daemon.put(files.window(7, 6 * MIB), 'broken%20%221%22.bin')
    daemon.put(files.window(7, 6 * MIB), 'twin.bin')
    daemon.stop()
    name = 'broken "1".bin'
    bad = chunks(daemon, name)[1]
    flip(daemon, bad, 77)
    report = check(daemon, code=1)
    assert [(row['shard'], row['segment'], row['offset'], row['size'])
            for row in report['damaged']] == [bad]
    assert [row['name'] for row in report['damaged'][0]['files']] == [name, 'twin.bin']
    assert report['damaged'][0]['files'][0]['share'] == share.id[:6]
    assert share.id not in json.dumps(report), 'an id is the right to read'
    text = check(daemon, '--text', code=1)
    assert name in text and 'whole.bin' not in text and share.id not in text


def test_check_finds_every_flip(make_daemon, files):
    """In the bytes or in the leaves, anywhere: all of them, and nothing else."""
    dice = random.Random(hawser.seed_of('every flip'))
    daemon = make_daemon(reactors='2')
    for i in range(12):
        daemon.put(files.window(i * 1000, dice.choice([1, 5000, BLOCK, 70_000, CHUNK, 5 * MIB])),
                   f'f{i}')
    daemon.stop()
    for _ in range(8):
        there = chunks(daemon)
        bad = dice.sample(there, dice.randrange(1, len(there)))
        flips = []
        for chunk in bad:
            size = chunk[3]
            blocks = -(-size // BLOCK)
            at = dice.randrange(size)
            if blocks > 1 and dice.random() < 0.3:
                at = datadir.page_round(size) + dice.randrange(blocks * 32)
            flips.append((chunk, at))
            flip(daemon, chunk, at)
        report = check(daemon, code=1)
        found = {(row['shard'], row['segment'], row['offset'], row['size'])
                 for row in report['damaged']}
        assert found == set(bad)
        for chunk, at in flips:  # and back
            flip(daemon, chunk, at)


def test_check_finds_what_is_gone(make_daemon, files):
    daemon = make_daemon()
    daemon.put(files.window(0, 5 * MIB), 'lost')
    daemon.stop()
    for path in datadir.segments(daemon.data).values():
        os.unlink(path)
    report = check(daemon, code=1)
    assert report['is_torn'] and len(report['damaged']) == 2
    assert 'repair.refused' in check(daemon, '--repair', code=2)


def test_check_that_cannot(make_daemon, folder):
    daemon = make_daemon()
    assert 'data_dir.busy' in check(daemon, code=2)
    daemon.stop()
    db = daemon.data / 'catalog.db'
    whole = db.read_bytes()
    db.write_bytes(b'not a catalog at all' * 1000)
    assert 'catalog.failed' in check(daemon, code=2)
    db.unlink()
    assert 'catalog.missing' in check(daemon, code=2)
    db.write_bytes(whole)
    check(daemon)
    daemon.data = daemon.data / 'nowhere'
    assert 'data_dir.missing' in check(daemon, code=2)
    assert not daemon.data.exists(), 'looking made it'


def test_repair_gives_space_back(make_daemon, files):
    """Killed in the middle of an upload: segments are preallocated, and hold what nobody names."""
    daemon = make_daemon()
    share = daemon.put(files.window(0, 9 * MIB), 'kept')
    wire = daemon.wire()
    wire.request('PUT', '/half', [('Content-Length', str(20 * MIB))])
    wire.send(files.window(3, 12 * MIB))
    wait_until(lambda: daemon.metrics()['hawser_segment_write_bytes_total'] > 17 * MIB)
    daemon.kill()
    wire.close()
    before = check(daemon)
    assert before['bytes_of_nobody'] > 40 * MIB and before['bytes_given_back'] == 0
    assert datadir.blocks_allocated(daemon.data) == before['bytes_on_disk'], 'looking changed it'
    after = check(daemon, '--repair')
    assert after['bytes_given_back'] > 40 * MIB
    assert after['bytes_on_disk'] == datadir.blocks_allocated(daemon.data)
    assert after['bytes_of_nobody'] < 256 * KIB  # the file system's own
    assert datadir.faults(daemon.data) == []
    daemon.start()
    assert daemon.is_same(share.path, files.window(0, 9 * MIB))
    daemon.stop()


def test_scrub_of_a_clean_store(make_daemon, files):
    daemon = make_daemon(reactors='2', **RATES)
    sizes = [1, BLOCK + 1, 300 * KIB, 9 * MIB]
    for i, size in enumerate(sizes):
        daemon.put(files.window(i, size), f'f{i}')
    wait_for_pass(daemon)
    line = daemon.events('scrub.pass')[-1]
    assert line['bytes'] == sum(sizes) and line['chunks'] == 6
    assert line['damaged'] == line['unreadable'] == 0
    metrics = daemon.metrics()
    assert metrics['hawser_scrub_bytes_total'] >= sum(sizes)
    assert metrics['hawser_scrub_damaged_total'] == 0
    assert metrics['hawser_scrub_cursor_age_seconds'] < 60
    daemon.stop()


def test_scrub_keeps_its_place(make_daemon, files):
    """A pass that is done is not made again by a restart; --check reads all the same."""
    daemon = make_daemon(scrub_days='7')
    share = daemon.put(files.window(0, 9 * MIB))
    daemon.stop()
    daemon.options['scrub_rate'] = daemon.options['scrub_rate_max'] = FAST
    daemon.start()
    wait_for_pass(daemon)
    daemon.stop()
    daemon.options['scrub_rate'] = None
    daemon.start()
    before = daemon.metrics()
    assert daemon.is_same(share.path, files.window(0, 9 * MIB))
    assert before['hawser_scrub_passes_total'] == 0
    daemon.stop()


def test_scrub_is_off(make_daemon, files):
    daemon = make_daemon(scrub_days='0', **RATES)
    daemon.put(files.window(0, MIB))
    assert daemon.metrics()['hawser_scrub_bytes_total'] == 0
    assert not (daemon.data / 'scrub').exists()
    daemon.stop()


def get_is_cut(daemon, path, size):
    """An answer that is an error, or is seen to be incomplete; never wrong bytes."""
    with daemon.wire() as wire:
        wire.request('GET', path)
        head = wire.head()
        if head.status != 200:
            return head.status >= 500
        assert int(head.one('content-length')) == size
        while wire.more():
            pass
        return len(wire.buffer) < size


@pytest.mark.parametrize('moment', ['stopped', 'running'])
def test_scrub_finds_damage(make_daemon, files, moment):
    daemon = make_daemon(reactors='2', **RATES)
    daemon.expected_errors |= {'scrub.damaged', 'extent.corrupt', 'download.failed'}
    broken = files.window(11, 9 * MIB)
    other = daemon.put(files.window(5, 9 * MIB), 'other.bin')
    share = daemon.put(broken, 'broken.bin')
    if moment == 'stopped':
        daemon.stop()
    bad = chunks(daemon, 'broken.bin')[1]
    flip(daemon, bad, CHUNK // 2)
    if moment == 'stopped':
        daemon.start()
    line = wait_until(lambda: daemon.events('scrub.damaged'), 30, 'finding it')[0]
    assert (line['shard'], line['segment'], line['offset'], line['size']) == bad
    assert line['root'] == hawser.root_of(broken[CHUNK:2 * CHUNK]) and line['marked']
    wait_for_pass(daemon)
    assert daemon.metrics()['hawser_scrub_damaged_total'] == 1, 'once, not in every pass'
    assert daemon.is_same(other.path, files.window(5, 9 * MIB))
    assert get_is_cut(daemon, share.path, len(broken))
    healed = daemon.put(broken, 'again.bin')
    assert daemon.is_same(healed.path, broken)
    assert daemon.is_same(share.path, broken), 'the same chunk: healed for all'
    wait_for_pass(daemon)
    assert daemon.metrics()['hawser_scrub_damaged_total'] == 1
    daemon.stop()
    assert check(daemon)['damaged'] == []
    assert chunks(daemon, 'broken.bin')[1] != bad


def test_scrub_stops_with_the_daemon(make_daemon, files):
    """A slow pass does not hold up the end."""
    daemon = make_daemon(scrub_rate='64KiB')
    daemon.put(files.window(0, 24 * MIB))
    wait_until(lambda: daemon.metrics()['hawser_scrub_bytes_total'] > 0, 90)
    daemon.process.send_signal(signal.SIGTERM)
    daemon.wait(timeout_s=5)
