# SPDX-License-Identifier: Apache-2.0
"""Goal: on Debian 12's own kernels (6.1, and 6.12 of its backports) all that a client is promised
holds; what a kernel lacks is done in another way, and only what cannot be done is refused, in words.

Method: a virtual machine for each, emulated; the clients of tests/integration from outside; the
daemon's log and counters say which way was taken. The loops by which the kernel's side of the ring
is made to cancel, hand over and wait are what unit tests have no real kernel for.
"""
import asyncio
import io
import json
import random
import socket
import struct
import threading
import zipfile

import pytest
import websockets

import tus
from hawser import CHUNK, MIB, Bytes, Share, root_of, wait_until
from sealed import SealedWire, context_of

SIZES = (0, 1, 16383, 16384, 100_000, CHUNK + 77)
SIZE_MAX = {'plain': 20 * MIB, 'sealed': 6 * MIB}  # emulated, AES is slow
SMALL_COUNT = 24  # on one connection
# Without cachestat (6.5) nobody knows whether a file is in memory: nothing is spliced, nor sealed by
# the kernel.
HAS_CACHESTAT = {'6.1': False, '6.12': True}
LANDLOCK = {'6.1': 2, '6.12': 6}
WARNINGS = {'tls.self_signed'}  # at the first start, for we name no certificate; and no other one
TIMES_HOT = 6  # on connections of their own: enough to find the file in memory on both reactors


@pytest.fixture(scope='module')
def files():
    return Bytes(61, 24 * MIB)


def plain(daemon, **options):
    """One that has arrived: qemu has room for two that have not, and the third waits a second."""
    wire = daemon.wire(**options)
    wire.request('GET', '/health')
    assert wire.answer().status == 200
    return wire


def sealed(daemon, **options):
    return SealedWire(daemon.tls_port, **options)


ways = pytest.mark.parametrize('way', (plain, sealed))


def put(wire, data, name='file'):
    wire.request('PUT', f'/{name}', body=data)
    share = Share(wire.answer('PUT'))
    assert share.root == root_of(data)
    return share


def create(daemon, **wish):
    answer = daemon.ask('POST', '/api/v1/shares', [('Accept', 'application/json')],
                        json.dumps(wish).encode())
    assert answer.status == 201, answer.body
    return json.loads(answer.body)


def bearer(share):
    return ('Authorization', 'Bearer ' + share['owner_token'])


def reset(wire):
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    wire.close()


# -- what it says --------------------------------------------------------------------------------

def test_what_only_some_kernels_can_do(machine, files):
    """Limits for each client's address: all. Sealing TLS: one, and the other says so."""
    data = files.window(4, CHUNK + MIB)
    has_tls = HAS_CACHESTAT[machine.kernel.series]
    if not has_tls:
        machine.expected_errors.add('tls_kernel.missing')
        machine.daemon_launch(tls_kernel='on')
        machine.daemon_end(code=1)
        assert 'Linux 6.5' in machine.events('tls_kernel.missing')[0]['advice']
    machine.daemon_start(uploads_per_minute='3', tls_kernel='on' if has_tls else 'off')
    share = machine.put(data)
    for _ in range(TIMES_HOT):
        with sealed(machine) as wire:
            for first in (0, 12345):  # the first one begins it, and there is no way back
                wire.request('GET', share.path, [('Range', f'bytes={first}-')])
                assert wire.answer().body == data[first:]
            wire.request('GET', '/health')
            assert wire.answer().status == 200
    metrics = machine.metrics()
    assert metrics['hawser_tls_kernel_total{result="refused"}'] == 0
    assert (metrics['hawser_tls_kernel_total{result="taken"}'] > 0) == has_tls
    assert (metrics['hawser_bytes_spliced_total'] > 0) == has_tls
    statuses = [machine.ask('PUT', '/f', body=b'x').status for _ in range(3)]
    assert statuses == [201, 201, 429]
    machine.daemon_stop()


def test_it_starts_and_says_what_it_found(daemon):
    series = daemon.kernel.series
    assert daemon.shell('uname -r').strip() == daemon.kernel.release
    found = daemon.events('io_uring.ready')[0]['found']
    assert found.startswith(f'kernel {daemon.kernel.release},')
    assert found.endswith('sockets in descriptors')  # the ring's table gives nothing back in time
    sandbox = daemon.events('sandbox.on')[0]
    assert sandbox['landlock'] == LANDLOCK[series]
    assert sandbox['data_dir_only'] and sandbox['no_second_ring']
    assert {line['event'] for line in daemon.log() if line['level'] == 'warn'} <= WARNINGS
    # It gave root up; the memory is registered with the ring, which root's absence may forbid.
    status = daemon.shell('cat /proc/$(cat /run/daemon.pid)/status')
    assert 'Uid:\t999\t999\t999\t999' in status and 'CapEff:\t0000000000000000' in status


# -- there and back ------------------------------------------------------------------------------

@ways
def test_files_go_there_and_back(daemon, files, way):
    with way(daemon) as wire:
        for size in (*SIZES, SIZE_MAX[way.__name__]):
            data = files.window(size % 1000, size)
            share = put(wire, data)
            wire.request('GET', share.path)
            answer = wire.answer()
            assert answer.status == 200 and answer.body == data
            assert answer.one('etag') == f'"{share.root}"'
            for first, last in ((0, 0), (size // 2, size // 2 + 5), (max(size - CHUNK, 1), size - 1)):
                if first <= last < size:
                    wire.request('GET', share.path, [('Range', f'bytes={first}-{last}')])
                    part = wire.answer()
                    assert part.status == 206 and part.body == data[first:last + 1]


@ways
def test_small_files_on_one_connection(daemon, files, way):
    with way(daemon) as wire:
        for index in range(SMALL_COUNT):
            data = files.window(index * 64, 1 + index * 1300)
            share = put(wire, data)
            for _ in range(2):
                wire.request('GET', share.path)
                assert wire.answer().body == data


def test_a_chunked_body(daemon, files):
    data = files.window(9, CHUNK + MIB)
    share = daemon.put_chunked(data, random.Random(9))
    assert share.root == root_of(data) and daemon.is_same(share.path, data)


def test_large_hot_files(daemon, files):
    """From the page cache without a copy where the kernel can, and out of slabs where not."""
    data = files.window(7, CHUNK + MIB + 12345)
    share = daemon.put(data)
    before = daemon.metrics()['hawser_bytes_spliced_total']
    for _ in range(TIMES_HOT):
        assert daemon.is_same(share.path, data)
    with daemon.wire() as wire:
        for first, last in ((1, CHUNK), (CHUNK - 1, CHUNK + MIB), (MIB + 1, len(data) - 1)):
            wire.request('GET', share.path, [('Range', f'bytes={first}-{last}')])
            assert wire.answer().body == data[first:last + 1]
    spliced = daemon.metrics()['hawser_bytes_spliced_total'] - before
    assert (spliced > 0) == HAS_CACHESTAT[daemon.kernel.series]


# -- while it comes ------------------------------------------------------------------------------

@pytest.mark.parametrize('mode', ('stored', 'live', 'spill'))
def test_receivers_follow_the_sender(daemon, files, mode):
    """Over both reactors, plain and TLS; they sit there before the sender has said a byte."""
    data = files.window(3, 2 * MIB + 5)
    share = create(daemon, **({} if mode == 'stored' else {'mode': mode}))
    path = f"/s/{share['id']}/f"
    got = []

    def follow(wire):
        head = wire.head()
        got.append((head.status, head.one('content-length'), wire.take(len(data))))

    with daemon.wire() as sender:
        sender.request('PUT', path, [bearer(share), ('Content-Length', str(len(data)))])
        wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1, 30, 'the upload')
        receivers = [way(daemon) for way in (plain, sealed, plain, sealed)]
        threads = [threading.Thread(target=follow, args=(wire,)) for wire in receivers]
        for wire, thread in zip(receivers, threads):
            wire.request('GET', path)
            thread.start()
        wait_until(lambda: daemon.metrics()['hawser_downloads_open'] == len(receivers), 30,
                   'that they follow')
        sender.send(data)
        for thread in threads:
            thread.join(60)
        assert got == [(200, str(len(data)), data)] * len(receivers)
        assert sender.answer('PUT').status in (200, 201)
        for wire in receivers:
            wire.close()


def test_an_upload_is_gone_on_with(daemon, files):
    data = files.window(5, 6 * MIB + 1)
    upload = tus.Upload(daemon, daemon.put(b'first'), 'rest', data)
    upload.cut(0, len(data), 3 * MIB, is_reset=False)
    # Only then is it asked how far it is: that would end a request that still comes.
    wait_until(lambda: daemon.events('tus.saved'), 30, 'the end of the one that was cut')
    assert upload.offset() == 3 * MIB
    upload.cut(3 * MIB, len(data) - 3 * MIB, MIB, is_reset=True)
    upload.finish()
    upload.check()


def test_a_share_as_a_zip(daemon, files):
    share = create(daemon)
    contents = {f'file-{size}': bytes(files.window(1, size)) for size in SIZES}
    for name, data in contents.items():
        answer = daemon.ask('PUT', f"/s/{share['id']}/{name}", [bearer(share)], data)
        assert answer.status in (200, 201)
    whole = daemon.get(f"/s/{share['id']}.zip").body
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents  # CRCs too
    part = daemon.get(f"/s/{share['id']}.zip", [('Range', 'bytes=100000-200000')])
    assert part.status == 206 and part.body == whole[100000:200001]


def test_events_come(daemon):
    share = daemon.put(b'x' * 1000)

    async def follow():
        url = f'wss://127.0.0.1:{daemon.tls_port}/api/v1/events?share={share.id}'
        async with websockets.connect(url, ssl=context_of(), compression=None,
                                      origin=f'https://127.0.0.1:{daemon.tls_port}') as ws:
            first = json.loads(await asyncio.wait_for(ws.recv(), 30))
            await (await ws.ping())
            return first['type']

    assert asyncio.run(follow()) == 'welcome'


# -- what is cut, handed over and waited for -----------------------------------------------------

@ways
def test_what_is_closed_is_gone(daemon, way):
    """Whatever else is open: with sockets in the ring's table no FIN came, and none was given back."""
    with way(daemon) as idle:
        for _ in range(6):
            with way(daemon) as wire:
                wire.request('GET', '/health', [('Connection', 'close')])
                assert wire.answer().status == 200
                assert wire.is_over()
        wait_until(lambda: 'CLOSE_WAIT' not in daemon.shell('netstat -tn'), 30, 'that they are gone')
        idle.request('GET', '/health')
        assert idle.answer().status == 200


def test_connections_are_handed_over(daemon, files):
    """With a body that may be there before they have arrived."""
    before = daemon.metrics()['hawser_connections_handed_over_total']
    for turn in range(6):
        wires = []
        for index in range(4):
            wires.append(daemon.wire())
            put(wires[-1], files.window(turn * 5000 + index * 1000, 20_000))
        for wire in wires:
            wire.close()
    assert daemon.metrics()['hawser_connections_handed_over_total'] > before
    # Who asks may have been handed over himself, and word of it not be back yet.
    wait_until(lambda: daemon.metrics()['hawser_handovers_open'] == 0, 30, 'that none is under way')


def test_clients_that_vanish_leave_nothing(daemon, files):
    share = daemon.put(files.window(0, 20 * MIB))
    dice = random.Random(6)
    for index in range(16):
        wire = (plain, sealed)[index % 2](daemon)
        if index % 4 < 2:
            wire.request('GET', share.path)
            wire.take(dice.randrange(1, MIB))
        else:
            wire.request('PUT', '/gone', [('Content-Length', str(9 * MIB))])
            wire.send(bytes(dice.randrange(1, MIB)))
        (reset if index % 3 else type(wire).close)(wire)
    wait_until(daemon.is_idle, 60, 'that all are gone')
    wait_until(lambda: daemon.metrics()['hawser_connections_open'] <= 1, 60, 'that all are gone')
    assert daemon.is_same(share.path, files.window(0, 20 * MIB))


def test_slow_readers_hold_nobody_up(daemon, files):
    data = files.window(2, 6 * MIB)
    share = daemon.put(data)
    wires = [(plain, sealed)[index % 2](daemon, recv_buffer=4096) for index in range(10)]
    for wire in wires:
        wire.request('GET', share.path)
        assert wire.head().status == 200
    assert daemon.is_same(share.path, data)
    for wire in wires[:2]:
        assert wire.take(len(data)) == data
    for wire in wires:
        wire.close()
