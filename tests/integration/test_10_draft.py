# SPDX-License-Identifier: Apache-2.0
"""Goal: the IETF's resumable uploads (interop version 8) work from raw sockets and from curl: made,
asked about, gone on with after a broken link and after a kill -9, ended; and web pages of other
origins may use them where the operator says so.

Method: requests byte by byte, interim answers read as they come; curl as a user would run it; what
a browser asks before it sends.
"""
import json
import subprocess

import pytest

from hawser import BLOCK, CHUNK, MIB, Bytes, root_of, seed_of, wait_until

INTEROP = ('Upload-Draft-Interop-Version', '8')
PARTIAL = ('Content-Type', 'application/partial-upload')


@pytest.fixture(scope='module')
def data():
    return Bytes(seed_of('draft'), 16 * MIB)


def files_of(share):
    return f'/api/v1/shares/{share.id}/files'


def owner_of(share):
    return ('Authorization', f'Bearer {share.token}')


def complete(is_complete):
    return ('Upload-Complete', '?1' if is_complete else '?0')


def create(daemon, share, name, body=None, is_complete=False, fields=()):
    """A creation on its own connection: the interim answers, and the last one."""
    with daemon.wire() as wire:
        wire.request('POST', f'{files_of(share)}?name={name}',
                     [INTEROP, owner_of(share), complete(is_complete), *fields], body)
        interim = []
        answer = wire.head()
        while answer.status < 200:
            interim.append(answer)
            answer = wire.head()
        answer.body = wire.take(int(answer.one('content-length')))
        return interim, answer


def append(daemon, path, offset, body, is_complete):
    return daemon.ask('PATCH', path, [PARTIAL, complete(is_complete),
                                      ('Upload-Offset', str(offset))], body)


def state_of(daemon, path):
    answer = daemon.ask('HEAD', path, [INTEROP])
    assert answer.status == 204 and answer.one('cache-control') == 'no-store'
    return int(answer.one('upload-offset')), answer.one('upload-complete')


def test_in_one_request(shared, data):
    share = shared.put(b'x')
    body = data.window(1, 3 * MIB + 5)
    interim, answer = create(shared, share, 'one', body, True)
    assert [one.status for one in interim] == [104]
    assert interim[0].reason == 'Upload Resumption Supported'
    assert interim[0].one('upload-draft-interop-version') == '8'
    assert 'max-size=' in interim[0].one('upload-limit')
    assert answer.status == 201 and answer.one('upload-complete') == '?1'
    assert answer.one('location') == interim[0].one('location')
    assert state_of(shared, answer.one('location')) == (len(body), '?1')
    assert shared.is_same(f'/s/{share.id}/one', body)
    assert shared.ask('HEAD', f'/s/{share.id}/one').one('etag') == f'"{root_of(body)}"'


def test_in_pieces(shared, data):
    share = shared.put(b'x')
    body = data.window(2, CHUNK + 3 * BLOCK + 7)
    interim, answer = create(shared, share, 'pieces')
    assert not interim and answer.status == 201 and answer.one('upload-complete') == '?0'
    path = answer.one('location')
    assert state_of(shared, path) == (0, '?0')
    at = 0
    for size in (1, BLOCK, CHUNK - 5, 100):
        assert append(shared, path, at, body[at:at + size], False).status == 204
        at += size
        assert state_of(shared, path) == (at, '?0')
    answer = append(shared, path, at - 1, body[at:], True)
    assert answer.status == 409 and answer.one('upload-offset') == str(at)
    assert answer.one('content-type') == 'application/problem+json'
    problem = json.loads(answer.body)
    assert problem['type'].endswith('#mismatching-upload-offset')
    assert (problem['expected-offset'], problem['provided-offset']) == (at, at - 1)
    answer = append(shared, path, at, body[at:], True)
    assert answer.status == 200 and answer.one('upload-complete') == '?1'
    assert shared.is_same(f'/s/{share.id}/pieces', body)


def test_after_a_broken_link(shared, data):
    """The address comes with 104, while the body is still on its way."""
    share = shared.put(b'x')
    body = data.window(3, 9 * MIB)
    with shared.wire() as wire:
        head = [f'POST {files_of(share)} HTTP/1.1', 'Host: test', ': '.join(INTEROP),
                ': '.join(owner_of(share)), 'Upload-Complete: ?1', f'Content-Length: {len(body)}',
                "Content-Disposition: inline; filename*=UTF-8''br%C3%B6ken"]
        wire.send(('\r\n'.join(head) + '\r\n\r\n').encode())
        interim = wire.head()
        assert interim.status == 104
        wire.send(body[:5 * MIB + 77])
    path = interim.one('location')
    # Who asks at once ends what is still on its way; here all of it shall arrive.
    wait_until(shared.is_idle, what='the end of the broken request')
    offset, is_complete = state_of(shared, path)
    assert offset == 5 * MIB + 77
    assert is_complete == '?0'
    assert append(shared, path, offset, body[offset:], True).status == 200
    assert shared.is_same(f'/s/{share.id}/br%C3%B6ken', body)


def test_a_second_request_ends_the_first(shared, data):
    share = shared.put(b'x')
    body = data.window(4, MIB)
    path = create(shared, share, 'second')[1].one('location')
    before = shared.metrics()['hawser_bytes_received_total']
    with shared.wire() as wire:
        wire.send((f'PATCH {path} HTTP/1.1\r\nHost: test\r\n{": ".join(PARTIAL)}\r\n'
                   f'Upload-Complete: ?1\r\nUpload-Offset: 0\r\nContent-Length: {len(body)}\r\n\r\n'
                   ).encode() + bytes(body[:1000]))
        wait_until(lambda: shared.metrics()['hawser_bytes_received_total'] >= before + 1000,
                   what='the last byte')
        offset, _ = state_of(shared, path)
        assert offset == 1000
        assert wire.is_over()
    assert append(shared, path, offset, body[offset:], True).status == 200
    assert shared.is_same(f'/s/{share.id}/second', body)


def test_after_a_kill(make_daemon, data):
    daemon = make_daemon()
    share = daemon.put(b'x')
    body = data.window(5, 6 * MIB + 1)
    path = create(daemon, share, 'killed', body[:5 * MIB + 3])[1].one('location')
    daemon.kill()
    daemon.start()
    assert state_of(daemon, path) == (5 * MIB + 3, '?0')
    assert append(daemon, path, 5 * MIB + 3, body[5 * MIB + 3:], True).status == 200
    assert daemon.is_same(f'/s/{share.id}/killed', body)


def test_what_contradicts_itself(shared):
    share = shared.put(b'x')
    _, answer = create(shared, share, 'bad', b'12345', True, [('Upload-Length', '6')])
    assert answer.status == 400
    assert json.loads(answer.body)['type'].endswith('#inconsistent-upload-length')
    assert 'upload-limit' in dict(answer.fields)
    length = [('Upload-Length', '10')]
    path = create(shared, share, 'length', b'12345', False, length)[1].one('location')
    assert append(shared, path, 5, b'1234', True).status == 400
    assert append(shared, path, 5, b'123456', True).status == 400
    assert append(shared, path, 5, b'12345', True).status == 200
    assert append(shared, path, 10, b'1', True).status == 400


def test_ended_and_options(shared):
    share = shared.put(b'x')
    path = create(shared, share, 'ended', b'12345')[1].one('location')
    assert shared.ask('DELETE', path, [INTEROP]).status == 204
    assert shared.ask('HEAD', path, [INTEROP]).status in (404, 410)
    answer = shared.ask('OPTIONS', files_of(share))
    assert answer.status == 204 and 'min-size=0' in answer.one('upload-limit')
    assert 'application/partial-upload' in answer.one('accept-patch')
    assert answer.one('tus-version') == '1.0.0'


def test_limits_of_a_client(make_daemon):
    daemon = make_daemon(uploads_per_minute='3')
    share = daemon.put(b'x')
    path = create(daemon, share, 'a', b'12345')[1].one('location')
    assert append(daemon, path, 5, b'6', False).status == 204
    _, answer = create(daemon, share, 'b', b'12345')
    assert answer.status == 429 and int(answer.one('retry-after')) > 0
    assert append(daemon, path, 6, b'7', False).status == 429
    assert state_of(daemon, path) == (6, '?0')


def curl(*arguments, code=0):
    done = subprocess.run(['curl', '-sS', '--max-time', '30', *arguments], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_curl(shared, data, folder):
    """curl does not know the draft, but shows what the answers say."""
    share = shared.put(b'x')
    body = data.window(6, MIB + 9)
    first, rest = f'{folder}/first', f'{folder}/rest'
    with open(first, 'wb') as file:
        file.write(body[:600_000])
    with open(rest, 'wb') as file:
        file.write(body[600_000:])
    url = f'http://127.0.0.1:{shared.port}'
    out = curl('-i', '-H', 'Upload-Draft-Interop-Version: 8', '-H', 'Upload-Complete: ?0',
               '-H', f'Authorization: Bearer {share.token}', '--data-binary', f'@{first}',
               f'{url}{files_of(share)}?name=curl')
    assert out.count('HTTP/1.1 104 ') == 1 and out.count('HTTP/1.1 201 ') == 1
    path = [line.split(' ')[1] for line in out.splitlines() if line.startswith('Location: ')][0]
    out = curl('-I', '-H', 'Upload-Draft-Interop-Version: 8', url + path)
    assert 'Upload-Offset: 600000' in out
    # Read from a pipe it is sent in chunks: where they end, the file does.
    with open(rest, 'rb') as pipe:
        done = subprocess.run(
            ['curl', '-sS', '-i', '-X', 'PATCH', '-H', 'Content-Type: application/partial-upload',
             '-H', 'Upload-Offset: 600000', '-H', 'Upload-Complete: ?1', '-T', '-', url + path],
            stdin=pipe, capture_output=True, text=True, timeout=60, check=True)
    assert 'Upload-Complete: ?1' in done.stdout
    assert shared.is_same(f'/s/{share.id}/curl', body)


# -- pages of other origins ----------------------------------------------------------------------

PREFLIGHT = [('Access-Control-Request-Method', 'PATCH'),
             ('Access-Control-Request-Headers', 'authorization,tus-resumable,upload-offset')]


def names(value):
    return {name.strip().lower() for name in value.split(',')}


def test_a_page_that_may(make_daemon):
    origin = ('Origin', 'https://app.example')
    daemon = make_daemon(cors_origins='https://app.example, http://localhost:5173')
    answer = daemon.ask('OPTIONS', '/api/v1/uploads/x', [origin, *PREFLIGHT])
    assert answer.status == 204
    assert answer.one('access-control-allow-origin') == 'https://app.example'
    assert answer.one('vary') == 'Origin'
    assert 'PATCH' in answer.one('access-control-allow-methods')
    assert names(PREFLIGHT[1][1]) <= names(answer.one('access-control-allow-headers'))
    assert answer.one('access-control-allow-credentials') is None
    share = daemon.put(b'x', fields=[origin])
    for method, path in (('GET', share.path), ('GET', '/s/x/y'), ('HEAD', '/api/v1/uploads/x')):
        answer = daemon.ask(method, path, [origin])
        assert answer.one('access-control-allow-origin') == 'https://app.example', path
        assert answer.one('access-control-expose-headers') == '*'
    # Not from another answer on the same connection, and not for another origin.
    with daemon.wire() as wire:
        for value, allowed in (('https://app.example', True), ('https://evil.example', False),
                               ('http://localhost:5173', True), (None, False)):
            wire.request('GET', '/health', [('Origin', value)] if value else [])
            answer = wire.answer()
            assert answer.one('access-control-allow-origin') == (value if allowed else None)
            assert answer.one('vary') == 'Origin'


def test_every_page_and_none(make_daemon):
    origin = ('Origin', 'https://app.example')
    daemon = make_daemon(cors_origins='*')
    answer = daemon.ask('OPTIONS', '/f', [origin, *PREFLIGHT])
    assert answer.status == 204 and answer.one('access-control-allow-origin') == '*'
    assert daemon.get('/health').one('access-control-allow-origin') == '*'
    daemon = make_daemon()
    answer = daemon.ask('OPTIONS', '/f', [origin, *PREFLIGHT])
    assert not any(name.startswith('access-control') for name, _ in answer.fields)
