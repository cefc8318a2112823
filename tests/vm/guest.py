# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with one of Debian's kernels, and hawserd in it; emulated, so that it runs anywhere.

Its three serial lines: what the kernel says, hawserd's log (both into files), and an agent that runs
commands. Its two drives lose what was not flushed (drive.py). Its network is qemu's: two ports of hawserd
are ports of this machine, and nothing else goes in or out.
"""
import base64
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import drive
import initramfs
from hawser import OPTIONS, Served, wait_until
from kernels import ROOT

PORT, TLS_PORT = 5000, 5443  # in the guest
DRIVES = ('disk', 'segments')  # and where they are mounted
DATA = '/disk/data'
LISTS = ('listen', 'tls_listen')  # options that name addresses
MEMORY_MIB = 1024
BOOT_TIMEOUT_S = 90
SHELL_TIMEOUT_S = 60
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
DAEMON_OPTIONS = {**OPTIONS, 'listen': f'0.0.0.0:{PORT}', 'tls_listen': f'0.0.0.0:{TLS_PORT}',
                  'upload': 'open', 'data_dir': DATA, 'user': initramfs.USER}
# Without CMPXCHG16B, for Debian 12's qemu (7.2) leaves rubbish in all flags but ZF behind it when it
# emulates the one without a lock prefix. Linux has one in every allocation; an interrupt right behind
# it saves the rubbish, and what runs on has the wrong direction, single steps, or no interrupts.
CPU = 'max,cx16=off'
COMMAND_LINE = 'console=ttyS0 loglevel=5 panic=-1 oops=panic'  # loglevel 5: warnings and worse
# What a kernel says when it finds a fault in itself.
FAULTS = re.compile(r'BUG:|WARNING:|Oops|Kernel panic|Call Trace|blocked for more than|soft lockup'
                    r'|EXT4-fs error|guest: ')


class Guest(Served):
    """boot() and end(), or power_cut() and boot() again; daemon_start() and daemon_stop() between them."""

    def __init__(self, kernel, hawserd, seed, tools=()):
        super().__init__()
        base = ROOT / 'build' / 'vm'
        base.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='guest-', dir=base))
        self.kernel = kernel
        self.process = self.agent = self.control = None
        self.drives = []
        self.tls_port = None
        self.boots = 0
        self.log_begin = self.listener_count = 0
        try:
            initramfs.build(self.folder / 'initramfs', kernel, hawserd, tools)
            for name in DRIVES:
                self.drives.append(drive.Drive(self.folder / name, seed + len(self.drives)))
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """However it stands; nothing is left."""
        self.end()
        for one in self.drives:
            one.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the machine

    def boot(self):
        """Until its agent is there; hawserd does not run yet."""
        assert self.process is None
        self.boots += 1
        self.log_path = self.folder / f'daemon-{self.boots}'
        self.log_begin = 0
        self.agent, agent = socket.socketpair()
        self.control, control = socket.socketpair()
        given = [agent, control, *(one.plug() for one in self.drives)]
        try:
            fds = [one.fileno() for one in given]
            with open(self.folder / 'qemu', 'wb') as said:
                self.process = subprocess.Popen(self.command(*fds), stdin=subprocess.DEVNULL,
                                                stdout=said, stderr=said, pass_fds=fds)
        finally:
            for one in given:
                one.close()
        assert self.line(BOOT_TIMEOUT_S) == 'ready'
        self.ports_find()
        return self

    def command(self, agent, control, *disks):
        # setpriv: it ends with us, however we end.
        return ['setpriv', '--pdeathsig', 'KILL', initramfs.program('qemu-system-x86_64'),
                '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none',
                '-machine', 'q35', '-accel', 'tcg', '-cpu', CPU, '-smp', '2', '-m', str(MEMORY_MIB),
                '-kernel', str(self.kernel.image), '-initrd', str(self.folder / 'initramfs'),
                '-append', COMMAND_LINE,
                '-serial', f'file:{self.console_path()}', '-serial', f'file:{self.log_path}',
                '-chardev', f'socket,id=agent,fd={agent}', '-serial', 'chardev:agent',
                '-chardev', f'socket,id=control,fd={control}', '-mon', 'chardev=control,mode=control',
                *(word for name, fd in zip(DRIVES, disks) for word in (
                    '-blockdev', f'driver=nbd,node-name={name},server.type=fd,server.str={fd}',
                    '-device', f'virtio-blk-pci,drive={name}')),
                '-netdev', 'user,id=net,restrict=on,'
                f'hostfwd=tcp:127.0.0.1:0-:{PORT},hostfwd=tcp:127.0.0.1:0-:{TLS_PORT}',
                '-device', 'virtio-net-pci,netdev=net,romfile=']

    def ports_find(self):
        """Which ports of this machine qemu was given."""
        self.control.settimeout(10)
        with self.control.makefile('rw') as control:
            control.readline()  # its greeting
            for request in ({'execute': 'qmp_capabilities'},
                            {'execute': 'human-monitor-command',
                             'arguments': {'command-line': 'info usernet'}}):
                control.write(json.dumps(request) + '\n')
                control.flush()
                answer = json.loads(control.readline())
        rows = re.findall(r'HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)', answer['return'])
        ports = {int(there): int(here) for here, there in rows}
        self.port, self.tls_port = ports[PORT], ports[TLS_PORT]

    def end(self):
        """Off, at once; what was written is kept."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        for one in (self.agent, self.control):
            if one is not None:
                one.close()
        self.agent = self.control = None
        for one in self.drives:
            one.unplug()

    def power_cut(self, keeps=None):
        """Off, at once; what the drives were not told to keep may be lost."""
        self.end()
        self.check_console()
        for one in self.drives:
            one.cut(keeps)

    def console_path(self):
        return self.folder / f'console-{self.boots}'

    def console(self):
        """What the kernel and the first process have said."""
        return self.console_path().read_text('utf-8', 'replace')

    def check_console(self):
        found = FAULTS.search(self.console())
        assert not found, self.console()[max(found.start() - 2000, 0):][:6000]

    # -- commands in it

    def shell(self, command, timeout_s=SHELL_TIMEOUT_S):
        """Its output; it must end well."""
        self.agent.sendall(base64.b64encode(command.encode()) + b'\n')
        output, _, status = self.line(timeout_s).partition(' ')
        text = base64.b64decode(output).decode('utf-8', 'replace')
        assert status == '0', f'"{command}" ended with {status}:\n{text}'
        return text

    def line(self, timeout_s):
        """The agent's next one."""
        self.agent.settimeout(timeout_s)
        data = bytearray()
        try:
            while not data.endswith(b'\n'):
                piece = self.agent.recv(65536)
                assert piece, f'the guest ended:\n{self.last_words()}'
                data += piece
        except TimeoutError:
            raise AssertionError(f'the guest said nothing for {timeout_s} s:\n'
                                 f'{self.last_words()}') from None
        return data.decode().removesuffix('\n')

    def last_words(self):
        texts = [path.read_text('utf-8', 'replace')[-3000:]
                 for path in (self.folder / 'qemu', self.console_path()) if path.exists()]
        return '\n'.join(texts)

    # -- hawserd in it

    def text(self):
        """The log of the daemon that was started last; whole lines, for it comes byte by byte."""
        data = self.log_path.read_bytes()[self.log_begin:]
        return data[:data.rfind(b'\n') + 1].decode('utf-8', 'surrogateescape')

    def daemon_launch(self, prefix='', **options):
        """@prefix: a command of the guest's that runs another."""
        options = {**DAEMON_OPTIONS, **options}
        self.listener_count = sum(len(options[name].split(',')) for name in LISTS if options[name])
        self.log_begin = self.log_path.stat().st_size
        self.shell(f'rm -f /run/daemon.pid; {prefix} /daemon hawserd {words(options)}')

    def daemon_start(self, prefix='', **options):
        self.daemon_launch(prefix, **options)
        wait_until(self.is_ready, START_TIMEOUT_S, 'the start')
        return self

    def is_ready(self):
        assert not self.events('guest.ended'), f'the daemon ended:\n{self.text()}'
        return len(self.events('ready')) == self.listener_count

    def daemon_end(self, code=0):
        """It ends by itself, so."""
        ended = wait_until(lambda: self.events('guest.ended'), STOP_TIMEOUT_S, 'the end')
        assert ended[0]['status'] == code, f'ended with {ended[0]["status"]}:\n{self.text()[-4000:]}'
        self.check_log()

    def daemon_stop(self):
        self.shell(f'kill -{int(signal.SIGTERM)} $(cat /run/daemon.pid)')
        self.daemon_end()

    def check(self, data=DATA):
        """What hawserd --check says, which must be that all is well; no daemon runs."""
        text = self.shell(f'hawserd --check --json --user {initramfs.USER} --data-dir {data}')
        found = json.loads(text)
        assert not found['damaged'] and not found['is_torn'], text
        return found


def words(options):
    return ' '.join(f"--{key.replace('_', '-')} '{value}'" for key, value in options.items()
                    if value is not None)
