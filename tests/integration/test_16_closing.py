# SPDX-License-Identifier: Apache-2.0
"""What is closed is gone, whatever else is open: with sockets in the ring's table, and as the
descriptors that they are where that table gives nothing back in time (before Linux 6.13)."""
import contextlib
import os
import pathlib
import socket
import subprocess

import pytest

from hawser import HAS_CACHESTAT, MIB, Bytes, Wire, wait_until

PATIENCE_S = 20


@pytest.fixture(scope='module')
def files():
    return Bytes(16, 12 * MIB)


@pytest.fixture(params=['table', 'descriptors'])
def make_either(request, make_daemon, monkeypatch):
    """make_daemon for a daemon that says where its sockets are."""
    is_plain = request.param == 'descriptors'
    if is_plain:
        monkeypatch.setenv('HW_PLAIN_SOCKETS', '1')

    def make(**options):
        daemon = make_daemon(**options)
        found = daemon.events('io_uring.ready')[0]['found']
        if not is_plain and 'descriptors' in found:
            pytest.skip(f'only as descriptors: {found}')
        assert ('descriptors' in found) == is_plain, found
        return daemon
    return make


def half_closed(port):
    """Connections that the client has left, and the daemon's kernel has not."""
    rows = subprocess.run(['ss', '-tnH', 'state', 'close-wait', f'sport = :{port}'],
                          capture_output=True, text=True, check=True).stdout
    return rows.splitlines()


def descriptors(daemon):
    return len(os.listdir(f'/proc/{daemon.process.pid}/fd'))


def test_closed_connections_are_gone(make_either):
    daemon = make_either(reactors='1')
    with Wire(daemon.port) as idle:
        idle.request('GET', '/health')
        assert idle.answer().status == 200  # from now on a poll of this one is in flight
        before = descriptors(daemon)
        for i in range(60):
            with Wire(daemon.port) as wire:
                fields = [('Connection', 'close')] if i % 2 else []
                wire.request('GET', '/health', fields)
                assert wire.answer().status == 200
                if i % 2:
                    wire.socket.settimeout(PATIENCE_S)
                    assert wire.socket.recv(1) == b''  # FIN came, though the other is still open
        wait_until(lambda: not half_closed(daemon.port), PATIENCE_S, 'the last one is gone')
        wait_until(lambda: descriptors(daemon) <= before, PATIENCE_S, 'no descriptor is left')
        idle.request('GET', '/health')
        assert idle.answer().status == 200


def test_transfers(make_either, files):
    """Uploads, pages spliced into the socket, TLS, and a second reactor that takes over."""
    daemon = make_either(reactors='2', tls_listen='127.0.0.1:0')
    data = files.window(5, 12 * MIB)
    share = daemon.put(data)
    with contextlib.ExitStack() as held:
        for _ in range(24):  # that the hash spreads them evenly all by itself: one in 4,000
            wire = held.enter_context(Wire(daemon.port))
            wire.request('GET', share.path)
            assert wire.answer().body == data
    seen = daemon.metrics()
    assert seen['hawser_connections_handed_over_total'] > 0
    assert (seen['hawser_bytes_spliced_total'] > 0) == HAS_CACHESTAT
    tls = int([line['url'] for line in daemon.events('ready')][1].rsplit(':', 1)[1])
    got = pathlib.Path(daemon.folder) / 'got'
    done = subprocess.run(['curl', '-sSk', '-o', str(got), f'https://127.0.0.1:{tls}{share.path}'],
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert got.read_bytes() == data


@pytest.mark.parametrize('places', [32, 5200])  # 5200: many at a time, until 80 have come
def test_more_than_there_is_place_for(make_either, places):
    """They wait in the kernel's backlog, and each is answered when there is place."""
    daemon = make_either(reactors='1', connections_max=str(places), tls_listen='127.0.0.1:0')
    with contextlib.ExitStack() as crowd:
        ends = [crowd.enter_context(socket.create_connection(('127.0.0.1', daemon.port), PATIENCE_S))
                for _ in range(300)]
        for end in ends:
            end.sendall(b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        for index, end in enumerate(ends):
            assert end.recv(1000).startswith(b'HTTP/1.1 200'), f'{index} of 0..299'
    wait_until(lambda: not half_closed(daemon.port), PATIENCE_S, 'all are gone')
    seen = daemon.metrics()
    assert seen['hawser_accept_drops_total'] == 0
    assert seen['hawser_connections_open'] <= 2
