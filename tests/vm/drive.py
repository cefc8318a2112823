# SPDX-License-Identifier: Apache-2.0
"""A drive with a volatile cache: what was written and not flushed may be lost when its power goes.

It is a server of NBD (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md), in a thread,
with two sparse files: `now` is what the guest reads back, `safe` what the medium has. A write goes to
`now`, and to `safe` with the next flush. When the power is cut each write that waits for its flush is
kept, lost, or torn at a sector, as the dice say; then `safe` is all there is.

Killing qemu over a file of the host's would show less: that the guest's kernel had written something,
not that it had told the drive to keep it.
"""
import os
import random
import socket
import struct
import subprocess
import threading

from hawser import MIB

SECTOR = 512
SIZE = 2 << 30
HELLO = b'NBDMAGIC' + b'IHAVEOPT'
FLAGS_NEW_STYLE = 1 | 2       # fixed, and without 124 zeroes at the end
FLAGS_EXPORT = 1 | 4          # has flags, flushes; no FUA, so that a flush is all there is
OPTION_GO = 7
REPLY_MAGIC, REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 0x3e889045565a9, 1, 3, 1 << 31 | 1
REQUEST_MAGIC, ANSWER_MAGIC = 0x25609513, 0x67446698
READ, WRITE, DISCONNECT, FLUSH = range(4)
EINVAL = 22
REQUEST_SIZE_MAX = 32 * MIB   # what the protocol lets a client ask for


class Drive:
    """Made with an empty file system on it. plug() and cut() in turns."""

    def __init__(self, path, seed):
        self.dice = random.Random(seed)
        paths = [path.with_suffix(suffix) for suffix in ('.safe', '.now')]
        mkfs(paths[0])
        subprocess.run(['cp', '--sparse=always', *paths], check=True)
        self.safe, self.now = (os.open(path, os.O_RDWR | os.O_CLOEXEC) for path in paths)
        self.waiting = []  # (offset, size) of writes since the last flush
        self.flush_count = 0
        self.lost_size = 0
        self.socket = self.thread = None

    def plug(self):
        """Returns the socket that qemu is given; the caller closes it."""
        assert self.thread is None
        self.socket, other = socket.socketpair()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return other

    def unplug(self):
        """After qemu has ended: nothing more comes, and nothing is lost."""
        if self.thread is not None:
            self.thread.join(10)
            assert not self.thread.is_alive(), 'the drive is still in use'
            self.thread = None
            self.socket.close()

    def cut(self, keeps=None):
        """The power goes. @keeps: a function that gives of a write's size what is kept, from 0."""
        self.unplug()
        for offset, size in self.waiting:
            kept = keeps(size) if keeps else self.kept(size)
            copy(self.now, self.safe, offset, kept)
            self.lost_size += size - kept
        for offset, size in self.waiting:
            copy(self.safe, self.now, offset, size)
        self.waiting.clear()

    def kept(self, size):
        return self.dice.choice((0, size, self.dice.randrange(size // SECTOR + 1) * SECTOR))

    def close(self):
        self.unplug()
        os.close(self.now)
        os.close(self.safe)

    # -- the protocol

    def serve(self):
        try:
            self.greet()
            while self.request():
                pass
        except ConnectionError:
            pass  # qemu was killed

    def take(self, size):
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self.socket.recv_into(view)
            if count == 0:
                raise ConnectionResetError
            view = view[count:]
        return data

    def greet(self):
        self.socket.sendall(HELLO + struct.pack('>H', FLAGS_NEW_STYLE))
        self.take(4)
        while True:
            _, option, size = struct.unpack('>QII', self.take(16))
            self.take(size)
            if option == OPTION_GO:
                self.reply(option, REPLY_INFO, struct.pack('>HQH', 0, SIZE, FLAGS_EXPORT))
                return self.reply(option, REPLY_ACK)
            self.reply(option, REPLY_UNSUPPORTED)

    def reply(self, option, kind, data=b''):
        self.socket.sendall(struct.pack('>QIII', REPLY_MAGIC, option, kind, len(data)) + data)

    def request(self):
        """One of them. Returns False after the last."""
        magic, _, kind, handle, offset, size = struct.unpack('>IHHQQI', self.take(28))
        assert magic == REQUEST_MAGIC and size <= REQUEST_SIZE_MAX
        error, data = 0, b''
        if kind == READ:
            data = os.pread(self.now, size, offset)
        elif kind == WRITE:
            os.pwrite(self.now, self.take(size), offset)
            self.waiting.append((offset, size))
        elif kind == FLUSH:
            self.flush()
        elif kind == DISCONNECT:
            return False
        else:
            error = EINVAL
        self.socket.sendall(struct.pack('>IIQ', ANSWER_MAGIC, error, handle) + data)
        return True

    def flush(self):
        for offset, size in self.waiting:
            copy(self.now, self.safe, offset, size)
        self.waiting.clear()
        self.flush_count += 1


def copy(source, target, offset, size):
    end = offset + size
    while offset < end:
        data = os.pread(source, min(end - offset, MIB), offset)
        os.pwrite(target, data, offset)
        offset += len(data)


def mkfs(path):
    """Few inodes, and no table left for the guest to write later."""
    with open(path, 'wb') as file:
        file.truncate(SIZE)
    subprocess.run(['mkfs.ext4', '-q', '-F', '-N', '4096', '-J', 'size=16', '-E',
                    'lazy_itable_init=0,nodiscard', str(path)], check=True, capture_output=True,
                   env={**os.environ, 'PATH': os.environ['PATH'] + ':/usr/sbin:/sbin'})
