# SPDX-License-Identifier: Apache-2.0
"""Goal: WebSocket as RFC 6455 has it, case by case, numbered as Autobahn's groups 1-7, 9 and 10.

Method: raw frames against an echo over our own connections (ws_echo.c), written whole, in two halves
and byte by byte. A case is what is sent and the frames that must come back; each ends with a close.
Messages longer than our limit of 64 KiB (9.*) must be refused with 1009. Then python3-websockets.
"""
import asyncio
import base64
import os
import pathlib
import socket
import struct
import subprocess

import pytest
import websockets

from hawser import ROOT, SANITIZERS, binary

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KIB64 = 65536
MASK = b'\x37\xfa\x21\x3d'
FUZZ = 'Hello-µ@ßöäüàá-UTF-8!!'


def frame(opcode, payload=b'', fin=True, rsv=0, masked=True):
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    flag = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        head += bytes([flag | size])
    elif size < KIB64:
        head += bytes([flag | 126]) + struct.pack('>H', size)
    else:
        head += bytes([flag | 127]) + struct.pack('>Q', size)
    if not masked:
        return head + payload
    mask = (MASK * (size // 4 + 1))[:size]
    body = (int.from_bytes(payload, 'big') ^ int.from_bytes(mask, 'big')).to_bytes(size, 'big')
    return head + MASK + body


def text(payload, **more):
    return frame(TEXT, payload.encode() if isinstance(payload, str) else payload, **more)


def pieces(opcode, payload, size):
    """One message in fragments of @size bytes."""
    parts = [payload[at:at + size] for at in range(0, len(payload), size)] or [b'']
    return [frame(opcode if index == 0 else 0, part, fin=index == len(parts) - 1)
            for index, part in enumerate(parts)]


def close(code=1000, reason=b''):
    return frame(CLOSE, struct.pack('>H', code) + reason)


def fails(code):
    return [(CLOSE, struct.pack('>H', code))]


OK = [(CLOSE, struct.pack('>H', 1000))]


def cases():
    """(number, frames sent, frames expected)."""
    yield from framing()
    yield from pings()
    yield from reserved()
    yield from fragments()
    yield from utf8()
    yield from closes()
    yield from sizes()


def framing():
    for group, opcode in ((1, TEXT), (2, BINARY)):
        for number, size in enumerate((0, 125, 126, 127, 128, 65535, 65536), 1):
            payload = b'*' * size
            yield f'1.{group}.{number}', [frame(opcode, payload), close()], [(opcode, payload)] + OK
        payload = b'*' * 65536
        yield f'1.{group}.8', [*pieces(opcode, payload, 997), close()], [(opcode, payload)] + OK


def pings():
    yield '2.1', [frame(PING), close()], [(PONG, b'')] + OK
    yield '2.2', [frame(PING, b'Hello, world!'), close()], [(PONG, b'Hello, world!')] + OK
    odd = b'\x00\xff\xfe\xfd\xfc\xfb\x00\xff'
    yield '2.3', [frame(PING, odd), close()], [(PONG, odd)] + OK
    yield '2.4', [frame(PING, b'\xfe' * 125), close()], [(PONG, b'\xfe' * 125)] + OK
    yield '2.5', [frame(PING, b'\xfe' * 126)], fails(1002)
    yield '2.6', [frame(PING, b'\xfe' * 125), close()], [(PONG, b'\xfe' * 125)] + OK
    yield '2.7', [frame(PONG), close()], OK
    yield '2.8', [frame(PONG, b'unasked'), close()], OK
    yield '2.9', [frame(PONG, b'unasked'), frame(PING, b'p'), close()], [(PONG, b'p')] + OK
    many = [b'payload-%d' % number for number in range(10)]
    expected = [(PONG, one) for one in many] + OK
    yield '2.10', [*(frame(PING, one) for one in many), close()], expected
    yield '2.11', [*(frame(PING, one) for one in many), close()], expected


def reserved():
    hello = (TEXT, b'Hello')
    for number, rsv in enumerate((1, 2, 3, 4, 5, 6, 7), 1):
        opcode, payload = (PING, b'') if rsv == 6 else (CLOSE, b'') if rsv == 7 else \
            (BINARY, b'x') if rsv == 5 else (TEXT, b'Hello')
        yield f'3.{number}', [text('Hello'), frame(opcode, payload, rsv=rsv)], [hello] + fails(1002)
    for group, opcodes in ((1, range(3, 8)), (2, range(11, 16))):
        for number, opcode in enumerate(opcodes, 1):
            for payload in (b'', b'x'):
                yield f'4.{group}.{number}{"b" if payload else "a"}', \
                    [text('Hello'), frame(opcode, payload), frame(PING)], [hello] + fails(1002)


def fragments():
    yield '5.1', [frame(PING, b'a', fin=False), frame(0, b'b')], fails(1002)
    yield '5.2', [frame(PONG, b'a', fin=False), frame(0, b'b')], fails(1002)
    both = [(TEXT, b'fragment1fragment2')]
    first, last = text('fragment1', fin=False), frame(0, b'fragment2')
    for number in (3, 4, 5):
        yield f'5.{number}', [first, last, close()], both + OK
    for number in (6, 7, 8):
        yield f'5.{number}', [first, frame(PING, b'p'), last, close()], [(PONG, b'p')] + both + OK
    for number, fin in ((9, True), (10, True), (11, True), (12, False), (13, False), (14, False)):
        yield f'5.{number}', [frame(0, b'non-continuation', fin=fin), text('Hello')], fails(1002)
    yield '5.15', [first, last, frame(0, b'fragment3', fin=False), text('f4')], both + fails(1002)
    for number, fin in ((16, False), (17, True)):
        yield f'5.{number}', [frame(0, b'f1', fin=fin), text('f2', fin=False), frame(0, b'f3')], \
            fails(1002)
    yield '5.18', [first, text('fragment2')], fails(1002)
    five = [text('fragment1', fin=False), frame(0, b'fragment2', fin=False), frame(PING, b'p1'),
            frame(0, b'fragment3', fin=False), frame(0, b'fragment4', fin=False),
            frame(PING, b'p2'), frame(0, b'fragment5')]
    for number in (19, 20):
        yield f'5.{number}', [*five, close()], \
            [(PONG, b'p1'), (PONG, b'p2'), (TEXT, b'fragment1fragment2fragment3fragment4fragment5')] + OK


# Valid texts of group 6, and what is none: (number, bytes).
GOOD = [
    ('6.2', FUZZ.encode()), ('6.5.1', 'κόσμε'.encode()), ('6.6.2', 'κ'.encode()),
    ('6.6.5', 'κό'.encode()), ('6.6.7', 'κόσ'.encode()), ('6.6.9', 'κόσμ'.encode()),
    ('6.6.11', 'κόσμε'.encode()), ('6.7.1', b'\x00'), ('6.7.2', b'\xc2\x80'),
    ('6.7.3', b'\xe0\xa0\x80'), ('6.7.4', b'\xf0\x90\x80\x80'), ('6.9.1', b'\x7f'),
    ('6.9.2', b'\xdf\xbf'), ('6.9.3', b'\xef\xbf\xbf'), ('6.9.4', b'\xf4\x8f\xbf\xbf'),
    ('6.11.1', b'\xed\x9f\xbf'), ('6.11.2', b'\xee\x80\x80'), ('6.11.3', b'\xef\xbf\xbd'),
    ('6.11.4', b'\xf4\x8f\xbf\xbf'), ('6.22', b'\xef\xbf\xbe'), ('6.23', b'\xef\xbf\xbd'),
]
BAD = [
    ('6.3', b'\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited'),
    ('6.6.1', b'\xce'), ('6.6.3', b'\xce\xba\xe1'), ('6.6.4', b'\xce\xba\xe1\xbd'),
    ('6.6.6', b'\xce\xba\xe1\xbd\xb9\xcf'), ('6.8.1', b'\xf8\x88\x80\x80\x80'),
    ('6.8.2', b'\xfc\x84\x80\x80\x80\x80'), ('6.10.1', b'\xf7\xbf\xbf\xbf'),
    ('6.10.2', b'\xfb\xbf\xbf\xbf\xbf'), ('6.10.3', b'\xfd\xbf\xbf\xbf\xbf\xbf'),
    ('6.11.5', b'\xf4\x90\x80\x80'),
    *((f'6.12.{n}', one) for n, one in enumerate(
        (b'\x80', b'\xbf', b'\x80\xbf', b'\x80\xbf\x80', b'\x80\xbf\x80\xbf', b'\x80\xbf' * 2 + b'\x80',
         b'\x80\xbf' * 3, bytes(range(0x80, 0xbf))), 1)),
    *((f'6.13.{n}', one) for n, one in enumerate(
        (b''.join(bytes([lead]) + b' ' for lead in range(0xc0, 0xe0)), b'\xe0 \xef ', b'\xf0 \xf7 ',
         b'\xf8 \xfb ', b'\xfc \xfd '), 1)),
    *((f'6.14.{n}', one) for n, one in enumerate(
        (b'\xc0', b'\xe0\x80', b'\xf0\x80\x80', b'\xf8\x80\x80\x80', b'\xfc\x80\x80\x80\x80', b'\xdf',
         b'\xef\xbf', b'\xf7\xbf\xbf', b'\xfb\xbf\xbf\xbf', b'\xfd\xbf\xbf\xbf\xbf'), 1)),
    ('6.15.1', b'\xc0\xe0\x80\xf0\x80\x80'),
    ('6.16.1', b'\xfe'), ('6.16.2', b'\xff'), ('6.16.3', b'\xfe\xfe\xff\xff'),
    *((f'6.17.{n}', one) for n, one in enumerate(
        (b'\xc0\xaf', b'\xe0\x80\xaf', b'\xf0\x80\x80\xaf', b'\xf8\x80\x80\x80\xaf',
         b'\xfc\x80\x80\x80\x80\xaf'), 1)),
    *((f'6.18.{n}', one) for n, one in enumerate(
        (b'\xc1\xbf', b'\xe0\x9f\xbf', b'\xf0\x8f\xbf\xbf', b'\xf8\x87\xbf\xbf\xbf',
         b'\xfc\x83\xbf\xbf\xbf\xbf'), 1)),
    *((f'6.19.{n}', one) for n, one in enumerate(
        (b'\xc0\x80', b'\xe0\x80\x80', b'\xf0\x80\x80\x80', b'\xf8\x80\x80\x80\x80',
         b'\xfc\x80\x80\x80\x80\x80'), 1)),
    *((f'6.20.{n}', one) for n, one in enumerate(
        (b'\xed\xa0\x80', b'\xed\xad\xbf', b'\xed\xae\x80', b'\xed\xaf\xbf', b'\xed\xb0\x80',
         b'\xed\xbe\x80', b'\xed\xbf\xbf'), 1)),
    *((f'6.21.{n}', one) for n, one in enumerate(
        (b'\xed\xa0\x80\xed\xb0\x80', b'\xed\xa0\x80\xed\xbf\xbf', b'\xed\xad\xbf\xed\xb0\x80',
         b'\xed\xad\xbf\xed\xbf\xbf', b'\xed\xae\x80\xed\xb0\x80', b'\xed\xae\x80\xed\xbf\xbf',
         b'\xed\xaf\xbf\xed\xb0\x80', b'\xed\xaf\xbf\xed\xbf\xbf'), 1)),
]


def utf8():
    yield '6.1.1', [text(''), close()], [(TEXT, b'')] + OK
    yield '6.1.2', [*pieces(TEXT, b'', 1), close()], [(TEXT, b'')] + OK
    yield '6.1.3', [text('', fin=False), frame(0, b'middle', fin=False), frame(0), close()], \
        [(TEXT, b'middle')] + OK
    for number, payload in GOOD:
        yield number, [text(payload), close()], [(TEXT, payload)] + OK
        yield number + 'f', [*pieces(TEXT, payload, 1), close()], [(TEXT, payload)] + OK
    for number, payload in BAD:
        yield number, [text(payload)], fails(1007)
        yield number + 'f', pieces(TEXT, payload, 1), fails(1007)
    # 6.4: at once, though the message goes on.
    yield '6.4.1', [text(b'\xce\xba\xf4\x90\x80\x80', fin=False)], fails(1007)
    yield '6.4.2', [text(b'\xce\xba\xf4\x90', fin=False)], fails(1007)


def closes():
    hello = (TEXT, b'Hello World!')
    yield '7.1.1', [text('Hello World!'), close()], [hello] + OK
    yield '7.1.2', [close(), close()], OK
    yield '7.1.3', [close(), frame(PING)], OK
    yield '7.1.4', [close(), text('Hello')], OK
    yield '7.1.5', [text('fragment1', fin=False), close(), frame(0, b'f2')], OK
    yield '7.1.6', [text('x' * 65000), text('Hello World!'), close(), frame(PING)], \
        [(TEXT, b'x' * 65000), hello] + OK
    yield '7.3.1', [frame(CLOSE)], [(CLOSE, b'')]
    yield '7.3.2', [frame(CLOSE, b'a')], fails(1002)
    yield '7.3.3', [close()], OK
    yield '7.3.4', [close(reason=b'Hello World!')], OK
    yield '7.3.5', [close(reason=b'*' * 123)], OK
    yield '7.3.6', [close(reason=b'*' * 124)], fails(1002)
    yield '7.5.1', [close(reason=b'\xce\xba\xed\xa0\x80')], fails(1007)
    for number, code in enumerate((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999,
                                   4000, 4999), 1):
        yield f'7.7.{number}', [close(code)], fails(code)
    for number, code in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1):
        yield f'7.9.{number}', [close(code)], fails(1002)
    for number, code in enumerate((5000, 65535), 1):
        yield f'7.13.{number}', [close(code)], fails(1002)


def sizes():
    for group, opcode in ((1, TEXT), (2, BINARY)):
        yield f'9.{group}.1', [frame(opcode, b'*' * KIB64), close()], [(opcode, b'*' * KIB64)] + OK
        yield f'9.{group}.2', [frame(opcode, b'*' * (KIB64 + 1))], fails(1009)
    for group, opcode in ((3, TEXT), (4, BINARY)):
        for number, size in enumerate((64, 256, 1024, 4096, 16384, 65536), 1):
            yield f'9.{group}.{number}', [*pieces(opcode, b'*' * KIB64, size), close()], \
                [(opcode, b'*' * KIB64)] + OK
        yield f'9.{group}.9', pieces(opcode, b'*' * (KIB64 + 64), 64), fails(1009)
    for group, opcode in ((7, TEXT), (8, BINARY)):
        for number, size in enumerate((0, 16, 64, 256, 1024, 4096), 1):
            yield f'9.{group}.{number}', [*[frame(opcode, b'*' * size)] * 100, close()], \
                [(opcode, b'*' * size)] * 100 + OK
    yield '10.1.1', [*pieces(TEXT, b'*' * KIB64, 1300), close()], [(TEXT, b'*' * KIB64)] + OK
    yield 'mask', [frame(TEXT, b'bare', masked=False)], fails(1002)


@pytest.fixture(scope='module')
def port():
    program = pathlib.Path(os.environ.get('HAWSER_WS_ECHO') or
                           pathlib.Path(binary()).parent / 'tests/integration/ws_echo')
    if not program.exists():
        program = ROOT / 'build/debug/tests/integration/ws_echo'
    with subprocess.Popen([program], stdout=subprocess.PIPE, env={**os.environ, **SANITIZERS}) as echo:
        yield int(echo.stdout.readline())
        assert echo.poll() is None
        echo.kill()


class Peer:
    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                             f'Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n').encode())
        self.buffer = b''
        while b'\r\n\r\n' not in self.buffer:
            self.buffer += self.socket.recv(4096)
        head, self.buffer = self.buffer.split(b'\r\n\r\n', 1)
        assert head.startswith(b'HTTP/1.1 101 ')

    def send(self, data, chop):
        try:
            for at in range(0, len(data), chop):
                self.socket.sendall(data[at:at + chop])
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has said why

    def frames(self):
        """All until the end; none may be masked, in pieces, or cut."""
        while True:
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                data = b''
            if not data:
                break
            self.buffer += data
        found = []
        rest = self.buffer
        while rest:
            first, size, at = rest[0], rest[1], 2
            assert first & 0xf0 == 0x80 and size < 128
            if size > 125:
                width = 2 if size == 126 else 8
                size, at = int.from_bytes(rest[2:2 + width], 'big'), 2 + width
            assert len(rest) >= at + size
            found.append((first & 15, rest[at:at + size]))
            rest = rest[at + size:]
        return found


@pytest.mark.parametrize('chop', [1 << 20, 1000, 1])
def test_cases(port, chop):
    count = 0
    for number, sent, expected in cases():
        data = b''.join(sent)
        if chop == 1 and len(data) > 2000:
            continue
        peer = Peer(port)
        peer.send(data, chop)
        found = peer.frames()
        peer.socket.close()
        assert found == expected, f'case {number}, pieces of {chop}: {found[:5]!r}'
        count += 1
    print(f'{count} cases in pieces of {chop}')


def test_python_websockets(port):
    async def scene():
        for compression in (None, 'deflate'):
            async with websockets.connect(f'ws://127.0.0.1:{port}/', compression=compression) as ws:
                # The limit is of what is sent, too: what does not shrink grows a little.
                for size in (0, 1, 125, 126, 1000, 60000 if compression else 65536):
                    await ws.send('ä' * (size // 2))
                    assert await ws.recv() == 'ä' * (size // 2)
                    await ws.send(os.urandom(size))
                    assert len(await ws.recv()) == size
                await asyncio.wait_for(await ws.ping(b'hello'), 5)
                await ws.send(['in', ' ', 'pieces'])
                assert await ws.recv() == 'in pieces'
            assert ws.close_code == 1000
    asyncio.new_event_loop().run_until_complete(scene())
