# SPDX-License-Identifier: Apache-2.0
"""What each listener has of its own."""
import pathlib
import subprocess

import pytest

from hawser import Wire

ALLOWED = pathlib.Path('/proc/sys/net/ipv4/tcp_allowed_congestion_control')
KNOWN = pathlib.Path('/proc/sys/net/ipv4/tcp_available_congestion_control')


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
