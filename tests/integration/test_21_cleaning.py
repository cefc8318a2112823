# SPDX-License-Identifier: Apache-2.0
"""Goal: what nobody can get any more gives its space back, as du sees it, and nothing else does.

Method: files are stored and let go of in each way there is; the blocks that segments take of the
disk are counted before and after. A new way to let go of a file is one more case: do it inside
`gives_back(daemon, size)`.
"""
import contextlib
import time

import pytest

import datadir
from hawser import BLOCK, CHUNK, KIB, MIB, Bytes, wait_until

SLACK = 128 * KIB  # the file system's own trees, which grow with holes
SECONDS = 15       # for space to come back


@pytest.fixture(scope='module')
def files():
    return Bytes(21, 24 * MIB)


@pytest.fixture
def daemon(make_daemon):
    """One segment and none ahead, so that what is taken changes with what is stored only."""
    return make_daemon(reactors='1', segment_size='512MiB', scrub_days='0')


def used(daemon):
    return datadir.blocks_allocated(daemon.data)


def taken(*sizes):
    """Bytes that chunks of files of these sizes take of the disk."""
    return sum(datadir.disk_size(min(CHUNK, size - at))
               for size in sizes for at in range(0, size, CHUNK))


def settled(daemon):
    """What is used when all that was let go of until now has been given back."""
    def is_settled():
        before = used(daemon)
        time.sleep(0.2)
        metrics = daemon.metrics()
        is_punched = (metrics['hawser_extents_dropped_total']
                      == metrics['hawser_extents_punched_total'])
        return is_punched and used(daemon) == before
    wait_until(is_settled, SECONDS, 'rest')
    return used(daemon)


@contextlib.contextmanager
def gives_back(daemon, size):
    """What is done inside gives @size bytes back, within some seconds, and not one page more."""
    before = settled(daemon)
    yield
    wait_until(lambda: used(daemon) <= before - size + SLACK, SECONDS, 'space')
    assert settled(daemon) >= before - size - SLACK, 'more than what was let go of'


@contextlib.contextmanager
def gives_nothing_back(daemon):
    before = settled(daemon)
    dropped = daemon.metrics()['hawser_extents_dropped_total']
    yield
    assert abs(settled(daemon) - before) <= SLACK
    assert daemon.metrics()['hawser_extents_dropped_total'] == dropped


def delete(daemon, share):
    assert daemon.delete(share).status == 204


@pytest.mark.parametrize('size', [BLOCK + 1, 300 * KIB, CHUNK, 24 * MIB])
def test_deleted(daemon, files, size):
    kept = daemon.put(files.window(1, 5 * MIB), 'kept')
    share = daemon.put(files.window(2, size), 'gone')
    with gives_back(daemon, taken(size)):
        delete(daemon, share)
    assert daemon.is_same(kept.path, files.window(1, 5 * MIB))
    daemon.stop()
    daemon.start()
    daemon.stop()
    assert datadir.faults(daemon.data) == []


def test_deleted_between_others(daemon, files):
    """A hole in the middle: its neighbours stay as they are."""
    shares = [daemon.put(files.window(i, 9 * MIB), f'f{i}') for i in range(5)]
    with gives_back(daemon, taken(9 * MIB, 9 * MIB)):
        delete(daemon, shares[1])
        delete(daemon, shares[3])
    for i in (0, 2, 4):
        assert daemon.is_same(shares[i].path, files.window(i, 9 * MIB))


def test_last_of_several(daemon, files):
    """Equal files are stored once: space comes back with the last of them."""
    twins = [daemon.put(files.window(7, 9 * MIB), f'twin-{i}') for i in range(3)]
    with gives_nothing_back(daemon):
        delete(daemon, twins[0])
        delete(daemon, twins[1])
    assert daemon.is_same(twins[2].path, files.window(7, 9 * MIB))
    with gives_back(daemon, taken(9 * MIB)):
        delete(daemon, twins[2])


def test_shared_chunks(daemon, files):
    """Files that are equal in part: only what no other has comes back."""
    head = bytes(files.window(3, 2 * CHUNK))
    one = daemon.put(head + bytes(files.window(9, MIB)), 'one')
    two = daemon.put(head + bytes(files.window(11, CHUNK)), 'two')
    with gives_back(daemon, taken(MIB)):
        delete(daemon, one)
    assert daemon.is_same(two.path, head + bytes(files.window(11, CHUNK)))
    with gives_back(daemon, taken(3 * CHUNK)):
        delete(daemon, two)


def test_while_it_is_read(daemon, files):
    """Whoever reads a deleted file reads it to its end; then its space comes back."""
    data = files.window(5, 24 * MIB)
    share = daemon.put(data, 'read')
    wire = daemon.wire(recv_buffer=32 * KIB)
    wire.request('GET', share.path)
    assert wire.head().status == 200
    with gives_nothing_back(daemon):
        delete(daemon, share)
    with gives_back(daemon, taken(24 * MIB)):
        assert wire.take(len(data)) == data
    wire.close()


def test_abandoned_upload(daemon, files):
    """The sender goes away in the middle: what it had sent is of no use to anybody."""
    daemon.put(b'first', 'first')  # the segment is there
    before = used(daemon)
    with daemon.wire() as wire:
        wire.request('PUT', '/half', [('Content-Length', str(24 * MIB))])
        wire.send(files.window(3, 13 * MIB))
    wait_until(lambda: daemon.metrics()['hawser_uploads_failed_total'] == 1, SECONDS)
    wait_until(lambda: used(daemon) <= before, SECONDS, 'space')


def test_known_already(daemon, files):
    """What is uploaded a second time takes no space."""
    daemon.put(files.window(3, 9 * MIB), 'one')
    before = used(daemon)
    daemon.put(files.window(3, 9 * MIB), 'two')
    wait_until(lambda: used(daemon) <= before - taken(9 * MIB) + SLACK, SECONDS, 'space')


def test_killed(daemon, files):
    """What a life left behind is given back by the next one, before it serves."""
    kept = daemon.put(files.window(1, 9 * MIB), 'kept')
    wire = daemon.wire()
    wire.request('PUT', '/half', [('Content-Length', str(24 * MIB))])
    wire.send(files.window(3, 13 * MIB))
    wait_until(lambda: daemon.metrics()['hawser_segment_write_bytes_total'] > 20 * MIB)
    daemon.kill()
    wire.close()
    daemon.start()
    assert abs(used(daemon) - taken(9 * MIB)) <= SLACK
    assert daemon.is_same(kept.path, files.window(1, 9 * MIB))


def test_everything(make_daemon, files):
    """Segments of which nothing is left are gone as files, too."""
    daemon = make_daemon(reactors='2', segment_size='16MiB')
    shares = [daemon.put(files.window(i, 9 * MIB), f'f{i}') for i in range(8)]
    for share in shares:
        delete(daemon, share)
    # Two of each reactor may be open for writing, with nothing in them.
    wait_until(lambda: len(datadir.segments(daemon.data)) <= 4, SECONDS, 'unlinking')
    daemon.stop()
    daemon.start()
    assert used(daemon) == 0 and not datadir.segments(daemon.data)
