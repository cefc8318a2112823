# SPDX-License-Identifier: Apache-2.0
"""What is measured, against whom, and what is asked for: the table that run goes through."""
import dataclasses

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BEST = 'the best'  # of the peers, for each figure by itself

# What a measurement gives: heading, format, whether more is better.
FIGURES = {
    'gib_per_s': ('GiB/s', '.2f', True),
    'requests_per_s': ('requests/s', '.0f', True),
    'cpu_s_per_gib': ('CPU s/GiB', '.3f', False),
    'cpu_us_per_request': ('CPU us/request', '.1f', False),
    'cpu_share': ('core busy', '.2f', False),
    'p50_ms': ('p50 ms', '.3f', False),
    'p99_ms': ('p99 ms', '.3f', False),
    'idle_p99_ms': ('p99 ms when idle', '.3f', False),
    'p99_ratio': ('p99 busy/idle', '.2f', False),
    'turn_ms': ('ms at most', '.1f', False),
    'slow_turns': ('turns above 4.1 ms', '.0f', False),
    'turns': ('turns', '.0f', False),
    'growth_mib': ('MiB', '.0f', False),
    'memory_mib': ('MiB in all', '.0f', False),
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the result: hawserd against one peer, or (None) against a figure by itself."""
    peer: str | None
    figure: str
    asked: float
    cpu_asked: float | None = None


@dataclasses.dataclass(frozen=True)
class Case:
    """How it is measured is measure.py's function of the name @kind."""
    name: str
    title: str
    kind: str
    rows: tuple
    size: int = 0
    connections: int = 1
    requests: int | None = None  # None: as many as fit the time
    has_tls: bool = False
    peers: tuple = ()
    mode: str = 'stored'
    hawserd: tuple = ()          # options it needs
    rounds_max: int = 1000

    @property
    def is_upload(self):
        return self.kind in ('put', 'tus', 'follow')

    @property
    def cpu_figure(self):
        return 'cpu_us_per_request' if self.rows[0].figure in ('requests_per_s', 'p99_ms') \
            else 'cpu_s_per_gib'


IDLE_OPTIONS = ('--connections-max', '10100', '--idle-timeout', '15m')

CASES = {case.name: case for case in (
    Case('get_1g', 'GET 1 GiB, hot, 4 connections', 'get',
         (Row('nginx', 'gib_per_s', 1.0, 1.0),),
         size=GIB, connections=4, requests=16, peers=('nginx',)),
    Case('get_1k', 'GET 1 KiB, 64 keep-alive connections', 'small',
         (Row('lighttpd', 'requests_per_s', 1.1, 0.75), Row('nginx', 'requests_per_s', 1.35, 0.6)),
         size=KIB, connections=64, peers=('lighttpd', 'nginx')),
    Case('get_64k', 'GET 64 KiB, 64 connections', 'small',
         (Row('lighttpd', 'p99_ms', 1.0, 0.8),),
         size=64 * KIB, connections=64, peers=('lighttpd',)),
    Case('get_1g_tls', 'GET 1 GiB, TLS 1.3 AES-256-GCM, 4 connections', 'get',
         (Row(BEST, 'gib_per_s', 1.7, 0.6),),
         size=GIB, connections=4, requests=8, has_tls=True, peers=('nginx', 'caddy')),
    Case('put_1g_tls', 'PUT 1 GiB over TLS, 4 connections, durable', 'put',
         (Row('nginx', 'gib_per_s', 1.3),),
         size=GIB, connections=4, requests=4, has_tls=True, peers=('nginx',)),
    Case('put_1g', 'PUT 1 GiB, 4 connections, durable', 'put',
         (Row('nginx', 'gib_per_s', 1.5, 0.8),),
         size=GIB, connections=4, requests=4, peers=('nginx',)),
    Case('put_64k', 'PUT 64 KiB, 16 connections, durable', 'put',
         (Row('nginx', 'requests_per_s', 3.5),),
         size=64 * KIB, connections=16, peers=('nginx',)),
    Case('put_1k', 'PUT 1 KiB, 16 connections, durable', 'put',
         (Row('nginx', 'requests_per_s', 4.0),),
         size=KIB, connections=16, peers=('nginx',)),
    Case('tus', 'tus upload of 1 GiB in 16 MiB PATCHes, durable', 'tus',
         (Row('tus-node', 'gib_per_s', 3.0, 0.25),),
         size=GIB, requests=2, peers=('tus-node',)),
    Case('follow', 'send and follow live, mode stored', 'follow',
         (Row(None, 'gib_per_s', 1.5, 0.5),),
         size=GIB, requests=3),
    Case('live', 'send and follow live, mode live', 'follow',
         (Row(None, 'gib_per_s', 1.5, 0.5),),
         size=GIB, requests=3, mode='live'),
    Case('busy', 'p99 of GET 100 KiB, 8 connections, while 8 GET 10 GiB', 'busy',
         (Row(None, 'p99_ratio', 5.0),),
         size=10 * GIB, connections=8, rounds_max=1),
    Case('idle', 'memory of 10,000 idle connections', 'idle',
         (Row(None, 'growth_mib', 64.0),),
         connections=10000, hawserd=IDLE_OPTIONS, rounds_max=1),
    Case('idle_tls', 'memory of 10,000 idle connections, TLS', 'idle',
         (Row(None, 'growth_mib', 256.0),),
         connections=10000, has_tls=True, hawserd=IDLE_OPTIONS, rounds_max=1),
    Case('cold', "a reactor's longest turn in a cold GET of 4 GiB", 'cold',
         (Row(None, 'turn_ms', 5.0),),
         size=4 * GIB, rounds_max=3),
)}
