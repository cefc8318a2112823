# SPDX-License-Identifier: Apache-2.0
"""A server under test: one life with an empty folder on one core, what it costs, and hawserd."""
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from network import LIBC, http_ask, port_free
from trouble import Trouble, program

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / 'build' / 'release'
LOAD = BUILD / 'tests' / 'bench' / 'hw_bench_load'
PR_SET_PDEATHSIG = 1
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 40


def process_prepare(cpu, is_idle=False):
    """In the child: its core, that it ends with us, and perhaps that all others go first."""
    def prepare():
        os.sched_setaffinity(0, {cpu})
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if is_idle:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return prepare


def environment_clean():
    return {name: value for name, value in os.environ.items()
            if not name.startswith('HAWSER') and name not in ('PORT', 'LOG_LEVEL', 'MAX_FILE_SIZE')}


def build():
    steps = [] if (BUILD / 'build.ninja').exists() else [['cmake', '--preset', 'release']]
    steps.append(['cmake', '--build', '--preset', 'release', '--target', 'hawserd', 'hw_bench_load'])
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Trouble(f'{shlex.join(step)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}')


class Server:
    """A context manager that ends its server by its pid. Of a subclass: name, start(), place()."""

    name = ''

    def __init__(self, options, case=None, words=()):
        self.options = options
        self.case = case
        self.words = words
        self.has_tls = bool(case and case.has_tls)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f'{self.name}-', dir=options.folder))
        self.cpu = options.server_cpu
        self.port = 0  # where the load goes; by TLS if the case says so
        self.process = None

    def __enter__(self):
        try:
            self.start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                print(f'{self.name} did not end when it was told to', file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def launch(self, command, **environment):
        with open(self.folder / 'out', 'wb') as out:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=process_prepare(self.cpu), env={**environment_clean(), **environment})

    def out(self):
        return (self.folder / 'out').read_text(errors='replace')

    def wait_for(self, is_so):
        end = time.monotonic() + START_TIMEOUT_S
        while not is_so():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Trouble(f'{self.name} does not start:\n{self.out()[-2000:]}')
            time.sleep(0.02)

    def accepts(self):
        try:
            socket.create_connection(('127.0.0.1', self.port), 1).close()
        except OSError:
            return False
        return True

    def url(self, path):
        return f'{"https" if self.has_tls else "http"}://127.0.0.1:{self.port}{path}'

    def pids(self):
        """The process and its children: nginx has a master, which sleeps, and a worker."""
        pid = self.process.pid
        children = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text(encoding='ascii')
        return [pid, *map(int, children.split())]

    def cpu_s(self):
        """Of all threads that live or lived, the kernel's workers for its ring among them."""
        # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED): nanoseconds, where /proc/PID/stat has 10 ms.
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids())

    def memory_mib(self, field='VmHWM'):
        """VmHWM: the most there ever was; VmRSS: now."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f'/proc/{pid}/status').read_text(encoding='ascii').split('\n'):
                if line.startswith(f'{field}:'):
                    total += int(line.split()[1])
        return total / 1024

    @classmethod
    def prepare(cls):
        """While there is still a network: is it here?"""
        program(cls.name)

    @classmethod
    def version(cls):
        return cls.name

    # What differs between servers in where things are.

    def uploaded_path(self, seen, path):
        """Where the first body that the load has PUT to @path is found."""
        raise NotImplementedError

    def tus_begin(self):
        """(path to create uploads at, field that it takes or None)"""
        raise NotImplementedError

    def tus_path(self, seen):
        """Where the one file that was uploaded by tus is found."""
        raise NotImplementedError


class Hawserd(Server):
    name = 'hawserd'
    binary = BUILD / 'hawserd'
    options_more = ()

    def start(self):
        self.plain_port = 0
        words = [self.binary, '--listen', '127.0.0.1:0', '--data-dir', self.folder / 'data',
                 '--reactors', '1', '--cpus', self.cpu, '--log-format', 'json']
        if self.has_tls:
            self.port = port_free()
            words += ['--tls-listen', f'127.0.0.1:{self.port}', '--tls-certificate',
                      self.options.certificate, '--tls-key', self.options.key]
        self.launch([*words, *(self.case.hawserd if self.case else ()), *self.options_more, *self.words])
        self.wait_for(self.is_ready)

    def is_ready(self):
        for line in self.out().split('\n'):
            if '"event":"ready"' in line and line.endswith('}'):
                self.plain_port = int(json.loads(line)['url'].rsplit(':', 1)[1])
                self.port = self.port if self.has_tls else self.plain_port
                return True
        return False

    @classmethod
    def prepare(cls):
        if not cls.binary.exists():
            raise Trouble(f'{cls.binary} is not here')

    @classmethod
    def version(cls):
        return cls.says('--version').strip()

    @classmethod
    def knows_tls(cls):
        return '--tls-listen' in cls.says('--help')

    @classmethod
    def says(cls, option):
        done = subprocess.run([str(cls.binary), option], capture_output=True, text=True, check=False,
                              env=environment_clean())
        return done.stdout

    def share_make(self, mode='stored'):
        body = json.dumps({'mode': mode}).encode()
        status, answer = http_ask(self.plain_port, 'POST', '/api/v1/shares', body=body)
        if status != 201:
            raise Trouble(f'a share cannot be made: {status} {answer[:200]}')
        return json.loads(answer)

    def place(self, seed, size):
        """A file of body 0 of @seed; returns its path."""
        command = [str(LOAD), 'put', '--port', str(self.plain_port), '--path', '/bench', '--size',
                   str(size), '--seed', str(seed), '--requests', '1']
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              preexec_fn=process_prepare(self.options.load_cpu))
        if done.returncode != 0:
            raise Trouble(f'{shlex.join(command)}: {done.stderr}{done.stdout}{self.out()[-1000:]}')
        return json.loads(done.stdout)['link']

    def uploaded_path(self, seen, _path):
        return seen['link']

    def tus_begin(self):
        self.tus_share = self.share_make()
        return (f'/api/v1/shares/{self.tus_share["id"]}/files',
                f'Authorization: Bearer {self.tus_share["owner_token"]}')

    def tus_path(self, seen):
        """The share has one file."""
        return f'/s/{self.tus_share["id"]}'

    def histogram(self, name):
        """{upper bound: how many, not cumulated} of /metrics."""
        _, text = http_ask(self.plain_port, 'GET', '/metrics')
        below, counts = 0, {}
        for line in text.decode().split('\n'):
            if line.startswith(f'{name}_bucket{{le="'):
                bound, count = line.split('"')[1], int(line.rsplit(' ', 1)[1])
                counts[float(bound)] = count - below
                below = count
        return counts


class HawserdPeer(Hawserd):
    """Another build of it."""

    name = 'peer'
