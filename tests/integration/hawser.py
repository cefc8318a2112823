# SPDX-License-Identifier: Apache-2.0
"""A daemon under test and clients for it: sockets, files, the tree of hashes, the data directory.

Nothing here knows the daemon's code: only its command line, its answers, its log, and the formats
that core/store/FORMAT.md and core/catalog/schema promise.
"""
import hashlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KIB = 1 << 10
MIB = 1 << 20
BLOCK = 16 * KIB
CHUNK = 4 * MIB

# Small pools, so that a start takes some tens of milliseconds; small segments, so that they roll.
OPTIONS = {
    'listen': '127.0.0.1:0',
    'log_format': 'json',
    'memory': '32MiB',
    'connections_max': '512',
    'uploads_max': '64',
    'downloads_max': '128',
    'segment_size': '64MiB',
}
# Behind the sandbox the leak checker cannot look at our threads; the unit tests look for leaks.
SANITIZERS = {'ASAN_OPTIONS': 'detect_leaks=0',
              'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
              'TSAN_OPTIONS': 'halt_on_error=1'}
# Since Linux 6.5 a daemon can know that a file is in memory, and splice it.
HAS_CACHESTAT = tuple(map(int, os.uname().release.split('.')[:2])) >= (6, 5)
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60


def binary():
    """The daemon under test; HAWSERD names another one."""
    path = os.environ.get('HAWSERD') or ROOT / 'build/debug/hawserd'
    return str(pathlib.Path(path).resolve())


def environment():
    """The caller's, without what would configure a daemon."""
    aliases = ('PORT', 'LOG_LEVEL', 'MAX_FILE_SIZE')
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith('HAWSER') and key not in aliases}
    return {**SANITIZERS, **kept}


def seed_of(name):
    """The seed of a test: printed, and set by HAWSER_SEED to run the same again."""
    seed = int(os.environ.get('HAWSER_SEED') or random.SystemRandom().getrandbits(32))
    print(f'{name}: seed {seed}')
    return seed


def wait_until(is_so, timeout_s=10, what='it'):
    """Ask again and again, for a bounded time; the last answer is returned."""
    end = time.monotonic() + timeout_s
    while True:
        answer = is_so()
        if answer:
            return answer
        assert time.monotonic() < end, f'{what} did not come true in {timeout_s} s'
        time.sleep(0.01)


# -- files ---------------------------------------------------------------------------------------

class Bytes:
    """Files that are known by (offset, size) alone: windows into one pool of random bytes."""

    def __init__(self, seed, size_max):
        self.size_max = size_max
        self.pool = memoryview(random.Random(seed).randbytes(size_max + MIB))

    def window(self, offset, size):
        assert offset <= MIB and size <= self.size_max
        return self.pool[offset:offset + size]


def root_of(data):
    """The file root as BEP 52 has it, hex; of an empty file the hash of nothing."""
    view = memoryview(data)
    row = [hashlib.sha256(view[at:at + BLOCK]).digest() for at in range(0, len(view), BLOCK)]
    if not row:
        return hashlib.sha256(b'').hexdigest()
    width = 1
    while width < len(row):
        width *= 2
    row += [bytes(32)] * (width - len(row))
    while len(row) > 1:
        row = [hashlib.sha256(row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0].hex()


def chunked(data, dice):
    """The body in chunks of random sizes, some with an extension; a last chunk at the end."""
    view = memoryview(data)
    at = 0
    while at < len(view):
        size = min(len(view) - at, dice.choice([1, 7, 1000, BLOCK, 100_000, 300_000, 5_000_000]))
        extension = b';n=v' if size > 1000 and dice.random() < 0.1 else b''
        digits = (b'%x', b'%X', b'000%x')[dice.randrange(3)] % size
        yield digits + extension + b'\r\n'
        yield view[at:at + size]
        yield b'\r\n'
        at += size
    yield b'0\r\n\r\n'


# -- one connection ------------------------------------------------------------------------------

class Answer:
    """One answer: status, fields as (lower-case name, value) in order, body."""

    def __init__(self, status, reason, fields):
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = b''

    def all(self, name):
        return [value for key, value in self.fields if key == name.lower()]

    def one(self, name):
        """The only value of a field, or None."""
        values = self.all(name)
        assert len(values) <= 1, f'{name} came {len(values)} times'
        return values[0] if values else None


class Wire:
    """A raw connection: sends any bytes, and reads answers strictly."""

    def __init__(self, port, timeout_s=30, host='127.0.0.1', recv_buffer=None):
        self.socket = socket.socket(socket.AF_INET)
        if recv_buffer is not None:  # before the window is told
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, recv_buffer)
        self.socket.settimeout(timeout_s)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, target, fields=(), body=None):
        """One request with Host and, when there is a body, its length."""
        lines = [f'{method} {target} HTTP/1.1', 'Host: test']
        lines += [f'{name}: {value}' for name, value in fields]
        if body is not None:
            lines.append(f'Content-Length: {len(body)}')
        self.send(('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1'))
        if body:
            self.send(body)

    def more(self):
        """Some more bytes into the buffer. Returns False at the end."""
        try:
            data = self.socket.recv(MIB)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def take(self, size):
        while len(self.buffer) < size:
            assert self.more(), f'the connection ended {size - len(self.buffer)} bytes early'
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def head(self):
        while True:
            end = self.buffer.find(b'\r\n\r\n')
            if end >= 0:
                break
            assert self.more(), f'the connection ended in a head: {bytes(self.buffer)!r}'
        lines = self.take(end + 4)[:-4].decode('latin-1').split('\r\n')
        version, status, reason = lines[0].split(' ', 2)
        assert version == 'HTTP/1.1' and len(status) == 3
        fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(': ')
            assert colon and name and name == name.strip() and value == value.strip(), line
            assert all(ord(c) >= 0x20 and ord(c) != 0x7f for c in line), line
            fields.append((name.lower(), value))
        return Answer(int(status), reason, fields)

    def answer(self, method='GET', expects_continue=False):
        """One whole answer. @expects_continue: 100 may, and must, come first."""
        answer = self.head()
        if expects_continue:
            assert answer.status == 100 and not answer.fields, 'no 100 Continue'
            answer = self.head()
        assert answer.status >= 200, 'an interim answer that nobody asked for'
        if method == 'HEAD' or answer.status in (204, 304):
            return answer
        answer.body = self.take(int(answer.one('content-length')))
        return answer

    def is_over(self):
        """The connection ends, and nothing more comes."""
        while self.more():
            pass
        return not self.buffer

    def is_silent(self, seconds=0.2):
        """Nothing comes for a while, and no end either."""
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            self.more()
            return False
        except TimeoutError:
            return not self.buffer
        finally:
            self.socket.settimeout(before)


class Share:
    """What an upload's answer says."""

    def __init__(self, answer):
        assert answer.status == 201, f'{answer.status}: {answer.body!r}'
        self.link = answer.one('location')
        self.root = answer.one('hawser-root')
        self.token = answer.one('hawser-owner-token')
        self.path = '/' + self.link.split('/', 3)[3]
        self.id = self.path.split('/')[2]


# -- the daemon ----------------------------------------------------------------------------------

class Served:
    """A daemon, wherever it runs: its log in a file, and its port."""

    def __init__(self):
        self.port = None
        self.log_path = None
        self.expected_errors = set()  # events that may be logged as errors

    def text(self):
        return self.log_path.read_text('utf-8', 'surrogateescape')

    def log(self):
        """The lines of this life, parsed: each must be JSON."""
        return [json.loads(line) for line in self.text().splitlines()]

    def events(self, event):
        return [line for line in self.log() if line['event'] == event]

    def check_log(self, is_cut=False):
        """No failed assertion, no sanitizer's report, no error nobody expected."""
        text = self.text()
        lines = text.splitlines()
        if is_cut and not text.endswith('\n'):
            lines = lines[:-1]
        for line in lines:
            assert line.startswith('{'), f'not a log line: {line}\n{text[-6000:]}'
            record = json.loads(line)
            if record['level'] == 'error':
                assert record['event'] in self.expected_errors, line

    # -- clients

    def wire(self, **options):
        return Wire(self.port, **options)

    def ask(self, method, target, fields=(), body=None, **options):
        """One request on a connection of its own."""
        with self.wire(**options) as wire:
            wire.request(method, target, fields, body)
            return wire.answer(method)

    def put(self, data, name='file', fields=()):
        return Share(self.ask('PUT', '/' + name, fields, data))

    def put_chunked(self, data, dice, name='file'):
        with self.wire() as wire:
            wire.send(f'PUT /{name} HTTP/1.1\r\nHost: test\r\n'
                      'Transfer-Encoding: chunked\r\n\r\n'.encode())
            for piece in chunked(data, dice):
                wire.send(piece)
            return Share(wire.answer('PUT'))

    def get(self, path, fields=()):
        return self.ask('GET', path, fields)

    def delete(self, share, token=None):
        bearer = share.token if token is None else token
        return self.ask('DELETE', share.path, [('Authorization', 'Bearer ' + bearer)])

    def is_same(self, path, data):
        """Whether the file at this path is these bytes; compared as they come."""
        with self.wire() as wire:
            wire.request('GET', path)
            head = wire.head()
            if head.status != 200 or int(head.one('content-length')) != len(data):
                return False
            view = memoryview(data)
            at = 0
            while True:
                size = len(wire.buffer)
                if bytes(wire.buffer) != view[at:at + size]:
                    return False
                at += size
                wire.buffer.clear()
                if at == len(view):
                    return True
                if not wire.more():
                    return False

    def metrics(self):
        """Samples by their name with labels."""
        samples = {}
        for line in self.get('/metrics').body.decode().splitlines():
            if line and not line.startswith('#'):
                name, value = line.rsplit(' ', 1)
                samples[name] = float(value)
        return samples

    def budget(self):
        """The bytes it said it would need at most."""
        return self.events('memory.total')[0]['bytes']

    def is_idle(self):
        """No upload and no download of anybody is left."""
        samples = self.metrics()
        return samples['hawser_uploads_open'] == 0 and samples['hawser_downloads_open'] == 0


class Daemon(Served):
    """One that we start, in a folder. Options by their keys (data_dir is always ours)."""

    def __init__(self, folder, prefix=(), env=None, **options):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.data = self.folder / 'data'
        self.options = {**OPTIONS, 'data_dir': str(self.data), **options}
        self.prefix = list(prefix)
        self.env = env or {}
        self.process = None
        self.starts = 0

    def command(self):
        line = [*self.prefix, binary()]
        for key, value in self.options.items():
            if value is not None:
                line += ['--' + key.replace('_', '-'), str(value)]
        return line

    def environment(self):
        return {**environment(), **self.env}

    def launch(self):
        """Only start the process."""
        assert self.process is None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        self.log_path = self.folder / f'log-{self.starts}'
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment())
        return self

    def start(self):
        """Start, and wait until it listens."""
        self.launch()
        url = wait_until(self.ready_url, START_TIMEOUT_S, 'the start')
        self.port = int(url.rsplit(':', 1)[1])
        return self

    def ready_url(self):
        if self.process.poll() is not None:
            raise AssertionError(f'the daemon ended with {self.process.returncode}:\n{self.text()}')
        for line in self.text().splitlines():
            if '"event":"ready"' in line and line.endswith('}'):
                return json.loads(line)['url']
        return None

    def stop(self, code=0):
        """SIGTERM; the end must be an orderly one."""
        self.process.send_signal(signal.SIGTERM)
        self.wait(code)

    def wait(self, code=0, timeout_s=STOP_TIMEOUT_S):
        process = self.process
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f'the daemon did not end:\n{self.text()[-2000:]}') from None
        self.process = None
        tail = self.text()[-4000:]
        assert process.returncode == code, f'ended with {process.returncode}:\n{tail}'
        self.check_log()

    def kill(self):
        """SIGKILL: no clean-up, as a power cut for the process."""
        self.process.kill()
        self.process.wait()
        self.process = None
        self.check_log(is_cut=True)

    def end(self):
        """However it stands; for fixtures."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def memory(self, field):
        """VmRSS, VmHWM, ... of the daemon in bytes."""
        for line in pathlib.Path(f'/proc/{self.process.pid}/status').read_text().splitlines():
            if line.startswith(field + ':'):
                return int(line.split()[1]) * KIB
        raise AssertionError(f'no {field}')


def http_client(port):
    """Python's own client: another reader of what we answer."""
    return http.client.HTTPConnection('127.0.0.1', port, timeout=30)
