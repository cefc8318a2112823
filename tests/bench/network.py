# SPDX-License-Identifier: Apache-2.0
"""A network namespace of our own, with one congestion control for both ends of every connection."""
import ctypes
import fcntl
import socket
import struct
import subprocess

from trouble import Trouble, program

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def network_own(congestion):
    """Into a namespace of our own, gone with us; returns a sentence about what is in force."""
    if LIBC.unshare(CLONE_NEWNET) != 0:
        ends = ' and '.join(congestion_in_force())
        return f'{ends} (client, server), as the system has it: only root can choose here'
    with socket.socket() as any_socket:
        request = struct.pack('16sH14x', b'lo', 0)
        flags = struct.unpack('16sH14x', fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', flags | IFF_UP))
    # Not by sysctl: a namespace may only choose what is open to all there. A route may name any, and
    # gives it to both ends of every connection that does not choose for itself.
    for target in ('127.0.0.0/8', '127.0.0.1'):
        route = [program('ip'), 'route', 'replace', 'local', target, 'dev', 'lo', 'table', 'local',
                 'proto', 'kernel', 'scope', 'host', 'src', '127.0.0.1', 'congctl', congestion]
        done = subprocess.run(route, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f'congestion control {congestion} is not to be had: {done.stderr}')
    if congestion_in_force() != [congestion, congestion]:
        raise Trouble(f'{congestion_in_force()} is in force, and not {congestion}')
    return f'{congestion} on both ends, in a network namespace of its own'


def congestion_in_force():
    """Of the client's end and the server's."""
    with socket.create_server(('127.0.0.1', 0)) as listener, \
            socket.create_connection(listener.getsockname()) as client, listener.accept()[0] as server:
        return [end.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).split(b'\0')[0].decode()
                for end in (client, server)]


def port_free():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def http_ask(port, method, path, fields=(), body=b''):
    """One request on a connection of its own: (status, body)."""
    lines = [f'{method} {path} HTTP/1.1', 'Host: bench', 'Connection: close',
             f'Content-Length: {len(body)}', *fields]
    with socket.create_connection(('127.0.0.1', port)) as end:
        end.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n' + body)
        answer = b''.join(iter(lambda: end.recv(65536), b''))
    head, _, rest = answer.partition(b'\r\n\r\n')
    return int(head.split()[1]), rest
