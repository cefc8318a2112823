# SPDX-License-Identifier: Apache-2.0
"""One measurement: a server's life under one load, and the figures that came of it."""
import json
import os
import pathlib
import resource
import shlex
import socket
import ssl
import statistics
import subprocess
import time

from cases import GIB, KIB
from servers import LOAD, process_prepare
from trouble import Trouble, program

WRK_SCRIPT = pathlib.Path(__file__).resolve().parent / 'wrk.lua'
TURNS = 'hawser_reactor_turn_duration_seconds'
SETTLE_S = 1.0         # before memory is looked at
SLOW_MS = 5            # of a turn
BUSY_SIZE = 100 * KIB
BUSY_TIMES = 3         # idle and busy in turns, in one life
CONNECTIONS_FEW = '64'  # of the daemon that idle connections are compared with


# -- loads --

def run_json(command, server):
    """On the load's core; returns what its last line, or all of it, says, and the CPU it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False,
                          preexec_fn=process_prepare(server.options.load_cpu))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Trouble(f'{shlex.join(map(str, command))} against {server.name}: '
                      f'{done.stderr}{done.stdout}{server.out()[-1000:]}')
    text = done.stdout
    seen = json.loads(text[text.index('{"requests"'):])
    seen['cpu_s'] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seen


def load_command(server, verb, path, **settings):
    command = [str(LOAD), verb, '--port', str(server.port), '--path', path]
    for name, value in {'tls': server.has_tls, **settings}.items():
        if value is True:
            command.append(f'--{name}')
        elif value is not None and value is not False:
            command += [f'--{name}', str(value)]
    return command


def load(server, verb, path, **settings):
    return run_json(load_command(server, verb, path, **settings), server)


def small_load(server, path, connections, seconds):
    """Downloads of a small file, by wrk unless ours was asked for."""
    if server.options.load == 'ours':
        return load(server, 'get', path, connections=connections, seconds=seconds)
    seen = run_json([program('wrk'), '-t', '1', '-c', connections, '-d', max(1, round(seconds)),
                     '--latency', '-s', WRK_SCRIPT, server.url(path)], server)
    if seen.get('errors'):
        raise Trouble(f'wrk saw {seen["errors"]} errors of {server.name}')
    return seen


def compare(server, path, seed, size):
    """Is what curl gets there body 0 of @seed, byte by byte? By TLS with OpenSSL's records, where the
    load has hawserd's own code: what both do wrong shows here."""
    curl = [program('curl'), '-sSf', '--cacert', server.options.certificate, server.url(path)]
    body = [str(LOAD), 'body', '--seed', str(seed), '--size', str(size)]
    script = f'set -o pipefail; {shlex.join(map(str, curl))} | cmp - <({shlex.join(body)})'
    done = subprocess.run(['bash', '-c', script], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False,
                          preexec_fn=process_prepare(server.options.load_cpu))
    if done.returncode != 0:
        raise Trouble(f'{server.name} gives back other bytes: {done.stderr}{done.stdout}')


class Clock:
    """Around what counts; nobody pays for what was written before."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        os.sync()
        self.begun_s = self.server.cpu_s()
        return self

    def __exit__(self, *_):
        self.cpu_s = self.server.cpu_s() - self.begun_s


def figures(seen, cpu_s, server):
    gib = seen['bytes'] / GIB
    return {
        'gib_per_s': gib / seen['seconds'],
        'requests_per_s': seen['requests'] / seen['seconds'],
        'cpu_s_per_gib': cpu_s / gib,
        'cpu_us_per_request': cpu_s * 1e6 / seen['requests'],
        'cpu_share': cpu_s / seen['seconds'],
        'p50_ms': seen['latency_us']['p50'] / 1e3,
        'p99_ms': seen['latency_us']['p99'] / 1e3,
        'memory_mib': server.memory_mib(),
        'load_share': seen['cpu_s'] / seen['seconds'],
        'requests': seen['requests'],
    }


# -- one function for each kind of case: (server, case, seed, is_first) -> figures --

def get(server, case, seed, is_first):
    size = server.options.size_of(case)
    path = server.place(seed, size)
    if is_first:
        compare(server, path, seed, size)
    load(server, 'get', path, requests=case.connections, connections=case.connections, seed=seed,
         size=size, verify=True)
    with Clock(server) as clock:
        seen = load(server, 'get', path, connections=case.connections, requests=case.requests,
                    size=size)
    return figures(seen, clock.cpu_s, server)


def small(server, case, seed, is_first):
    path = server.place(seed, case.size)
    if is_first:
        compare(server, path, seed, case.size)
    load(server, 'get', path, requests=case.connections * 16, connections=case.connections, seed=seed,
         size=case.size, verify=True)
    with Clock(server) as clock:
        seen = small_load(server, path, case.connections, server.options.seconds)
    return figures(seen, clock.cpu_s, server)


def put(server, case, seed, is_first):
    size = server.options.size_of(case)
    if is_first:
        seen = load(server, 'put', '/first', size=size, requests=1, seed=seed)
        compare(server, server.uploaded_path(seen, '/first'), seed, size)
    with Clock(server) as clock:
        seen = load(server, 'put', '/bench', connections=case.connections, seed=seed + 1,
                    size=size, requests=case.requests,
                    seconds=None if case.requests else server.options.seconds)
    return figures(seen, clock.cpu_s, server)


def tus(server, case, seed, is_first):
    size = server.options.size_of(case)
    if is_first:
        path, field = server.tus_begin()
        seen = load(server, 'tus', path, size=size, requests=1, seed=seed, field=field)
        compare(server, server.tus_path(seen), seed, size)
    path, field = server.tus_begin()
    with Clock(server) as clock:
        seen = load(server, 'tus', path, connections=case.connections, size=size, seed=seed + 1,
                    requests=case.requests, field=field)
    return figures(seen, clock.cpu_s, server)


def follow(server, case, seed, is_first):
    """Several files, one after the other; the receiver's bytes count, both ends' cost does."""
    size = server.options.size_of(case)
    share = server.share_make(case.mode)
    field = f'Authorization: Bearer {share["owner_token"]}'
    if is_first:
        load(server, 'follow', f'/s/{share["id"]}/first', size=size, seed=seed, field=field,
             verify=True)
    with Clock(server) as clock:
        all_seen = [load(server, 'follow', f'/s/{share["id"]}/f{number}', size=size,
                         seed=seed + 1 + number, field=field) for number in range(case.requests)]
    total = {key: sum(seen[key] for seen in all_seen)
             for key in ('requests', 'bytes', 'seconds', 'cpu_s')}
    return figures({**total, 'latency_us': all_seen[0]['latency_us']}, clock.cpu_s, server)


def busy(server, case, seed, _):
    """Small downloads alone, and beside large ones, which yield the load's core to the small: what
    they wait for is the server."""
    options = server.options
    big = server.place(seed, min(case.size, options.size_max * 10))
    path = server.place(seed + 1, BUSY_SIZE)
    compare(server, path, seed + 1, BUSY_SIZE)
    p99_ms, rates = {'idle': [], 'busy': []}, []
    for _ in range(1 if options.is_smoke else BUSY_TIMES):
        seen = small_load(server, path, case.connections, options.seconds)
        p99_ms['idle'].append(seen['latency_us']['p99'] / 1e3)
        command = load_command(server, 'get', big, connections=8, seconds=600)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              preexec_fn=process_prepare(options.load_cpu, is_idle=True)) as others:
            time.sleep(0.2)
            moved = loopback_bytes()
            seen = small_load(server, path, case.connections, options.seconds)
            p99_ms['busy'].append(seen['latency_us']['p99'] / 1e3)
            rates.append((loopback_bytes() - moved - seen['bytes']) / GIB / seen['seconds'])
            has_ended = others.poll() is not None
            others.kill()
        if has_ended:
            raise Trouble('the large downloads ended before the small ones')
    idle_ms, busy_ms = (statistics.median(p99_ms[name]) for name in ('idle', 'busy'))
    return {'p99_ratio': busy_ms / idle_ms, 'p99_ms': busy_ms, 'idle_p99_ms': idle_ms,
            'gib_per_s': statistics.median(rates)}


def loopback_bytes():
    """That all connections of our namespace have moved: who is killed prints no figures."""
    for line in pathlib.Path('/proc/thread-self/net/dev').read_text(encoding='ascii').split('\n'):
        if line.strip().startswith('lo:'):
            return int(line.split()[1])
    return 0


def cold(server, case, seed, _):
    """The disk is read; what counts is how long the reactor was away from everybody else."""
    size = min(case.size, server.options.size_max * 4)
    path = server.place(seed, size)
    cache_drop(server.folder)
    before = server.histogram(TURNS)
    seen = load(server, 'get', path, requests=1, seed=seed, size=size, verify=True)
    after = server.histogram(TURNS)
    turns = {bound * 1e3: count - before.get(bound, 0) for bound, count in after.items()}
    return {'turn_ms': max(ms for ms, count in turns.items() if count > 0),
            'slow_turns': sum(count for ms, count in turns.items() if ms > SLOW_MS),
            'turns': sum(turns.values()), 'gib_per_s': seen['bytes'] / GIB / seen['seconds']}


def cache_drop(folder):
    """Of the files below it only: the machine may have other things to do."""
    os.sync()
    for path in pathlib.Path(folder).rglob('*'):
        if path.is_file():
            with open(path, 'rb') as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def idle(server, case, _seed, _is_first):
    """What a daemon with all the connections is larger by than one that has room for few."""
    count = min(case.connections, server.options.idle_connections)
    limit = max(count + 1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    after = idle_memory_mib(server, count)
    with type(server)(server.options, words=('--connections-max', CONNECTIONS_FEW)) as few:
        before = idle_memory_mib(few, 1)
    return {'growth_mib': after - before, 'memory_mib': after, 'connections': count}


def idle_memory_mib(server, count):
    ends = [idle_open(server) for _ in range(count)]
    time.sleep(SETTLE_S)
    memory_mib = server.memory_mib('VmRSS')
    for end in ends:
        end.close()
    return memory_mib


def idle_open(server):
    """A connection that has asked once, and now only waits."""
    end = socket.create_connection(('127.0.0.1', server.port))
    if server.has_tls:
        context = ssl.create_default_context(cafile=server.options.certificate)
        end = context.wrap_socket(end, server_hostname='127.0.0.1')
    end.sendall(b'GET /health HTTP/1.1\r\nHost: bench\r\n\r\n')
    answer = end.recv(4096)
    if not answer.startswith(b'HTTP/1.1 200'):
        raise Trouble(f'a connection is not answered: {answer[:200]}')
    return end


KINDS = {kind.__name__: kind for kind in (get, small, put, tus, follow, busy, cold, idle)}


def measure(server_class, case, seed, is_first, options):
    with server_class(options, case) as server:
        result = KINDS[case.kind](server, case, seed, is_first)
    os.sync()
    return result
