# SPDX-License-Identifier: Apache-2.0
"""A raw connection inside TLS."""
import ssl

from hawser import MIB, Wire


def context_of(version=None, trusted=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trusted is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(trusted)
    if version is not None:
        context.minimum_version = version
        context.maximum_version = version
    return context


class SealedWire(Wire):
    """A raw connection inside TLS."""

    def __init__(self, port, version=None, context=None, name=None, session=None, **options):
        super().__init__(port, **options)
        context = context or context_of(version)
        self.plain = self.socket
        self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session)

    def more(self):
        try:
            data = self.socket.recv(MIB)
        except (ConnectionResetError, ssl.SSLEOFError):
            return False
        self.buffer += data
        return bool(data)
