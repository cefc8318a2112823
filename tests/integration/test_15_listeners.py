# SPDX-License-Identifier: Apache-2.0
"""What each listener has of its own."""
import pathlib
import subprocess

import pytest

from hawser import MIB, Bytes, Wire, wait_until

ALLOWED = pathlib.Path('/proc/sys/net/ipv4/tcp_allowed_congestion_control')
KNOWN = pathlib.Path('/proc/sys/net/ipv4/tcp_available_congestion_control')


@pytest.fixture(scope='module')
def files():
    return Bytes(15, 4 * MIB)


def ports_of(daemon):
    """Of the listeners, in their order."""
    return [int(line['url'].rsplit(':', 1)[1]) for line in daemon.events('ready')]


def congestion_of(port):
    """What the daemon's side of the connections to a port has, as the kernel says it."""
    known = KNOWN.read_text('ascii').split()
    rows = subprocess.run(['ss', '-tinH', f'sport = :{port}'], capture_output=True, text=True,
                          check=True).stdout
    return {word for word in rows.split() if word in known}


def test_each_listener_has_its_own_congestion_control(make_daemon):
    """Two that say one, each on its own connections; a third has what is said for all."""
    names = ALLOWED.read_text('ascii').split()
    if len(names) < 2:
        pytest.skip(f'this kernel allows only {names}')
    first, second = names[:2]
    daemon = make_daemon(listen=f'127.0.0.1:0 congestion={first}, 127.0.0.2:0 congestion={second},'
                                ' 127.0.0.3:0', congestion=second, reactors='2')
    hosts = ('127.0.0.1', '127.0.0.2', '127.0.0.3')
    for host, port, wanted in zip(hosts, ports_of(daemon), (first, second, second)):
        with Wire(port, host=host) as wire:
            wire.request('GET', '/health')
            assert wire.answer().status == 200
            assert congestion_of(port) == {wanted}


# -- connections over reactors -------------------------------------------------------------------

def health(wire):
    wire.request('GET', '/health')
    assert wire.answer().status == 200


def counts(wire):
    """Asked on a connection that is there: another one would be counted."""
    wire.request('GET', '/metrics')
    rows = wire.answer().body.decode('ascii').splitlines()
    return {name: float(value) for name, value in
            (row.rsplit(' ', 1) for row in rows if not row.startswith('#'))}


def settled(wire, count):
    """The open connections of the fullest reactor, once all have arrived; else None."""
    now = counts(wire)
    if now['hawser_connections_open'] != count or now['hawser_handovers_open'] != 0:
        return None
    return now['hawser_connections_fullest_reactor']


def open_one(daemon, wires):
    """One more; returns what settled() says then."""
    wires.append(daemon.wire())
    health(wires[-1])
    return wait_until(lambda: settled(wires[0], len(wires)), what='the arrival')


def close_all(daemon, wires):
    while len(wires) > 1:
        wires.pop().close()
    wait_until(lambda: settled(wires[0], 1), what='the end of the others')
    assert daemon.process.poll() is None


@pytest.mark.parametrize('reactors', (2, 4))
def test_connections_are_spread_evenly(make_daemon, reactors):
    """No reactor ever has more than its share, when they come one after the other."""
    daemon = make_daemon(reactors=str(reactors))
    wires = [daemon.wire()]
    health(wires[0])

    def are_all_reactors_there():  # one that starts late cannot be given anything yet
        fullest = [open_one(daemon, wires) for _ in range(reactors - 1)]
        close_all(daemon, wires)
        return fullest[-1] == 1

    wait_until(are_all_reactors_there, what='every reactor')
    for count in range(2, 5 * reactors + 1):
        assert open_one(daemon, wires) == -(-count // reactors)
    for wire in wires:  # and all are where they can be answered
        health(wire)
    close_all(daemon, wires)
    wires[0].close()


def test_uploads_and_downloads_go_on_where_they_were_handed(make_daemon, files):
    """A body that is there before the connection has arrived is not lost."""
    daemon = make_daemon(reactors='4', upload='open')
    data = files.window(0, 3 * MIB)
    with daemon.wire() as wire:
        health(wire)
        for _ in range(40):
            share = daemon.put(data)
            assert daemon.is_same(share.path, data)
        assert counts(wire)['hawser_connections_handed_over_total'] > 10
    daemon.stop()
