# SPDX-License-Identifier: Apache-2.0
"""Goal: an upload that spilled after its beginning had passed is gone with a kill -9, and its space
comes back; one that was acknowledged is there after it, from where it was stored.

Method: a receiver that takes some and stops, so that the rest of the file spills; the daemon is
killed in the middle of it, or after its answer; then what a start leaves is looked at.
"""
import json
import random
import subprocess
import time

import datadir
import pytest
from hawser import CHUNK, MIB, Daemon, binary, wait_until

SIZE = 72 * MIB + 5


def spilling(daemon, data):
    """Sender, receiver and share of an upload whose receiver has stopped, and which has spilled."""
    answer = daemon.ask('POST', '/api/v1/shares', [('Accept', 'application/json')],
                        b'{"mode":"spill"}')
    share = json.loads(answer.body)
    path = f"/s/{share['id']}/f"
    sender = daemon.wire()
    sender.request('PUT', path, [('Authorization', 'Bearer ' + share['owner_token']),
                                 ('Content-Length', str(len(data)))])
    wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1)
    receiver = daemon.wire(recv_buffer=MIB)
    receiver.request('GET', path)
    sender.socket.sendall(data[:20 * MIB])
    assert receiver.head().status == 200
    assert receiver.take(16 * MIB) == data[:16 * MIB]
    sender.socket.sendall(data[20 * MIB:60 * MIB])
    wait_until(lambda: daemon.metrics()['hawser_segment_write_bytes_total'] > 8 * MIB, 30)
    return share, path, sender, receiver


@pytest.mark.parametrize('is_whole', [False, True])
def test_spilled_upload_and_a_kill(folder, is_whole):
    daemon = Daemon(folder, reactors='1', stall_timeout='60s', segment_size='32MiB').start()
    data = random.Random(3).randbytes(SIZE)
    try:
        share, path, sender, receiver = spilling(daemon, data)
        if is_whole:
            sender.socket.sendall(data[60 * MIB:])
            assert receiver.take(SIZE - 16 * MIB) == data[16 * MIB:]
            answer = sender.answer('PUT')
            assert answer.status == 200 and b'beginning' in answer.body
        else:
            time.sleep(0.2)
        daemon.kill()
        daemon.start()
        look = json.loads(daemon.get('/api/v1/shares/' + share['id'],
                                     [('Accept', 'application/json')]).body)
        if is_whole:
            first = look['files'][0]['stored_from']
            assert first > 0 and first % CHUNK == 0
            assert daemon.get(path).status == 410
            assert daemon.get(path, [('Range', f'bytes={first}-')]).body == data[first:]
        else:
            assert look['files'] == [] and look['size'] == 0
            assert daemon.get(path).status == 404
        daemon.stop()
        subprocess.run([binary(), '--check', f'--data-dir={daemon.data}'], check=True)
        if not is_whole:
            assert datadir.live_size(daemon.data) == 0
            assert datadir.segments(daemon.data) == {}
    finally:
        daemon.end()
