# SPDX-License-Identifier: Apache-2.0
"""Goal: an operator sees what moves on every reactor, others only figures; the history fills; a node
keeps its name over restarts, and says so when it cannot.

Method: downloads that are not read, on three reactors; real steps of ten seconds, waited for once.
"""
import json
import re
import socket
import time

import pytest

from hawser import MIB, Bytes, seed_of, wait_until
from test_08_who_may import new_token, reload

DOWNLOADS = 12
STEP_S = 10


@pytest.fixture
def daemon(make_daemon):
    return make_daemon(reactors='3', memory='48MiB')


def figures(daemon, token=None):
    fields = [] if token is None else [('Authorization', f'Bearer {token}')]
    answer = daemon.ask('GET', '/metrics/json', fields)
    assert answer.status == 200 and answer.one('content-type') == 'application/json'
    return json.loads(answer.body)


def is_known(daemon, token):
    """A reactor that has not heard of it yet says 403."""
    fields = [('Authorization', f'Bearer {token}')]
    return daemon.ask('GET', '/metrics/json', fields).status == 200


def test_operators_see_what_moves(daemon):
    token = new_token(daemon.data, 'operator')
    reload(daemon)
    wait_until(lambda: is_known(daemon, token), what='the token on this reactor')
    assert figures(daemon, token)['transfers'] == []
    data = Bytes(seed_of('operator'), 64 * MIB).window(0, 64 * MIB)
    share = daemon.put(data)
    wires = []
    for _ in range(DOWNLOADS):
        wire = daemon.wire(recv_buffer=65536)
        wire.send(f'GET {share.path} HTTP/1.1\r\nHost: test\r\n\r\n'.encode())
        wire.head()
        wires.append(wire)

    def moving():
        # Whichever reactor is asked, each transfer of each reactor is there once.
        seen = figures(daemon, token)['transfers']
        return len(seen) == DOWNLOADS and all(
            row['share'] == share.id and row['direction'] == 'down' and
            row['size'] == len(data) and row['stalled'] == 'receiver slow' for row in seen)
    for _ in range(12):
        wait_until(moving, what='all transfers')
    open_figures = figures(daemon)
    assert 'transfers' not in open_figures and share.id not in json.dumps(open_figures)
    answer = daemon.ask('GET', '/metrics/json', [('Authorization', 'Bearer ' + 'A' * 43)])
    assert answer.status == 403 and b'operator' in answer.body
    assert open_figures['totals']['downloads'] == DOWNLOADS
    assert sum(row['downloads'] for row in open_figures['reactors']) == DOWNLOADS
    for wire in wires:
        wire.socket.shutdown(socket.SHUT_RDWR)
        wire.close()
    wait_until(lambda: figures(daemon, token)['transfers'] == [], what='their end')


def test_the_history_fills(daemon):
    wire = daemon.wire()  # one connection is one reactor: each keeps a history of its own

    def history_now():
        wire.request('GET', '/metrics/json')
        return json.loads(wire.answer().body)['history']
    assert history_now()['requests'] == []
    data = Bytes(seed_of('history'), 4 * MIB).window(0, 4 * MIB)
    daemon.put(data)
    wait_until(lambda: sum(history_now()['received_bytes']) >= len(data), 2 * STEP_S, 'a step')
    history = history_now()
    assert history['step_ms'] == STEP_S * 1000
    assert abs(history['end_ms'] / 1000 - time.time()) < 2 * STEP_S
    columns = ['received_bytes', 'sent_bytes', 'requests', 'errors', 'cpu_ms', 'connections']
    assert len({len(history[name]) for name in columns}) == 1
    assert sum(history['requests']) >= 2 and sum(history['cpu_ms']) > 0
    wire.request('GET', '/api/v1/cluster')
    node, = json.loads(wire.answer().body)['nodes']
    assert 0 < node['load'] <= 1


def test_a_node_keeps_its_name(daemon):
    def name():
        cluster = json.loads(daemon.ask('GET', '/api/v1/cluster').body)
        node, = cluster['nodes']
        assert cluster['mode'] == 'standalone' and cluster['leader'] == cluster['self']
        assert node['id'] == cluster['self'] == figures(daemon)['node']
        assert node['health'] == 'up' and node['address'].startswith('http://')
        return cluster['self']
    first = name()
    assert re.fullmatch('[a-z2-7]{26}', first)
    file = daemon.data / 'node-id'
    assert file.read_text() == first + '\n'
    daemon.kill()
    daemon.start()
    assert name() == first
    daemon.stop()
    file.write_text('nonsense\n')
    daemon.expected_errors = {'identity.failed'}
    daemon.launch()
    daemon.wait(code=1)
    refusal, = daemon.events('identity.failed')
    assert 'remove it' in refusal['advice']
    file.unlink()
    daemon.start()
    assert name() != first
