# SPDX-License-Identifier: Apache-2.0
"""Goal: senders whose bytes are stored nowhere harm nobody: not others, not the stop of the daemon.

Method: live shares that nobody follows, as many as would keep every slab; an upload and a download
beside them; SIGTERM while they wait. And what is refused at a creation leaves nothing behind.
"""
import base64
import json
import random
import signal
import socket
import struct
import time

from hawser import MIB, wait_until

TUS = ('Tus-Resumable', '1.0.0')
OCTETS = ('Content-Type', 'application/offset+octet-stream')


def create(daemon, **wish):
    answer = daemon.ask('POST', '/api/v1/shares', [('Accept', 'application/json')],
                        json.dumps(wish).encode())
    assert answer.status == 201
    return json.loads(answer.body)


def bearer(share):
    return ('Authorization', 'Bearer ' + share['owner_token'])


def live_sender(daemon, size):
    """A sender of which as much is sent as is taken without anybody who follows."""
    share = create(daemon, mode='live')
    wire = daemon.wire()
    wire.request('PUT', f"/s/{share['id']}/f", [bearer(share), ('Content-Length', str(size))])
    wire.socket.settimeout(0.2)
    try:
        while True:
            wire.socket.sendall(bytes(MIB))
    except TimeoutError:
        return wire, share


def test_senders_without_followers_keep_nobody_waiting(make_daemon):
    daemon = make_daemon(reactors='1')
    data = random.Random(9).randbytes(6 * MIB)
    senders = [live_sender(daemon, 64 * MIB) for _ in range(24)]
    begun = time.monotonic()
    share = daemon.put(data)
    assert daemon.is_same(share.path, data)
    assert time.monotonic() - begun < 10
    for wire, _ in senders:
        wire.close()
    daemon.stop()


def stalled_receiver(daemon, share):
    """Who asks for the file, and takes nothing."""
    wire = daemon.wire(recv_buffer=256 * 1024)
    wire.request('GET', f"/s/{share['id']}/f")
    return wire


def test_a_sender_that_vanishes_at_a_full_window_is_seen(make_daemon):
    """By a reset; by its end, when what it owes cannot be there. Not who has said it all."""
    for end in ('reset', 'fin', 'whole'):
        daemon = make_daemon(memory='128MiB')
        share = create(daemon, mode='live')
        size = 8 * MIB + 64 * 1024 if end == 'whole' else 64 * MIB
        data = random.Random(13).randbytes(8 * MIB + 64 * 1024)
        wire = daemon.wire()
        wire.request('PUT', f"/s/{share['id']}/f", [bearer(share), ('Content-Length', str(size))])
        wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1)
        receiver = stalled_receiver(daemon, share)
        wire.socket.sendall(data)
        time.sleep(0.5)
        if end == 'reset':
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        if end == 'whole':
            wire.socket.shutdown(socket.SHUT_WR)
            time.sleep(1)
            assert not daemon.events('share_put.failed')
            assert receiver.answer().body == data
            assert wire.answer('PUT').status == 200
        else:
            begun = time.monotonic()
            wire.close()
            wait_until(lambda: daemon.events('share_put.failed'), 5)
            assert time.monotonic() - begun < 1
            try:
                while receiver.socket.recv(MIB):
                    pass
            except ConnectionResetError:
                pass
        receiver.close()
        daemon.stop()


def test_a_waiting_live_sender_does_not_hold_the_stop_up(make_daemon):
    daemon = make_daemon(shutdown_timeout='1s')
    senders = [live_sender(daemon, 64 * MIB) for _ in range(2)]
    begun = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.wait()
    assert time.monotonic() - begun < 5
    assert daemon.log()[-1]['event'] == 'stop.done'
    for wire, _ in senders:
        wire.close()


def test_parts_of_another_share_leave_nothing_behind(make_daemon):
    daemon = make_daemon()
    one, other = create(daemon), create(daemon, link_name='parts-of-this-one-only')
    files = f"/api/v1/shares/{other['id']}/files"
    name = ('Upload-Metadata', 'filename ' + base64.b64encode(b'whole').decode())

    def part_of(share):
        answer = daemon.ask('POST', f"/api/v1/shares/{share['id']}/files",
                            [TUS, bearer(share), OCTETS, ('Upload-Length', '5'),
                             ('Upload-Concat', 'partial')], b'12345')
        assert answer.status == 201
        return answer.one('location')

    def final(target, part):
        return daemon.ask('POST', target, [TUS, bearer(other), name,
                                           ('Upload-Concat', 'final;' + part)], b'')

    foreign = part_of(one)
    for _ in range(3):
        assert final(files, foreign).status == 409
        seen = json.loads(daemon.get('/api/v1/shares/' + other['id']).body)
        assert seen['files'] == [] and seen['size'] == 0
    # Its name is free, and a share may be called by its link's own name.
    assert final('/api/v1/shares/parts-of-this-one-only/files', part_of(other)).status == 201
    assert daemon.get(f"/s/{other['id']}/whole").body == b'12345'
    daemon.stop()


def test_who_comes_while_the_sender_pauses_gets_what_is_there(make_daemon):
    """Nobody followed when the bytes came, or who did has left; their chunk is not on the disk yet."""
    daemon = make_daemon()
    data = random.Random(11).randbytes(8 * MIB)
    share = create(daemon)
    wire = daemon.wire()
    wire.request('PUT', f"/s/{share['id']}/f", [bearer(share), ('Content-Length', str(len(data)))])
    at = 0
    for pause in (3 * MIB, 7 * MIB):
        wire.socket.sendall(data[at:pause])
        wait_until(lambda: daemon.ask('HEAD', f"/s/{share['id']}/f").status == 200)
        follower = daemon.wire()
        follower.request('GET', f"/s/{share['id']}/f")
        follower.socket.settimeout(5)
        came = b''
        while len(came) < pause:
            came += follower.socket.recv(MIB)
        at = pause + 2 * MIB if pause == 3 * MIB else pause
        wire.socket.sendall(data[pause:at])
        while len(came) < at:
            came += follower.socket.recv(MIB)
        head, _, body = came.partition(b'\r\n\r\n')
        assert head.startswith(b'HTTP/1.1 200') and data.startswith(body)
        follower.close()
        if pause == 3 * MIB:  # that it has left is seen when it is sent more
            wire.socket.sendall(data[at:at + MIB])
            at += MIB
            wait_until(lambda: daemon.metrics()['hawser_downloads_open'] == 0)
    wire.socket.sendall(data[at:])
    wire.close()
    daemon.stop()
