# SPDX-License-Identifier: Apache-2.0
"""Goal: what is asked for often is sent by the cheap ways, and is as right, as fresh and as patient
as by the others: on every reactor, and at once when a share is over.

Method: the same request again and again over connections of their own; the daemon's counters say by
which way an answer came; shares changed and ended between two requests; a disk that rots under what
was hot; a client that takes a hot file slowly.
"""
import json
import os
import subprocess
import time

import pytest

from datadir import chunks, flip, segments
from hawser import CHUNK, HAS_CACHESTAT, KIB, MIB, Bytes, wait_until

CONNECTIONS = 12  # enough to reach both reactors


@pytest.fixture(scope='module')
def files():
    return Bytes(14, 24 * MIB)


def get_often(daemon, path, count=CONNECTIONS, fields=()):
    return [daemon.get(path, fields) for _ in range(count)]


def growth(daemon, name):
    """A function that says by how much a counter has grown."""
    before = daemon.metrics()[name]
    return lambda: daemon.metrics()[name] - before


def test_small_files_come_from_memory(make_daemon, files):
    daemon = make_daemon(reactors='2')
    sizes = (1, 1024, 16384, 65536, 131072, 131073, 300000)
    for size in sizes:
        data = files.window(size, size)
        share = daemon.put(data, f'f{size}')
        first = daemon.get(share.path)
        hits = growth(daemon, 'hawser_object_cache_hits_total')
        for answer in get_often(daemon, share.path):
            assert answer.status == 200 and answer.body == data
            for field in ('etag', 'content-disposition', 'last-modified', 'cache-control',
                          'content-type', 'content-security-policy', 'x-content-type-options'):
                assert answer.one(field) == first.one(field)
        assert hits() >= CONNECTIONS - 4 if size <= 131072 else hits() == 0
    daemon.stop()


def test_nothing_is_given_after_its_end(make_daemon, files):
    daemon = make_daemon(reactors='2')
    data = files.window(3, 5000)
    for _ in range(5):
        share = daemon.put(data)
        assert all(answer.body == data for answer in get_often(daemon, share.path))
        assert daemon.delete(share).status == 204
        assert {answer.status for answer in get_often(daemon, share.path)} <= {404, 410}
    daemon.stop()


def test_a_password_is_asked_for_at_once(make_daemon, files):
    daemon = make_daemon(reactors='2')
    data = files.window(3, 5000)
    share = daemon.put(data)
    assert all(answer.body == data for answer in get_often(daemon, share.path))
    bearer = ('Authorization', 'Bearer ' + share.token)
    change = json.dumps({'password': 'geheim'}).encode()
    assert daemon.ask('PATCH', f'/api/v1/shares/{share.id}', [bearer], change).status == 200
    assert {answer.status for answer in get_often(daemon, share.path)} == {401}
    daemon.stop()


def test_large_files_are_spliced(make_daemon, files):
    daemon = make_daemon(reactors='2')
    data = files.window(7, 9 * MIB + 12345)
    share = daemon.put(data)
    spliced = growth(daemon, 'hawser_bytes_spliced_total')
    for _ in range(CONNECTIONS):
        assert daemon.is_same(share.path, data)
    assert (spliced() > 0) == HAS_CACHESTAT
    for first, last in ((0, 0), (1, 9 * MIB), (CHUNK - 1, CHUNK + MIB), (5, len(data) - 1),
                        (8 * MIB + 1, len(data) - 7)):
        for answer in get_often(daemon, share.path, 3, [('Range', f'bytes={first}-{last}')]):
            assert answer.status == 206 and answer.body == data[first:last + 1]
    daemon.stop()


def forget(path):
    """The page cache keeps nothing of it."""
    with open(path, 'rb') as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def test_what_memory_forgot_is_compared_again(make_daemon, files):
    """The disk rots under a hot file, and memory is needed for something else."""
    daemon = make_daemon(scrub_days='0')
    daemon.expected_errors |= {'extent.corrupt', 'download.failed'}
    data = files.window(9, 5 * MIB)
    share = daemon.put(data, 'hot.bin')
    for _ in range(3):
        assert daemon.is_same(share.path, data)
    chunk = chunks(daemon, 'hot.bin')[0]
    flip(daemon, chunk, MIB)
    forget(segments(daemon.data)[chunk[:2]])
    time.sleep(1.1)  # for a second what was in memory is taken to be there
    with daemon.wire() as wire:
        wire.request('GET', share.path)
        assert wire.head().status == 200
        while wire.more():
            pass
        assert len(wire.buffer) <= MIB and bytes(wire.buffer) == data[:len(wire.buffer)]
    daemon.stop()


def rotten_since(daemon, data, index):
    """A hot file, whose chunk @index has rotted since memory forgot all of it."""
    daemon.expected_errors |= {'extent.corrupt', 'download.failed'}
    share = daemon.put(data, 'hot.bin')
    for _ in range(3):
        assert daemon.is_same(share.path, data)
    chunk = chunks(daemon, 'hot.bin')[index]
    flip(daemon, chunk, MIB)
    forget(segments(daemon.data)[chunk[:2]])
    time.sleep(1.1)
    return share


@pytest.mark.parametrize('index', (1, 5, 9, 11))
def test_the_kernel_reads_far_ahead(make_daemon, index):
    """As before; and the file is so long that all but its beginning is in memory again when the
    daemon comes to it."""
    data = Bytes(15, 12 * CHUNK).window(0, 12 * CHUNK)
    daemon = make_daemon(scrub_days='0', reactors='1')
    share = rotten_since(daemon, data, index)
    with daemon.wire() as wire:
        wire.request('GET', share.path)
        assert wire.head().status == 200
        while len(wire.buffer) < len(data) and wire.more():
            pass
        assert len(wire.buffer) <= index * CHUNK + MIB
        assert bytes(wire.buffer) == data[:len(wire.buffer)]
    daemon.stop()


def test_what_was_read_ahead_is_compared(make_daemon, files):
    """As before; but the kernel, reading ahead of the chunk before, has brought it back meanwhile."""
    daemon = make_daemon(scrub_days='0', reactors='1')
    data = files.window(11, 3 * CHUNK)
    share = rotten_since(daemon, data, 1)
    first = daemon.get(share.path, [('Range', f'bytes=0-{CHUNK - 1}')])
    assert first.status == 206 and first.body == data[:CHUNK]
    time.sleep(0.2)  # the kernel reads on
    with daemon.wire() as wire:
        wire.request('GET', share.path, [('Range', f'bytes={CHUNK}-{2 * CHUNK - 1}')])
        assert wire.head().status == 206
        while len(wire.buffer) < CHUNK and wire.more():
            pass
        assert len(wire.buffer) <= MIB
        assert bytes(wire.buffer) == data[CHUNK:CHUNK + len(wire.buffer)]
    daemon.stop()


def test_what_is_on_its_way_outlives_its_end(make_daemon, files):
    """A hot file is deleted while a client has not read it yet: the kernel has its pages, and one
    folio of them may have a piece of the next file, too. No hole may show there."""
    daemon = make_daemon(scrub_days='0', reactors='1')
    for size in range(1_300_000, 2_000_000, 90_000):
        shares = [daemon.put(files.window(index, size)) for index in range(3)]
        for path in segments(daemon.data).values():
            forget(path)  # so that it comes back in large folios
        for share in shares * 3:
            assert daemon.get(share.path).status == 200
        completed = growth(daemon, 'hawser_downloads_completed_total')
        punched = growth(daemon, 'hawser_extents_punched_total')
        with daemon.wire(recv_buffer=4 * MIB) as wire:
            wire.request('GET', shares[1].path)
            wait_until(lambda: completed() == 1)
            assert daemon.delete(shares[1]).status == 204
            time.sleep(0.3)
            assert wire.answer('GET').body == files.window(1, size)
        wait_until(lambda: punched() == 1)  # and its space comes back
    daemon.stop()


def take_slowly(wire, rate, duration_s):
    """@rate bytes a second, also where the sleep is longer than was asked for."""
    first_size = len(wire.buffer)
    start = time.monotonic()
    while (elapsed_s := time.monotonic() - start) < duration_s:
        due_size = int(elapsed_s * rate) - (len(wire.buffer) - first_size)
        if due_size > 0:
            piece = wire.socket.recv(due_size)
            assert piece
            wire.buffer += piece
        time.sleep(0.1)


def test_a_slow_client_is_not_cut(make_daemon, files):
    """More lies in the kernel for who was fast; it must not be taken for gone when it is slow.

    A receiver opens its window again when a sixteenth to an eighth of its buffer is free, or a
    segment, and nothing leaves the daemon's kernel before. So the buffer has a size: one that the
    kernel let grow to 4 MiB in the fast part keeps the window closed for two stall_timeout.
    """
    daemon = make_daemon(stall_timeout='6s', reactors='1')
    data = files.window(2, 24 * MIB)
    share = daemon.put(data)
    assert daemon.is_same(share.path, data)
    with daemon.wire(recv_buffer=256 * KIB) as wire:
        wire.request('GET', share.path)
        assert wire.head().status == 200
        while len(wire.buffer) < 4 * MIB:  # fast
            assert wire.more()
        take_slowly(wire, 40 * KIB, 20)
        while len(wire.buffer) < len(data):
            assert wire.more()
        assert bytes(wire.buffer) == data
    wait_until(daemon.is_idle)
    daemon.stop()


def test_hot_files_do_not_outlive_a_stop(make_daemon, files):
    """A client that takes nothing of a hot file holds up the end no longer than it may."""
    daemon = make_daemon(shutdown_timeout='1s')
    data = files.window(2, 24 * MIB)
    share = daemon.put(data)
    assert daemon.is_same(share.path, data)
    wire = daemon.wire()
    wire.request('GET', share.path)
    assert wire.head().status == 200
    daemon.process.terminate()
    daemon.wait(timeout_s=5)
    wire.close()


def congestion_of(daemon, port):
    """What the daemon's sockets of this port use, as ss says it; the same for all of them."""
    rows = subprocess.run(['ss', '-tinH', f'sport = :{port}'], capture_output=True, text=True,
                          check=True).stdout.split('\n')
    return {word for row in rows for word in row.split() if word in ('cubic', 'reno', 'bbr')}


def test_loopback_is_not_paced(make_daemon, files):
    """BBR paces; towards a peer on this machine that halves the rate."""
    data = files.window(0, 300000)
    for congestion, wanted in ((None, {'cubic', 'reno'}), ('reno', {'reno'})):
        daemon = make_daemon(congestion=congestion)
        share = daemon.put(data)
        with daemon.wire() as wire:
            wire.request('GET', share.path)
            assert wire.head().status == 200
            seen = congestion_of(daemon, daemon.port)
            assert seen and seen <= wanted
        daemon.stop()
