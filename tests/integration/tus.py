# SPDX-License-Identifier: Apache-2.0
"""An upload by tus 1.0.0 over raw sockets: created, sent in pieces, cut, asked for, gone on with."""
import base64
import socket
import struct

VERSION = [('Tus-Resumable', '1.0.0')]
TYPE = [('Content-Type', 'application/offset+octet-stream')]


def metadata(name):
    return 'filename ' + base64.b64encode(name.encode()).decode()


def create(daemon, share, name, length=None, fields=(), body=b''):
    """POST into a share. @length None: deferred. Returns the answer."""
    said = ('Upload-Defer-Length', '1') if length is None else ('Upload-Length', str(length))
    types = TYPE if body else []
    return daemon.ask('POST', f'/api/v1/shares/{share.id}/files',
                      [*VERSION, said, ('Upload-Metadata', metadata(name)), *types,
                       ('Authorization', 'Bearer ' + share.token), *fields], body)


class Upload:
    """One upload; what was acknowledged of it."""

    def __init__(self, daemon, share, name, data, is_deferred=False):
        self.daemon = daemon
        self.share = share
        self.name = name
        self.data = memoryview(data)
        self.is_deferred = is_deferred
        self.acked = 0
        answer = create(daemon, share, name, None if is_deferred else len(data))
        assert answer.status == 201, (answer.status, answer.body)
        self.path = answer.one('location')
        self.link = f'/s/{share.id}/{name}'

    def offset(self):
        """What the server has; never less than it said before."""
        answer = self.daemon.ask('HEAD', self.path, VERSION)
        assert answer.status == 200, answer.status
        offset = int(answer.one('upload-offset'))
        assert self.acked <= offset <= len(self.data), (self.acked, offset)
        self.acked = offset
        return offset

    def fields(self, offset, size):
        fields = [*VERSION, *TYPE, ('Upload-Offset', str(offset))]
        if self.is_deferred and offset + size == len(self.data):
            fields.append(('Upload-Length', str(len(self.data))))
        return fields

    def patch(self, offset, size):
        """One PATCH, whole. Returns the new offset."""
        answer = self.daemon.ask('PATCH', self.path, self.fields(offset, size),
                                 self.data[offset:offset + size])
        assert answer.status == 204, (answer.status, answer.body)
        self.acked = int(answer.one('upload-offset'))
        assert self.acked == offset + size
        return self.acked

    def begin(self, offset, size, sent):
        """A PATCH of which only @sent bytes are said. Returns the connection."""
        wire = self.daemon.wire()
        lines = [f'PATCH {self.path} HTTP/1.1', 'Host: test']
        lines += [f'{key}: {value}' for key, value in self.fields(offset, size)]
        lines.append(f'Content-Length: {size}')
        wire.send(('\r\n'.join(lines) + '\r\n\r\n').encode())
        wire.send(self.data[offset:offset + sent])
        return wire

    def cut(self, offset, size, sent, is_reset):
        """... and then the connection breaks."""
        wire = self.begin(offset, size, sent)
        if is_reset:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        wire.close()

    def finish(self, step=1 << 20):
        """The rest, in pieces."""
        offset = self.offset()
        while offset < len(self.data):
            offset = self.patch(offset, min(step, len(self.data) - offset))

    def check(self):
        """The file is there, and right."""
        assert self.daemon.is_same(self.link, self.data)
