# SPDX-License-Identifier: Apache-2.0
"""Goal: a share of mode spill costs no write while its receivers keep up, holds no sender up when
one does not, and gives that one every byte.

Method: files larger than the daemon's memory, with receivers that read at once, stop in the middle,
or come when it is over; the disk is looked at from outside.
"""
import json
import random
import threading
import time

import datadir
from hawser import CHUNK, MIB, wait_until


def create(daemon):
    answer = daemon.ask('POST', '/api/v1/shares', [('Accept', 'application/json')],
                        b'{"mode":"spill"}')
    assert answer.status == 201
    return json.loads(answer.body)


def bearer(share):
    return ('Authorization', 'Bearer ' + share['owner_token'])


def path_of(share):
    return f"/s/{share['id']}/f"


def sender_of(daemon, share, size):
    """A PUT whose head has been read: there is a file to follow."""
    wire = daemon.wire()
    wire.request('PUT', path_of(share), [bearer(share), ('Content-Length', str(size))])
    wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1)
    return wire


class Receiver(threading.Thread):
    """Reads the file as it comes; while it is held it reads nothing."""

    def __init__(self, daemon, share, data):
        super().__init__(daemon=True)
        self.data = data
        self.size = 0
        self.is_right = True
        self.go = threading.Event()
        self.go.set()
        self.wire = daemon.wire(recv_buffer=MIB)
        self.wire.request('GET', path_of(share))
        self.start()

    def run(self):
        head = b''
        while b'\r\n\r\n' not in head:
            piece = self.wire.socket.recv(65536)
            if not piece:
                return
            head += piece
        head, _, piece = head.partition(b'\r\n\r\n')
        self.is_right = head.startswith(b'HTTP/1.1 200')
        while True:
            self.is_right &= self.data[self.size:self.size + len(piece)] == piece
            self.size += len(piece)
            self.go.wait()
            if self.size == len(self.data):
                return
            piece = self.wire.socket.recv(65536)
            if not piece:
                return

    def has_all(self, timeout_s=60):
        self.join(timeout_s)
        return not self.is_alive() and self.is_right and self.size == len(self.data)


def written(daemon):
    return daemon.metrics()['hawser_segment_write_bytes_total']


def on_disk(folder):
    return sum(path.stat().st_blocks * 512 for path in datadir.segments(folder).values())


def test_a_receiver_that_keeps_up_costs_no_write(make_daemon):
    daemon = make_daemon(reactors='2')
    data = random.Random(1).randbytes(96 * MIB)  # more than the daemon's memory
    share = create(daemon)
    sender = sender_of(daemon, share, len(data))
    receivers = [Receiver(daemon, share, data) for _ in range(2)]
    for at in range(0, len(data), MIB):
        sender.socket.sendall(data[at:at + MIB])
        # Side by side on one machine: the sender does not run ahead of those who check.
        wait_until(lambda: min(r.size for r in receivers) >= at - 4 * MIB, 30)
    assert sender.answer('PUT').status == 200
    assert all(receiver.has_all() for receiver in receivers)
    assert written(daemon) == 0 and daemon.metrics()['hawser_spills_total'] == 0
    assert on_disk(daemon.data) == 0
    assert b'no file' in daemon.get(f"/s/{share['id']}").body
    daemon.stop()


def test_nobody_there_and_it_is_an_ordinary_file(make_daemon):
    daemon = make_daemon(reactors='1')
    for size in (0, 1, 3 * MIB, 40 * MIB + 3):
        data = random.Random(size).randbytes(size)
        share = create(daemon)
        answer = daemon.ask('PUT', path_of(share), [bearer(share)], data)
        assert answer.status == 201
        assert daemon.is_same(path_of(share), data)
        assert daemon.get(f"/s/{share['id']}.zip").status == 200
    daemon.stop()


def test_senders_that_pause_keep_no_memory_from_others(make_daemon):
    """Kept for receivers who might come; but not when others need the memory."""
    daemon = make_daemon(reactors='1')
    data = random.Random(5).randbytes(8 * MIB)
    senders = []
    for _ in range(24):
        share = create(daemon)
        wire = daemon.wire()
        wire.request('PUT', path_of(share), [bearer(share), ('Content-Length', str(len(data)))])
        wire.socket.sendall(data[:6 * MIB])
        senders.append((share, wire))
    begun = time.monotonic()
    other = daemon.put(data)
    assert daemon.is_same(other.path, data)
    assert time.monotonic() - begun < 10
    for share, wire in senders:
        wire.socket.sendall(data[6 * MIB:])
    for share, wire in senders:
        assert wire.answer('PUT').status == 201
        assert daemon.is_same(path_of(share), data)
    daemon.stop()


def slow_in_the_middle(daemon, size, before):
    """A receiver that takes @before bytes and stops; the sender goes on to the end."""
    data = random.Random(size).randbytes(size)
    share = create(daemon)
    sender = sender_of(daemon, share, size)
    receiver = Receiver(daemon, share, data)
    for at in range(0, before, MIB):
        sender.socket.sendall(data[at:at + MIB])
        wait_until(lambda: receiver.size >= at - 2 * MIB, 30)
    assert written(daemon) == 0
    receiver.go.clear()
    begun = time.monotonic()
    sender.socket.sendall(data[before:])
    assert time.monotonic() - begun < 20
    return share, data, sender, receiver


def test_who_stops_in_the_middle_holds_nobody_up_and_misses_nothing(make_daemon):
    daemon = make_daemon(reactors='1', stall_timeout='60s')
    size = 80 * MIB + 11
    share, data, sender, receiver = slow_in_the_middle(daemon, size, 24 * MIB)
    wait_until(lambda: written(daemon) > 20 * MIB, 30)
    assert daemon.metrics()['hawser_spills_total'] == 1
    assert daemon.get(path_of(share)).status == 410
    receiver.go.set()
    answer = sender.answer('PUT')
    assert answer.status == 200 and b'beginning' in answer.body
    assert receiver.has_all()
    seen = json.loads(daemon.get('/api/v1/shares/' + share['id'],
                                 [('Accept', 'application/json')]).body)['files'][0]
    first = seen['stored_from']
    assert first % CHUNK == 0 and 16 * MIB <= first <= 36 * MIB
    assert seen['is_complete'] and seen['root'] == answer.one('hawser-root')
    assert daemon.get(path_of(share)).status == 410
    assert daemon.ask('HEAD', path_of(share)).status == 410
    for target in (f"/s/{share['id']}.zip", path_of(share) + '.torrent'):
        assert daemon.get(target).status == 410
    rest = daemon.get(path_of(share), [('Range', f'bytes={first}-')])
    assert rest.status == 206 and rest.body == data[first:]
    assert daemon.get(path_of(share), [('Range', f'bytes={first - 1}-')]).status == 410
    daemon.stop()
    daemon.start()
    daemon.stop()
    assert datadir.faults(daemon.data) == []
    daemon.start()
    assert daemon.get(path_of(share), [('Range', f'bytes={first}-')]).body == data[first:]
    daemon.ask('DELETE', '/api/v1/shares/' + share['id'], [bearer(share)])
    wait_until(lambda: daemon.metrics()['hawser_stored_bytes'] == 0)
    daemon.stop()


def test_a_sender_held_up_for_a_moment_does_not_hold_the_stop_up(make_daemon):
    """Everything is in memory, and a receiver has not taken it yet."""
    daemon = make_daemon(reactors='1', shutdown_timeout='1s')
    data = random.Random(9).randbytes(6 * MIB)
    share = create(daemon)
    sender = sender_of(daemon, share, 80 * MIB)
    receiver = Receiver(daemon, share, data)
    receiver.go.clear()
    sender.socket.sendall(data)
    begun = time.monotonic()
    daemon.stop()
    assert time.monotonic() - begun < 5
    receiver.go.set()
    sender.close()


def test_sender_that_is_cut_after_it_spilled_leaves_nothing(make_daemon):
    daemon = make_daemon(reactors='1')
    data = random.Random(7).randbytes(64 * MIB)
    share = create(daemon)
    sender = sender_of(daemon, share, 80 * MIB)
    receiver = Receiver(daemon, share, data)
    receiver.go.clear()
    sender.socket.sendall(data)
    wait_until(lambda: written(daemon) > 20 * MIB, 30)
    sender.close()
    receiver.go.set()
    receiver.join(30)
    assert not receiver.is_alive() and receiver.size < 80 * MIB and receiver.is_right
    wait_until(daemon.is_idle)
    daemon.stop()
    daemon.start()
    daemon.stop()
    assert datadir.live_size(daemon.data) == 0


def test_who_asks_for_the_end_has_not_had_the_beginning(make_daemon):
    """A look at the last byte, as players and archivers take one, throws nothing away."""
    daemon = make_daemon(reactors='1')
    data = random.Random(5).randbytes(9 * MIB)
    share = create(daemon)
    sender = sender_of(daemon, share, len(data))
    probe = daemon.wire()
    probe.request('GET', path_of(share), [('Range', 'bytes=-1')])
    time.sleep(0.3)  # it waits for a byte that has not come; nothing tells us that it does
    sender.socket.sendall(data[:5 * MIB])
    probe.close()
    sender.socket.sendall(data[5 * MIB:])
    assert sender.answer('PUT').status == 201
    assert daemon.is_same(path_of(share), data)
    daemon.stop()


def test_who_took_all_of_unknown_length_hears_its_end(make_daemon):
    """Held for a while, so that it spills in the middle; and then the end is one."""
    daemon = make_daemon(reactors='1')
    data = random.Random(6).randbytes(40 * MIB)
    share = create(daemon)
    sender = daemon.wire()
    sender.request('PUT', path_of(share), [bearer(share), ('Transfer-Encoding', 'chunked')])
    wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1)
    receiver = daemon.wire(recv_buffer=MIB)
    receiver.request('GET', path_of(share))
    feeder = threading.Thread(daemon=True, target=lambda: sender.socket.sendall(
        b''.join(b'%x\r\n%b\r\n' % (MIB, data[at:at + MIB])
                 for at in range(0, len(data), MIB)) + b'0\r\n\r\n'))
    feeder.start()
    came = b''
    while len(came) < 20 * MIB:
        came += receiver.socket.recv(MIB)
    time.sleep(3)  # long enough to be taken for a slow one
    receiver.socket.settimeout(20)
    while not came.endswith(b'\r\n0\r\n\r\n'):
        piece = receiver.socket.recv(MIB)
        assert piece, 'it was cut'
        came += piece
    feeder.join()
    assert sender.answer('PUT').status in (200, 201)
    daemon.stop()
