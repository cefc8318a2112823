# SPDX-License-Identifier: Apache-2.0
"""Goal: all that is promised of a daemon holds over TLS 1.2 and 1.3, and a stranger's client agrees.

Method: Python's ssl (OpenSSL) and curl against tls_listen; certificates that openssl(1) makes;
clients that are slow, cut, or speak no TLS at all.
"""
import asyncio
import contextlib
import errno
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import time

import pytest
import websockets

import tus
from hawser import KIB, MIB, OPTIONS, Share, Wire, wait_until
from sealed import SealedWire, context_of

TCP_ULP = 31  # no name in Python's socket
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
CURL_VERSIONS = {ssl.TLSVersion.TLSv1_2: '1.2', ssl.TLSVersion.TLSv1_3: '1.3'}


def urls(daemon):
    return [line['url'] for line in daemon.events('ready')]


def port_of(daemon):
    return int(next(url for url in urls(daemon) if url.startswith('https:')).rsplit(':', 1)[1])


def start(make_daemon, **options):
    daemon = make_daemon(tls_listen='127.0.0.1:0', **options)
    wait_until(lambda: len(urls(daemon)) == 2, what='both listeners')
    daemon.tls_port = port_of(daemon)
    return daemon


def certificate(folder, name, hosts):
    """A self-signed one: (path of the certificate, path of the key)."""
    pem, key = f'{folder}/{name}.pem', f'{folder}/{name}.key'
    names = ','.join('DNS:' + host for host in hosts)
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', f'/CN={hosts[0]}',
                    '-addext', f'subjectAltName={names}', '-keyout', key, '-out', pem],
                   check=True, capture_output=True)
    return pem, key


def shown(port, name=None):
    """SHA-256 of the certificate that a client is shown."""
    with SealedWire(port, name=name) as wire:
        return hashlib.sha256(wire.socket.getpeercert(binary_form=True)).hexdigest()


def of_file(path):
    der = ssl.PEM_cert_to_DER_cert(pathlib.Path(path).read_text().split('-----END')[0]
                                   + '-----END CERTIFICATE-----\n')
    return hashlib.sha256(der).hexdigest()


def curl(daemon, *arguments, version=None):
    flags = []
    if version is not None:
        flags = ['--tlsv' + CURL_VERSIONS[version], '--tls-max', CURL_VERSIONS[version]]
    done = subprocess.run(['curl', '-sSk', *flags, *arguments], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- what is promised without TLS, too ------------------------------------------------------------

@pytest.mark.parametrize('version', VERSIONS)
def test_files_go_there_and_back(make_daemon, version):
    daemon = start(make_daemon)
    dice = random.Random(int(version))
    with SealedWire(daemon.tls_port, version) as wire:
        for size in (0, 1, 16383, 16384, 100_000, 5 * MIB + 77, 20 * MIB):
            data = dice.randbytes(size)
            wire.request('PUT', '/file', body=data)
            share = Share(wire.answer('PUT'))
            assert share.link.startswith('https://test/s/')
            wire.request('GET', share.path)
            assert wire.answer().body == data
            if size > 1000:
                wire.request('GET', share.path, [('Range', 'bytes=500-999')])
                part = wire.answer()
                assert part.status == 206 and part.body == data[500:1000]
            assert daemon.is_same(share.path, data)  # the same without TLS


@pytest.mark.parametrize('version', VERSIONS)
def test_curl_agrees(make_daemon, folder, version):
    daemon = start(make_daemon, hsts='1h')
    source = pathlib.Path(folder) / 'source'
    source.write_bytes(random.Random(1).randbytes(9 * MIB + 5))
    base = f'https://127.0.0.1:{daemon.tls_port}'
    head = pathlib.Path(folder) / 'head'
    link = curl(daemon, '-T', str(source), '-D', str(head), base + '/', version=version)
    assert b'Strict-Transport-Security: max-age=3600' in head.read_bytes()
    link = link.decode().strip()
    assert link.startswith(base)
    assert curl(daemon, link, version=version) == source.read_bytes()
    chunked = curl(daemon, '-T', '-', '-H', 'Transfer-Encoding: chunked', base + '/x',
                   version=version)  # of nothing
    assert chunked.startswith(b'https://')
    assert b'Strict' not in curl(daemon, '-i', daemon.events('ready')[0]['url'] + '/')


def test_uploads_are_gone_on_with(make_daemon):
    daemon = start(make_daemon)
    data = random.Random(2).randbytes(3 * MIB)
    upload = tus.Upload(daemon, daemon.put(b'the first'), 'rest', data)
    with SealedWire(daemon.tls_port) as wire:  # cut in the middle, with no close_notify
        wire.send((f'PATCH {upload.path} HTTP/1.1\r\nHost: test\r\nTus-Resumable: 1.0.0\r\n'
                   'Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n'
                   f'Content-Length: {len(data)}\r\n\r\n').encode() + data[:MIB])
        time.sleep(0.3)
    assert wait_until(upload.offset, what='what came is kept') == MIB
    with SealedWire(daemon.tls_port) as wire:
        wire.request('PATCH', upload.path, upload.fields(MIB, len(data) - MIB), data[MIB:])
        assert wire.answer('PATCH').status == 204
        wire.request('GET', upload.link)
        assert wire.answer().body == data


def test_events_come(make_daemon):
    daemon = start(make_daemon)
    share = daemon.put(b'x' * 1000)

    async def follow():
        url = f'wss://127.0.0.1:{daemon.tls_port}/api/v1/events?share={share.id}'
        origin = f'https://127.0.0.1:{daemon.tls_port}'  # our own page's
        async with websockets.connect(url, ssl=context_of(), origin=origin) as ws:
            first = json.loads(await asyncio.wait_for(ws.recv(), 10))
            await (await ws.ping())
            return first

    assert asyncio.run(follow())


# -- keys and certificates ------------------------------------------------------------------------

def test_own_certificate_is_made_once(make_daemon):
    daemon = start(make_daemon)
    folder = daemon.data / 'tls'
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ('certificate.pem', 'key.pem'):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    first = shown(daemon.tls_port)
    assert first == of_file(folder / 'certificate.pem')
    assert daemon.events('tls.certificate')[0]['sha256'] == first
    assert len(daemon.events('tls.self_signed')) == 1
    context = context_of(trusted=str(folder / 'certificate.pem'))
    with SealedWire(daemon.tls_port, context=context, name='localhost') as wire:
        wire.request('GET', '/health')
        assert wire.answer().status == 200
    daemon.stop()
    daemon.start()
    wait_until(lambda: len(urls(daemon)) == 2, what='both listeners')
    assert shown(port_of(daemon)) == first
    assert not daemon.events('tls.self_signed')
    text = daemon.text()
    assert 'PRIVATE' not in text and 'SECRET' not in text


def test_names_choose_and_a_hangup_reloads(make_daemon, folder):
    one, one_key = certificate(folder, 'one', ['one.example'])
    two, two_key = certificate(folder, 'two', ['two.example', '*.two.example'])
    daemon = start(make_daemon, tls_certificate=f'{one}, {two}', tls_key=f'{one_key},{two_key}')
    port = daemon.tls_port
    assert shown(port) == shown(port, 'one.example') == shown(port, 'other') == of_file(one)
    assert shown(port, 'two.example') == shown(port, 'a.two.example') == of_file(two)
    old = of_file(two)
    with SealedWire(port, name='two.example') as wire:
        certificate(folder, 'new', ['two.example'])
        os.replace(f'{folder}/new.key', two_key)
        os.replace(f'{folder}/new.pem', two)
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: shown(port, 'two.example') == of_file(two), what='the new one')
        assert of_file(two) != old
        wire.request('GET', '/health')  # who was there stays
        assert wire.answer().status == 200
    daemon.expected_errors.add('tls.refused')
    pathlib.Path(two).write_text('rubbish')
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.events('tls.kept'), what='the old ones are kept')
    assert shown(port, 'two.example') not in (old, None)
    assert shown(port) == of_file(one)
    for _ in range(20):
        daemon.process.send_signal(signal.SIGHUP)
    assert shown(port) == of_file(one)


def test_wrong_certificates_refuse_to_start(make_daemon, folder):
    one, one_key = certificate(folder, 'one', ['one.example'])
    _, two_key = certificate(folder, 'two', ['two.example'])
    for options in ({'tls_certificate': one, 'tls_key': two_key},
                    {'tls_certificate': folder + '/none', 'tls_key': two_key},
                    {'tls_certificate': one, 'tls_key': f'{one_key},{two_key}'},
                    {'tls_certificate': one}):
        daemon = make_daemon(is_started=False, tls_listen='127.0.0.1:0', **options)
        daemon.expected_errors.add('tls.refused')
        daemon.launch()
        daemon.wait(code=1)
        assert daemon.events('tls.refused')


def test_kernel_tls_is_there_or_refused(make_daemon):
    """What it does is shown where the kernel has it: tests/vm."""
    with socket.socket() as probe, pytest.raises(OSError) as refused:
        probe.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'tls')
    if refused.value.errno == errno.ENOTCONN:  # the protocol is there, a connection is not
        start(make_daemon, tls_kernel='on')
        return
    daemon = make_daemon(is_started=False, tls_listen='127.0.0.1:0', tls_kernel='on')
    daemon.expected_errors.add('tls_kernel.missing')
    daemon.launch()
    daemon.wait(code=1)
    assert 'modprobe tls' in daemon.events('tls_kernel.missing')[0]['advice']
    start(make_daemon, tls_kernel='off')
    make_daemon(tls_kernel='on')  # nobody asks for TLS


@pytest.mark.parametrize('version', VERSIONS)
def test_tickets_resume(make_daemon, version):
    daemon = start(make_daemon)
    context = context_of(version)
    with SealedWire(daemon.tls_port, context=context) as wire:
        wire.request('GET', '/health')
        wire.answer()
        session = wire.socket.session
        assert not wire.socket.session_reused
    for _ in range(6):  # on whichever reactor
        with SealedWire(daemon.tls_port, context=context, session=session) as wire:
            wire.request('GET', '/health')
            assert wire.answer().status == 200
            assert wire.socket.session_reused
    metrics = daemon.metrics()
    assert metrics['hawser_tls_handshakes_total{result="resumed"}'] == 6
    assert metrics['hawser_tls_handshakes_total{result="full"}'] == 1


def test_protocols(make_daemon):
    daemon = start(make_daemon)
    context = context_of()
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with SealedWire(daemon.tls_port, context=context) as wire:
        assert wire.socket.selected_alpn_protocol() == 'http/1.1'
    context = context_of()
    context.set_alpn_protocols(['h2'])
    with pytest.raises(ssl.SSLError):
        SealedWire(daemon.tls_port, context=context)
    old = context_of()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers('ALL:@SECLEVEL=0')
    with pytest.raises((ssl.SSLError, OSError)):
        SealedWire(daemon.tls_port, context=old)
    # It is counted when its alert is out: the client may have it before.
    wait_until(lambda: daemon.metrics()['hawser_tls_handshakes_total{result="failed"}'] == 2,
               what='both have failed')


# -- what is wrong, slow, or many ------------------------------------------------------------------

def test_plain_http_is_told(make_daemon):
    daemon = start(make_daemon)
    with Wire(daemon.tls_port) as wire:
        wire.request('GET', '/')
        answer = wire.answer()
        assert answer.status == 400 and b'https://' in answer.body
        assert wire.is_over()


def test_an_end_that_nobody_announced_is_no_end(make_daemon):
    daemon = start(make_daemon)
    before = daemon.metrics()
    for is_announced in (False, True):
        wire = SealedWire(daemon.tls_port)
        wire.send(b'PUT /cut HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n' + b'x' * 50000)
        if is_announced:
            with contextlib.suppress(OSError):
                wire.socket.settimeout(2)
                wire.socket.unwrap()
        else:
            os.close(wire.socket.detach())
        wire.close()
    time.sleep(0.5)
    assert not daemon.events('put.done')
    after = daemon.metrics()
    assert after['hawser_connections_open'] <= before['hawser_connections_open']


def test_slow_readers_get_all(make_daemon):
    daemon = start(make_daemon)
    data = random.Random(5).randbytes(12 * MIB)
    share = daemon.put(data)
    wires = []
    for index in range(40):
        wire = SealedWire(daemon.tls_port, VERSIONS[index % 2], recv_buffer=4096, timeout_s=60)
        wire.request('GET', share.path)
        wires.append(wire)
    time.sleep(2.5)  # they read nothing; others do
    with SealedWire(daemon.tls_port) as quick:
        quick.request('GET', share.path)
        assert quick.answer().body == data
    for wire in wires[:4]:
        assert wire.answer().body == data
    for wire in wires:
        wire.close()


def test_clients_that_vanish_leave_nothing(make_daemon):
    daemon = start(make_daemon)
    share = daemon.put(b'y' * (30 * MIB))
    dice = random.Random(6)
    for index in range(60):
        wire = SealedWire(daemon.tls_port, VERSIONS[index % 2])
        if index % 2:
            wire.request('GET', share.path)
            wire.take(dice.randrange(1, 3 * MIB))
        else:
            wire.send(b'PUT /gone HTTP/1.1\r\nHost: test\r\nContent-Length: 9000000\r\n\r\n'
                      + b'z' * dice.randrange(1, 2 * MIB))
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        wire.close()
    wait_until(lambda: daemon.metrics()['hawser_connections_open'] <= 1, what='all are gone')


def test_idle_connections_are_cheap(make_daemon):
    count = 2000
    daemon = start(make_daemon, connections_max='4096', reactors='1')
    context = context_of(ssl.TLSVersion.TLSv1_3)
    with SealedWire(daemon.tls_port, context=context) as wire:
        wire.request('GET', '/health')  # its slabs are registered, then
        wire.answer()
    before = daemon.memory('VmRSS')
    wires = [SealedWire(daemon.tls_port, context=context) for _ in range(count)]
    for wire in wires[::20]:
        wire.request('GET', '/health')
        assert wire.answer().status == 200
    grown = daemon.memory('VmRSS') - before
    print(f'{grown / count:.0f} bytes a connection')
    most = 200 if 'asan' in os.environ.get('HAWSERD', '') else 12  # what is freed is kept there
    assert grown < count * most * KIB
    for wire in wires[::100]:
        wire.request('GET', '/health')
        assert wire.answer().status == 200
    for wire in wires:
        wire.close()


def test_drain_ends_them(make_daemon):
    daemon = start(make_daemon)
    idle = SealedWire(daemon.tls_port)
    half = socket.create_connection(('127.0.0.1', daemon.tls_port))
    half.sendall(b'\x16\x03\x01')
    time.sleep(0.2)
    daemon.stop()
    assert idle.is_over()
    half.close()
    idle.close()


def test_memory_is_counted(make_daemon):
    daemon = start(make_daemon)
    holders = {line['holder']: line['bytes'] for line in daemon.events('memory.budget')}
    assert holders['tls'] > 0
    plain = make_daemon()
    assert {line['holder']: line['bytes'] for line in plain.events('memory.budget')}['tls'] == 0
    assert OPTIONS['connections_max'] == '512'


def test_small_clients_get_small_records(make_daemon):
    """RFC 6066, 4: who asks for records of 512 bytes gets no larger one, and gets all."""
    daemon = start(make_daemon)
    data = bytes(range(256)) * 400
    share = daemon.put(data)
    request = f'GET {share.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode()
    for version in ('-tls1_2', '-tls1_3'):
        answer = subprocess.run(['openssl', 's_client', '-quiet', '-ign_eof', version, '-maxfraglen',
                                 '512', '-connect', f'127.0.0.1:{daemon.tls_port}'], input=request,
                                capture_output=True, timeout=30, check=False).stdout
        assert answer.startswith(b'HTTP/1.1 200') and answer.endswith(b'\r\n\r\n' + data)
    daemon.stop()


def test_a_broken_chain_is_not_cut_short(make_daemon, folder):
    """What cannot be read of a certificate's chain is told, not left out."""
    pem, key = certificate(folder, 'chain', ['a.example'])
    text = pathlib.Path(pem).read_text()
    second = text.replace('MII', '!!!', 1)
    pathlib.Path(pem).write_text(text + second)
    daemon = make_daemon(is_started=False, tls_listen='127.0.0.1:0', tls_certificate=pem,
                         tls_key=key)
    daemon.expected_errors.add('tls.refused')
    daemon.launch()
    daemon.wait(code=1)
    assert 'chain cannot be read' in json.dumps(daemon.events('tls.refused'))


@pytest.mark.parametrize('version', VERSIONS)
def test_a_receiver_that_leaves_a_silent_sender_is_seen(make_daemon, version):
    daemon = start(make_daemon)
    share = daemon.put(b'first')
    upload = tus.Upload(daemon, share, 'silent', bytes(MIB))
    upload.patch(0, 1000)
    stays = SealedWire(daemon.tls_port, version)
    goes = SealedWire(daemon.tls_port, version)
    for wire in (stays, goes):
        wire.request('GET', upload.link)
        assert wire.head().status == 200
    time.sleep(1.5)
    goes.close()
    wait_until(lambda: daemon.metrics()['hawser_downloads_open'] == 1, 3)
    upload.patch(1000, MIB - 1000)
    assert stays.take(MIB) == bytes(MIB)
    stays.request('GET', share.path)
    assert stays.answer().body == b'first'
    stays.close()
    daemon.stop()
