# SPDX-License-Identifier: Apache-2.0
"""Goal: who follows an upload has its last byte as soon as the sender has said it, however many
they are; and nobody takes for whole what is not.

Method: raw sockets, two reactors, so that sender and receivers meet across them.
"""
import json
import selectors
import socket
import struct
import threading
import time

import pytest

import tus
from hawser import BLOCK, CHUNK, MIB, Bytes, seed_of, wait_until

RECEIVERS = 100
LATE_S = 0.05


@pytest.fixture
def daemon(make_daemon):
    return make_daemon(reactors='2', memory='96MiB', downloads_max='256')


@pytest.fixture(scope='module')
def files():
    return Bytes(seed_of('follow'), 64 * MIB)


def follow(daemon, path, version='1.1'):
    wire = daemon.wire()
    wire.send(f'GET {path} HTTP/{version}\r\nHost: test\r\n\r\n'.encode())
    return wire


def test_the_last_byte_comes_at_once(daemon, files):
    """For each of both reactors as home, and receivers on both."""
    share = daemon.put(b'first')
    latest = []
    for index in range(6):
        data = files.window(index, 3 * MIB + index)
        upload = tus.Upload(daemon, share, f'f{index}', data)
        receivers = [follow(daemon, upload.link) for _ in range(4)]
        for receiver in receivers:
            head = receiver.head()
            assert head.status == 200 and int(head.one('content-length')) == len(data)
        sender = upload.begin(0, len(data), 10)
        time.sleep(0.1)  # they have sat down
        sender.send(data[10:-1])
        most = (len(data) - 1) // BLOCK * BLOCK  # what is less than a block waits for more
        for receiver in receivers:
            assert receiver.take(most) == data[:most]
        begun = time.monotonic()
        sender.send(data[-1:])
        for receiver in receivers:
            assert receiver.take(len(data) - most) == data[most:]
        latest.append(time.monotonic() - begun)
        assert sender.answer('PATCH').status == 204
    latest.sort()
    # A busy machine may be late now and then.
    assert latest[len(latest) // 2] < LATE_S, latest


def test_a_hundred_receivers_of_one_upload(daemon, files):
    data = files.window(1, 64 * MIB)
    share = daemon.put(b'first')
    upload = tus.Upload(daemon, share, 'large', data)
    selector = selectors.DefaultSelector()
    places = {}
    for _ in range(RECEIVERS):
        wire = follow(daemon, upload.link)
        assert wire.head().status == 200
        places[wire] = len(wire.buffer)
        wire.socket.setblocking(False)
        selector.register(wire.socket, selectors.EVENT_READ, wire)
    sender = threading.Thread(target=upload.patch, args=(0, len(data)))
    sender.start()
    buffer = bytearray(4 * MIB)
    left = RECEIVERS
    end = time.monotonic() + 120
    while left > 0 and time.monotonic() < end:
        for key, _ in selector.select(1):
            wire = key.data
            size = wire.socket.recv_into(buffer)
            at = places[wire]
            assert size > 0, f'cut at {at}'
            assert memoryview(buffer)[:size] == data[at:at + size], f'wrong behind {at}'
            places[wire] = at + size
            if places[wire] == len(data):
                selector.unregister(wire.socket)
                left -= 1
    sender.join()
    assert left == 0
    for wire in places:
        wire.close()


def test_a_sender_that_goes_leaves_no_short_success(daemon, files):
    data = files.window(0, 2 * MIB)
    share = daemon.put(b'first')
    for is_deferred in (False, True):
        upload = tus.Upload(daemon, share, f'gone{is_deferred}', data, is_deferred)
        receiver = follow(daemon, upload.link)
        assert receiver.head().status == 200
        sender = upload.begin(0, len(data), 10)
        time.sleep(0.1)
        sender.send(data[10:MIB])
        wait_until(lambda wire=receiver: wire.more() and len(wire.buffer) >= MIB)
        taken = len(receiver.take(len(receiver.buffer)))
        sender.close()
        time.sleep(0.2)
        assert receiver.is_silent()  # the sender may come back
        assert daemon.ask('DELETE', upload.path, tus.VERSION).status == 204
        receiver.socket.settimeout(5)
        while receiver.more():
            pass
        assert taken + len(receiver.buffer) < len(data)
        assert not receiver.buffer.endswith(b'0\r\n\r\n')


def test_a_sender_that_comes_back_is_followed_on(daemon, files):
    data = files.window(4, 2 * CHUNK + 77)
    share = daemon.put(b'first')
    upload = tus.Upload(daemon, share, 'back', data)
    receivers = [follow(daemon, upload.link) for _ in range(6)]
    got = [None] * len(receivers)

    def take(index):
        receivers[index].head()
        got[index] = receivers[index].take(len(data)) == data

    threads = [threading.Thread(target=take, args=(index,)) for index in range(len(receivers))]
    for thread in threads:
        thread.start()
    offset = 0
    for sent in (10, 20_000, 300_000, CHUNK, 1_000_000):
        upload.cut(offset, len(data) - offset, sent, is_reset=False)
        time.sleep(0.05)
        offset = upload.offset()
    upload.finish()
    for thread in threads:
        thread.join()
    assert got == [True] * len(receivers)


def test_unknown_length_is_chunked_or_closed(daemon, files):
    data = files.window(6, MIB + 3)
    share = daemon.put(b'first')
    upload = tus.Upload(daemon, share, 'unknown', data, is_deferred=True)
    new = follow(daemon, upload.link)
    old = follow(daemon, upload.link, '1.0')
    head = new.head()
    assert head.one('transfer-encoding') == 'chunked' and head.one('content-length') is None
    head = old.head()
    assert head.one('transfer-encoding') is None and head.one('connection') == 'close'
    upload.patch(0, 300_000)
    upload.patch(300_000, len(data) - 300_000)
    body = bytearray()
    while True:
        while b'\r\n' not in new.buffer:
            assert new.more()
        line = new.take(new.buffer.find(b'\r\n') + 2)
        piece = new.take(int(line, 16) + 2)
        assert piece.endswith(b'\r\n')
        body += piece[:-2]
        if len(piece) == 2:
            break
    assert body == data
    while old.more():
        pass
    assert old.buffer == data


def test_the_daemon_stops_while_somebody_waits(make_daemon, files):
    """Nothing is sent to a receiver whose sender is away: it must not keep the daemon."""
    daemon = make_daemon(reactors='2', shutdown_timeout='1s')
    share = daemon.put(b'first')
    upload = tus.Upload(daemon, share, 'waits', files.window(0, MIB))
    upload.patch(0, 1000)
    receiver = follow(daemon, upload.link)
    assert receiver.head().status == 200
    begun = time.monotonic()
    daemon.stop()
    assert time.monotonic() - begun < 6
    receiver.socket.settimeout(5)
    try:
        while receiver.more():
            pass
    except socket.timeout:
        raise AssertionError('the receiver was not cut') from None
    assert len(receiver.buffer) < MIB


def test_a_receiver_that_leaves_a_silent_sender_is_seen(daemon, files):
    """By a reset and by the end of its side, while nothing comes; who stays gets all."""
    share = daemon.put(b'first')
    upload = tus.Upload(daemon, share, 'silent', files.window(0, MIB))
    upload.patch(0, 1000)
    stays = follow(daemon, upload.link)
    assert stays.head().status == 200
    for is_reset in (False, True):
        goes = follow(daemon, upload.link)
        assert goes.head().status == 200
        wait_until(lambda: receivers(daemon) == 2)
        time.sleep(1.5)
        if is_reset:
            goes.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        goes.close()
        wait_until(lambda: receivers(daemon) == 1, 3)
    upload.patch(1000, MIB - 1000)
    assert stays.take(MIB) == bytes(files.window(0, MIB))
    # The connection goes on.
    stays.request('GET', share.path)
    assert stays.answer().body == b'first'
    stays.close()


def receivers(daemon):
    return json.loads(daemon.get('/metrics/json').body)['totals']['downloads']
