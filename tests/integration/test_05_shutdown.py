# SPDX-License-Identifier: Apache-2.0
"""Goal: SIGTERM takes no new work, lets what runs finish, and ends with 0; a second one ends at
once.

Method: transfers that are half done when the signal comes, finished afterwards, or not.
"""
import signal
import socket
import time

import pytest

import datadir
from hawser import KIB, MIB, Bytes, Share, wait_until


@pytest.fixture(scope='module')
def files():
    return Bytes(5, 48 * MIB)


def begin_upload(daemon, files, size):
    """An upload of which half is sent."""
    wire = daemon.wire()
    wire.request('PUT', '/half', [('Content-Length', str(size))])
    wire.send(files.window(1, size)[:size // 2])
    wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1)
    return wire


def begin_download(daemon, path):
    """A download of which the first bytes were read; the kernel cannot hold the rest."""
    wire = daemon.wire(recv_buffer=32 * KIB)
    wire.request('GET', path)
    assert wire.head().status == 200
    return wire


def is_refused(port):
    """A new client is told at once that nobody listens; it is not left waiting in the backlog."""
    try:
        socket.create_connection(('127.0.0.1', port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True


def test_idle(make_daemon):
    daemon = make_daemon()
    begun = time.monotonic()
    daemon.stop()
    assert time.monotonic() - begun < 2
    assert daemon.log()[-1]['event'] == 'stop.done'


def test_sigint_too(make_daemon):
    daemon = make_daemon()
    daemon.process.send_signal(signal.SIGINT)
    daemon.wait()


def test_idle_connections_do_not_hold_it(make_daemon):
    daemon = make_daemon()
    wires = [daemon.wire() for _ in range(50)]
    for wire in wires[:25]:  # some between two requests, some before the first
        wire.request('GET', '/health')
        wire.answer()
    half = daemon.wire()
    half.send(b'GET /health HTTP/1.1\r\nHo')
    # Who is still in the backlog, or on the way from one reactor to another, is refused: all must be
    # where they stay. Exactly: a connection that asked before and has gone may still be counted.

    def all_are_there():
        metrics = daemon.metrics()
        return metrics['hawser_connections_open'] == 52 and metrics['hawser_handovers_open'] == 0
    wait_until(all_are_there)
    begun = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    for wire in wires:
        assert wire.is_over()
    half.send(b'st: t\r\n\r\n')  # who has begun is answered
    answer = half.answer()
    assert answer.status == 503 and answer.one('connection') == 'close'
    daemon.wait()
    assert time.monotonic() - begun < 5


def test_transfers_finish(make_daemon, files):
    daemon = make_daemon()
    stored = files.window(0, 48 * MIB)
    share = daemon.put(stored)
    up = begin_upload(daemon, files, 20 * MIB)
    down = begin_download(daemon, share.path)
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: daemon.events('stop.begun'))
    assert down.take(len(stored)) == stored
    time.sleep(0.3)
    assert daemon.process.poll() is None, 'it did not wait for the upload'
    up.send(files.window(1, 20 * MIB)[10 * MIB:])
    answer = up.answer('PUT')
    second = Share(answer)
    assert answer.one('connection') == 'close'
    daemon.wait()
    daemon.start()
    assert daemon.is_same(second.path, files.window(1, 20 * MIB))
    daemon.stop()
    assert datadir.faults(daemon.data) == []


def test_new_connections_are_refused(make_daemon, files):
    daemon = make_daemon(shutdown_timeout='2s')
    up = begin_upload(daemon, files, 2 * MIB)
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: daemon.events('stop.begun'))
    wait_until(lambda: is_refused(daemon.port), 1, 'refusing')
    assert daemon.process.poll() is None, 'it did not wait'
    up.send(files.window(1, 2 * MIB)[MIB:])
    assert Share(up.answer('PUT'))
    daemon.wait()


def test_patience_has_an_end(make_daemon, files):
    daemon = make_daemon(shutdown_timeout='800ms')
    share = daemon.put(files.window(0, 48 * MIB))
    up = begin_upload(daemon, files, 20 * MIB)
    down = begin_download(daemon, share.path)
    waiting = daemon.wire()  # for its 100 Continue's body
    waiting.request('PUT', '/w', [('Content-Length', '5'), ('Expect', '100-continue')])
    assert waiting.head().status == 100
    begun = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.wait()
    assert 0.7 < time.monotonic() - begun < 4
    assert daemon.events('stop.cut') and daemon.log()[-1]['event'] == 'stop.done'
    answer = up.answer('PUT')
    assert answer.status == 503 and up.is_over()
    assert waiting.answer('PUT').status == 503
    while down.more():
        pass
    assert len(down.buffer) < 48 * MIB, 'a cut answer must be a short one'
    assert down.buffer == files.window(0, 48 * MIB)[:len(down.buffer)]
    daemon.start()
    assert daemon.is_same(share.path, files.window(0, 48 * MIB))
    daemon.stop()
    assert datadir.faults(daemon.data) == []


def test_no_patience(make_daemon, files):
    daemon = make_daemon(shutdown_timeout='0')
    begin_upload(daemon, files, 20 * MIB)
    begun = time.monotonic()
    daemon.stop()
    assert time.monotonic() - begun < 3


def test_second_signal(make_daemon, files):
    daemon = make_daemon()
    share = daemon.put(files.window(0, 5 * MIB))
    begin_upload(daemon, files, 20 * MIB)
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: daemon.events('stop.begun'))
    begun = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.wait(code=1)
    assert time.monotonic() - begun < 2 and daemon.events('stop.now')
    daemon.start()
    assert daemon.is_same(share.path, files.window(0, 5 * MIB))
    daemon.stop()
    assert datadir.faults(daemon.data) == []


def test_restart_on_the_same_port(make_daemon, files):
    """A client that was served keeps the port in TIME_WAIT: the next life listens all the same."""
    daemon = make_daemon()
    share = daemon.put(files.window(0, MIB))
    daemon.options['listen'] = f'127.0.0.1:{daemon.port}'
    for turn in range(4):
        if turn % 2:
            daemon.kill()
        else:
            daemon.stop()
        daemon.start()
        assert daemon.is_same(share.path, files.window(0, MIB))
