# SPDX-License-Identifier: Apache-2.0
"""Goal: a share is what its owner wished, for as long as it was wished, and only its owner changes it.

Method: the public interface alone: JSON in and out, links, owner tokens; short expiries and a look
every few milliseconds; what must be refused, with the status and a sentence.
"""
import json
import re
import subprocess
import time
from datetime import datetime, timedelta, timezone

import pytest

from hawser import Wire, root_of, wait_until

JSON = ('Accept', 'application/json')


def bearer(token):
    return ('Authorization', 'Bearer ' + token)


def ask_json(daemon, method, target, wish=None, token=None):
    """Returns (status, what the JSON says, the answer)."""
    fields = [JSON] + ([bearer(token)] if token else [])
    body = None if wish is None else json.dumps(wish).encode()
    answer = daemon.ask(method, target, fields, body)
    has_json = answer.body and 'json' in (answer.one('content-type') or '')
    return answer.status, json.loads(answer.body) if has_json else None, answer


def create(daemon, **wish):
    status, share, _ = ask_json(daemon, 'POST', '/api/v1/shares', wish)
    assert status == 201, share
    share['api'] = '/api/v1/shares/' + share['id']
    share['path'] = '/' + share['url'].split('/', 3)[3]
    return share


def put(daemon, share, name, data, token=None):
    return daemon.ask('PUT', f"{share['path']}/{name}", [bearer(token or share['owner_token'])], data)


def seconds_left(share):
    expires = datetime.fromisoformat(share['expires_at'].replace('Z', '+00:00'))
    return (expires - datetime.now(timezone.utc)).total_seconds()


# -- a share's life --------------------------------------------------------------------------------

def test_life(shared):
    status, share, answer = ask_json(shared, 'POST', '/api/v1/shares', {'message': 'For you'})
    assert status == 201
    assert re.fullmatch(r'[a-z2-7]{26}', share['id'])
    assert share['url'] == 'http://test/s/' + share['id']
    assert re.fullmatch(r'[A-Za-z0-9_-]{43}', share['owner_token'])
    assert answer.one('location') == '/api/v1/shares/' + share['id']
    assert answer.one('cache-control') == 'no-store'
    assert 86300 < seconds_left(share) <= 86400, '24 h when nothing is said'
    api, token = '/api/v1/shares/' + share['id'], share['owner_token']
    # The link works at once, before a byte.
    empty = shared.get('/s/' + share['id'])
    assert empty.status == 200 and b'no file' in empty.body
    # Looked at.
    status, seen, _ = ask_json(shared, 'GET', api)
    assert status == 200 and seen['message'] == 'For you' and seen['files'] == []
    assert 'owner_token' not in seen and 'downloads' not in seen, 'a stranger is told less'
    status, seen, _ = ask_json(shared, 'GET', api, token=token)
    assert status == 200 and seen['downloads'] == 0 and 'owner_token' not in seen
    assert shared.ask('HEAD', api).status == 200
    # Changed.
    status, changed, _ = ask_json(shared, 'PATCH', api, {'message': None, 'downloads_max': 3,
                                                        'expires_in': '2h'}, token)
    assert status == 200 and changed['message'] is None and changed['downloads_max'] == 3
    assert 7100 < seconds_left(changed) <= 7200
    status, seen, _ = ask_json(shared, 'GET', api)
    assert seen['downloads_max'] == 3 and seen['message'] is None
    # Ended.
    assert shared.ask('DELETE', api, [bearer(token)]).status == 204
    for method, target in (('GET', api), ('GET', '/s/' + share['id']), ('DELETE', api)):
        assert shared.ask(method, target, [bearer(token)]).status == 410


def test_nothing_is_wished(shared):
    for body in (None, b'', b'{}'):
        assert shared.ask('POST', '/api/v1/shares', body=body).status == 201


def test_chunked_wish(shared):
    with shared.wire() as wire:
        wire.send(b'POST /api/v1/shares HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n'
                  b'9\r\n{"message\r\n5\r\n":"a"\r\n1\r\n}\r\n0\r\n\r\n')
        answer = wire.answer()
    assert answer.status == 201 and json.loads(answer.body)['message'] == 'a'


def test_files(shared):
    share = create(shared)
    data = {'b.bin': b'b' * 70000, 'a b.txt': b'hello', '\u2605.txt': b''}
    for name, content in data.items():
        escaped = {'b.bin': 'b.bin', 'a b.txt': 'a%20b.txt', '\u2605.txt': '%E2%98%85.txt'}[name]
        answer = put(shared, share, escaped, content)
        assert answer.status == 201 and answer.one('hawser-root') == root_of(content)
        assert answer.one('location') == f"{share['url']}/{escaped}"
        assert answer.body.decode().strip() == answer.one('location')
    assert put(shared, share, 'b.bin', b'other').status == 409
    status, seen, _ = ask_json(shared, 'GET', share['api'])
    assert [file['name'] for file in seen['files']] == sorted(data)
    assert seen['file_count'] == 3 and seen['size'] == 70005 and seen['next'] is None
    for file in seen['files']:
        content = data[file['name']]
        assert file['is_complete'] and file['size'] == len(content)
        assert file['root'] == root_of(content)
        assert shared.is_same('/' + file['url'].split('/', 3)[3], content)
    # The link itself: JSON for programs, links for people.
    listed = shared.get(share['path'], [JSON])
    assert json.loads(listed.body)['files'] == seen['files']
    links = shared.get(share['path'])
    assert links.one('content-type').startswith('text/plain')
    assert links.body.decode().split() == [file['url'] for file in seen['files']]
    # One of them goes, the others and the share stay.
    gone = shared.ask('DELETE', share['path'] + '/b.bin', [bearer(share['owner_token'])])
    assert gone.status == 204
    assert shared.get(share['path'] + '/b.bin').status == 404
    assert shared.is_same(share['path'] + '/a%20b.txt', b'hello')


def test_pages(shared):
    share = create(shared)
    names = [f'{i:04}' + 'n' * 100 for i in range(230)]
    with shared.wire() as wire:
        for name in names:
            wire.request('PUT', f"{share['path']}/{name}", [bearer(share['owner_token'])], b'')
            assert wire.answer().status == 201
    seen, after, pages = [], None, 0
    while pages == 0 or after:
        query = f'?after={after}' if after else ''
        status, page, _ = ask_json(shared, 'GET', share['api'] + query)
        assert status == 200
        seen += [file['name'] for file in page['files']]
        after, pages = page['next'], pages + 1
    assert seen == names and pages >= 3
    seen, target, pages = [], share['path'], 0
    while target:
        answer = shared.get(target)
        seen += [line.rsplit('/', 1)[1] for line in answer.body.decode().split()]
        link, pages = answer.one('link'), pages + 1
        target = '/' + re.fullmatch(r'<http://test/(.*)>; rel="next"', link)[1] if link else None
    assert seen == names and pages >= 3
    assert shared.get(share['api'] + '?after=%00').status == 400
    assert shared.get(share['api'] + '?after=' + 'x' * 300).status == 400


# -- expiry ----------------------------------------------------------------------------------------

def test_expiry(shared):
    share = create(shared, expires_in=1)
    assert put(shared, share, 'a', b'a').status == 201
    assert shared.get(share['path'] + '/a').status == 200
    wait_until(lambda: shared.get(share['path'] + '/a').status == 410, 5, 'the end')
    assert -1 < -seconds_left(share) < 2, 'not before its time, and not long after'
    for target in (share['api'], share['path'], share['path'] + '/a'):
        assert shared.get(target).status == 410
    assert put(shared, share, 'b', b'b').status == 410
    assert ask_json(shared, 'PATCH', share['api'], {'expires_in': '1h'},
                    share['owner_token'])[0] == 410, 'what is over stays over'


def test_expiry_is_changed(shared):
    share = create(shared, expires_in='1h')
    soon = (datetime.now(timezone.utc) + timedelta(seconds=2)).strftime('%Y-%m-%dT%H:%M:%SZ')
    status, changed, _ = ask_json(shared, 'PATCH', share['api'], {'expires_at': soon},
                                  share['owner_token'])
    assert status == 200 and changed['expires_at'] == soon
    wait_until(lambda: shared.get(share['api']).status == 410, 5, 'the end')


@pytest.mark.parametrize('wish', [
    {'expires_in': 'never'}, {'expires_in': None}, {'expires_at': None},
    {'expires_at': '2001-01-01T00:00:00Z'}, {'expires_in': 0}, {'expires_in': '1y'},
    {'expires_in': '1h', 'expires_at': '2030-01-01T00:00:00Z'}])
def test_expiries_that_cannot_be(shared, wish):
    status, problem, answer = ask_json(shared, 'POST', '/api/v1/shares', wish)
    assert status == 422 and problem['status'] == 422 and len(problem['detail']) > 20
    assert answer.one('content-type') == 'application/problem+json'


# -- links with a name of their own ----------------------------------------------------------------

def test_link_name(shared):
    share = create(shared, link_name='the-holidays')
    assert share['url'] == 'http://test/s/the-holidays'
    assert put(shared, share, 'a', b'hello').status == 201
    for link in ('the-holidays', share['id']):
        assert shared.is_same(f'/s/{link}', b'hello')
        assert shared.is_same(f'/s/{link}/a', b'hello')
    assert ask_json(shared, 'GET', '/api/v1/shares/the-holidays')[1]['id'] == share['id']
    status, problem, _ = ask_json(shared, 'POST', '/api/v1/shares', {'link_name': 'the-holidays'})
    assert status == 409 and 'link name' in problem['detail']
    answer = shared.ask('PUT', '/x', [('Hawser-Link', 'the-holidays')], b'x')
    assert answer.status == 409
    # The name is free again behind its end.
    assert shared.ask('DELETE', share['api'], [bearer(share['owner_token'])]).status == 204
    assert create(shared, link_name='the-holidays')['id'] != share['id']


def test_link_name_is_asked_before_the_bytes(shared):
    create(shared, link_name='taken-name')
    with shared.wire() as wire:
        wire.send(b'PUT /a HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n'
                  b'Hawser-Link: taken-name\r\nExpect: 100-continue\r\n\r\n')
        assert wire.answer().status == 409


@pytest.mark.parametrize('name', ['ab', 'x' * 65, 'Upper', 'sp ace', '../up', 'a' * 26, '-a-', 'api',
                                  'a/b', '', 7])
def test_link_names_that_cannot_be(shared, name):
    status, problem, _ = ask_json(shared, 'POST', '/api/v1/shares', {'link_name': name})
    assert status == 422 and problem['detail'].startswith('link_name: ')


# -- PUT of one file -------------------------------------------------------------------------------

def test_put_policy(shared):
    fields = [('Hawser-Expires', '1h'), ('Hawser-Downloads', '7'), ('Hawser-Message', 'a message'),
              ('Hawser-Link', 'put-policy')]
    by_field = shared.ask('PUT', '/a.bin', fields, b'hello')
    by_query = shared.ask('PUT', '/a.bin?expires=1h&downloads=7&message=a+message&link=put-query', (),
                          b'hello')
    for answer, link in ((by_field, 'put-policy'), (by_query, 'put-query')):
        assert answer.status == 201, answer.body
        assert answer.one('location') == f'http://test/s/{link}/a.bin'
        api = '/api/v1/shares/' + answer.one('hawser-share')
        status, seen, _ = ask_json(shared, 'GET', api, token=answer.one('hawser-owner-token'))
        assert status == 200 and seen['downloads_max'] == 7 and seen['message'] == 'a message'
        assert seen['expires_at'] == answer.one('hawser-expires-at')
        assert 3500 < seconds_left(seen) <= 3600
        assert [file['name'] for file in seen['files']] == ['a.bin']
        assert shared.is_same(f'/s/{link}', b'hello')


def test_put_default(shared):
    answer = shared.ask('PUT', '/a.bin', (), b'hello')
    assert 86300 < seconds_left({'expires_at': answer.one('hawser-expires-at')}) <= 86400


def test_put_expires(shared):
    share = shared.put(b'hello', 'a', [('Hawser-Expires', '1s')])
    wait_until(lambda: shared.get(share.path).status == 410, 5, 'the end')


@pytest.mark.parametrize('target, fields, status', [
    ('/a', [('Hawser-Expires', 'soon')], 422),
    ('/a', [('Hawser-Expires', 'never')], 422),
    ('/a', [('Hawser-Expires', '')], 422),
    ('/a', [('Hawser-Expires', '1h'), ('hawser-expires', '2h')], 400),
    ('/a?expires=1h', [('Hawser-Expires', '1h')], 400),
    ('/a', [('Hawser-Downloads', '0')], 422),
    ('/a', [('Hawser-Downloads', '4294967296')], 422),
    ('/a', [('Hawser-Downloads', '-1')], 422),
    ('/a', [('Hawser-Message', 'x' * 1001)], 422),
    ('/a', [('Hawser-Link', 'X')], 422),
    ('/a', [('Hawser-Pasword', 'x')], 422),
    ('/a?pasword=x', (), 422),
    ('/a?password=x', (), 400),
    ('/a?message=%zz', (), 422),
])
def test_put_policies_that_cannot_be(shared, target, fields, status):
    answer = shared.ask('PUT', target, fields, b'hello')
    assert answer.status == status and len(answer.body) > 20


# -- who may ---------------------------------------------------------------------------------------

def test_tokens(shared):
    share, other = create(shared), create(shared)
    api = share['api']
    for method, target, wish in (('PATCH', api, b'{}'), ('DELETE', api, None),
                                 ('PUT', share['path'] + '/a', b'a')):
        assert shared.ask(method, target, (), wish).status == 401
        assert shared.ask(method, target, [('Authorization', 'Basic eDp5')], wish).status == 401
        for token in (other['owner_token'], 'x', 'A' * 43):
            assert shared.ask(method, target, [bearer(token)], wish).status == 403
    status, seen, _ = ask_json(shared, 'GET', api, token=other['owner_token'])
    assert status == 200 and 'downloads' not in seen, 'a stranger with a token is a stranger'
    assert shared.ask('GET', '/api/v1/shares').status == 401
    assert shared.ask('GET', '/api/v1/shares', [bearer(share['owner_token'])]).status == 403


def test_unknown(shared):
    nobody = 'a' * 26
    token = 'A' * 43
    for method, target, body in (
            ('GET', f'/api/v1/shares/{nobody}', None), ('GET', '/api/v1/shares/no-such-name', None),
            ('GET', '/api/v1/shares/%2e%2e', None), ('PATCH', f'/api/v1/shares/{nobody}', b'{}'),
            ('DELETE', f'/api/v1/shares/{nobody}', None), ('GET', f'/s/{nobody}', None),
            ('PUT', f'/s/{nobody}/a', b'a')):
        assert shared.ask(method, target, [bearer(token)], body).status == 404, (method, target)


# -- what a wish may be ----------------------------------------------------------------------------

@pytest.mark.parametrize('body, status', [
    (b'{', 400), (b'[]', 400), (b'null', 400), (b'\xff', 400), (b'{"message":"\xff"}', 400),
    (b'{"message":"a","message":"b"}', 400),
    (b'{"pasword":"x"}', 422), (b'{"downloads_max":0}', 422), (b'{"downloads_max":1.5}', 422),
    (b'{"mode":"fast"}', 422), (b'{"message":7}', 422), (b'{"message":"\\u0000"}', 400),
    (b'[' * 1000, 400), (b' ' * 65537, 413), (b' ' * 200000, 413),
])
def test_wishes_that_cannot_be(shared, body, status):
    answer = shared.ask('POST', '/api/v1/shares', (), body)
    assert answer.status == status and len(answer.body) > 20


def test_largest_wish(shared):
    body = b'{"message":"a"}'.ljust(65536)
    assert shared.ask('POST', '/api/v1/shares', (), body).status == 201


def test_what_creation_fixed(shared):
    share = create(shared)
    for wish in ({'mode': 'live'}, {'link_name': 'other-name'}, {'id': 'x'}):
        status, problem, _ = ask_json(shared, 'PATCH', share['api'], wish, share['owner_token'])
        assert status == 422 and problem['detail']


def test_message_is_harmless(shared):
    text = '<script>"\\\u2028\n\u2605'
    share = create(shared, message=text)
    answer = shared.get(share['api'])
    assert json.loads(answer.body)['message'] == text and b'<script' not in answer.body
    assert answer.one('x-content-type-options') == 'nosniff'


def test_slow_wishes_keep_nobody(shared):
    """As many as there are texts say one byte and no more; others are told so, or served."""
    wires = []
    try:
        for _ in range(40):
            wire = Wire(shared.port)
            wire.send(b'POST /api/v1/shares HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n{')
            wires.append(wire)
        time.sleep(0.2)
        assert shared.ask('POST', '/api/v1/shares').status in (201, 503)
        silent = Wire(shared.port)  # no byte, no text
        silent.send(b'POST /api/v1/shares HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n')
        wires.append(silent)
    finally:
        for wire in wires:
            wire.close()
    wait_until(lambda: shared.ask('POST', '/api/v1/shares').status == 201, 5, 'a free text')


# -- what passes by --------------------------------------------------------------------------------

def test_live_tus_needs_the_whole(shared):
    share = create(shared, mode='live')
    fields = [bearer(share['owner_token']), ('Tus-Resumable', '1.0.0')]
    files = share['api'] + '/files'
    for more in ([('Upload-Length', '5')], [('Upload-Defer-Length', '1')]):
        answer = shared.ask('POST', files, fields + more, b'')
        assert answer.status == 409 and b'nothing' in answer.body
    part = fields + [('Upload-Length', '5'), ('Content-Type', 'application/offset+octet-stream')]
    assert shared.ask('POST', files, part, b'abc').status == 409
    assert ask_json(shared, 'GET', share['api'])[1]['files'] == [], 'nothing is left of them'


def test_a_broken_put_leaves_nothing(shared):
    share = create(shared)
    with shared.wire() as wire:
        wire.send(f"PUT {share['path']}/half HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n"
                  f"Authorization: Bearer {share['owner_token']}\r\n\r\nabc".encode())
        seen = wait_until(lambda: ask_json(shared, 'GET', share['api'])[1]['files'], 5, 'the file')
        assert seen[0]['name'] == 'half' and not seen[0]['is_complete'] and seen[0]['size'] == 1000
    wait_until(lambda: not ask_json(shared, 'GET', share['api'])[1]['files'], 5, 'its end')
    assert put(shared, share, 'half', b'whole').status == 201


def test_restart(make_daemon):
    daemon = make_daemon()
    share = create(daemon, link_name='over-a-restart', downloads_max=5, message='stay')
    assert put(daemon, share, 'a', b'hello').status == 201
    daemon.kill()
    daemon.start()
    status, seen, _ = ask_json(daemon, 'GET', share['api'], token=share['owner_token'])
    assert status == 200 and seen['message'] == 'stay' and seen['downloads_max'] == 5
    assert [file['name'] for file in seen['files']] == ['a']
    assert daemon.is_same('/s/over-a-restart', b'hello')


# -- passwords -------------------------------------------------------------------------------------

def has_pass(answer):
    return answer.one('hawser-pass') is not None


def test_password(shared):
    share = create(shared, password='open sesame')
    assert share['has_password']
    assert put(shared, share, 'a', b'hello').status == 201
    right, wrong = ('Hawser-Password', 'open sesame'), ('Hawser-Password', 'sesame')
    for target in (share['api'], share['path'], share['path'] + '/a'):
        assert shared.get(target).status == 401, 'a stranger is told nothing'
        assert shared.get(target, [wrong]).status == 401
        answer = shared.get(target, [right])
        assert answer.status == 200 and has_pass(answer)
        again = shared.get(target, [('Hawser-Pass', answer.one('hawser-pass'))])
        assert again.status == 200 and again.body == answer.body
    owner = [bearer(share['owner_token'])]
    assert shared.get(share['api'], owner).status == 200, 'who made it needs none'
    # Another password: the pass is void; and none at all.
    old = shared.get(share['api'], [right]).one('hawser-pass')
    for wish, status in (({'password': 'other'}, 401), ({'password': None}, 200)):
        changed = ask_json(shared, 'PATCH', share['api'], wish, share['owner_token'])
        assert changed[0] == 200 and changed[1]['has_password'] == (status == 401)
        assert shared.get(share['api'], [('Hawser-Pass', old)]).status == status
    assert b'sesame' not in shared.log_path.read_bytes()


def test_a_password_keeps_the_names_too(shared):
    share = create(shared, password='x', link_name='names-are-kept')
    assert put(shared, share, 'a', b'hello').status == 201
    for link in (share['path'], '/s/' + share['id']):
        for name in ('a', 'b', 'a.torrent', 'b.torrent'):
            stranger = shared.get(f'{link}/{name}')
            assert stranger.status == 401 and b'password' in stranger.body
            assert shared.ask('HEAD', f'{link}/{name}').status == 401
        knows = [('Hawser-Password', 'x')]
        for name, status in (('a', 200), ('b', 404), ('a.torrent', 200), ('b.torrent', 404)):
            assert shared.get(f'{link}/{name}', knows).status == status
        assert shared.get(link + '/b', [('Hawser-Password', 'y')]).status == 401
    assert wait_until(shared.is_idle)


def test_password_of_several_files(shared):
    share = create(shared, password='x')
    for name in 'ab':
        assert put(shared, share, name, b'hello').status == 201
    assert shared.get(share['path']).status == 401
    answer = shared.get(share['path'], [('Hawser-Password', 'x')])
    assert answer.status == 200 and has_pass(answer) and len(answer.body.split()) == 2


def test_no_hash_is_made_for_strangers(shared):
    """A stranger's change with a password costs a look, not a hash: that of a good one is long."""
    share = create(shared)
    body = b'{"password":"x"}'

    def seconds(token, status):
        begin = time.monotonic()
        assert shared.ask('PATCH', share['api'], [bearer(token)], body).status == status
        return time.monotonic() - begin
    good = min(seconds(share['owner_token'], 200) for _ in range(3))
    assert min(seconds('A' * 43, 403) for _ in range(5)) < good / 2


def test_put_password(shared):
    answer = shared.ask('PUT', '/a', [('Hawser-Password', 'pw'), ('Hawser-Link', 'with-password')],
                        b'hello')
    assert answer.status == 201
    assert shared.get('/s/with-password').status == 401
    assert shared.get('/s/with-password', [('Hawser-Password', 'pw')]).body == b'hello'


# -- the operator ----------------------------------------------------------------------------------

def test_operator(make_daemon):
    daemon = make_daemon(is_started=False)
    daemon.start()
    daemon.stop()
    made = subprocess.run([*daemon.command(), '--new-token', 'operator'], check=True, text=True,
                          capture_output=True, env=daemon.environment())
    token = made.stdout.split()[-1]
    daemon.start()
    shares = [create(daemon, message=str(i)) for i in range(50)]
    seen, before, pages = [], None, 0
    while pages == 0 or before:
        query = f'?before={before}' if before else ''
        status, page, _ = ask_json(daemon, 'GET', '/api/v1/shares' + query, token=token)
        assert status == 200
        seen += page['shares']
        before, pages = page['next'], pages + 1
    assert pages >= 3 and len(seen) == 50
    assert {share['id'] for share in seen} == {share['id'] for share in shares}
    moments = [share['created_at'] for share in seen]
    assert moments == sorted(moments, reverse=True), 'newest first'
    assert all('downloads' in share and 'owner_token' not in share for share in seen)
    for cursor in ('x', '-', '1-', '1-x', 'x-' + 'a' * 26, '9' * 30 + '-' + 'a' * 26):
        assert ask_json(daemon, 'GET', f'/api/v1/shares?before={cursor}', token=token)[0] == 400
    # It looks at everything, changes and ends it.
    api = shares[0]['api']
    assert ask_json(daemon, 'PATCH', api, {'message': 'seen'}, token)[1]['message'] == 'seen'
    assert ask_json(daemon, 'GET', api, token=token)[1]['downloads'] == 0
    assert daemon.ask('DELETE', api, [bearer(token)]).status == 204
    assert daemon.get(api).status == 410


def test_a_share_is_not_deleted_like_a_file(shared):
    share = create(shared)
    token = [bearer(share['owner_token'])]
    assert shared.ask('DELETE', share['path'], token).status == 404, 'there is no file'
    for name in ('a', 'b'):
        assert put(shared, share, name, b'hello').status == 201
    answer = shared.ask('DELETE', share['path'], token)
    assert answer.status == 409 and b'/api/v1/shares/' in answer.body
    assert shared.ask('DELETE', share['path'] + '/a', token).status == 204
    assert shared.ask('DELETE', share['path'], token).status == 204


def test_nobody_inherits_what_an_operator_may(make_daemon):
    daemon = make_daemon(is_started=False, reactors='1')
    daemon.folder.mkdir(parents=True)
    made = subprocess.run([*daemon.command(), '--new-token', 'operator'], check=True, text=True,
                          capture_output=True, env=daemon.environment())
    operator, stranger = made.stdout.split()[-1], 'A' * 43
    daemon.start()
    share = create(daemon)
    for name in ('a', 'b'):
        assert put(daemon, share, name, b'hello').status == 201
    path, other = share['path'] + '/a', create(daemon)
    assert daemon.ask('DELETE', other['api'], [bearer(operator)]).status == 204
    assert daemon.ask('DELETE', path, [bearer(stranger)]).status == 403
    assert daemon.ask('DELETE', share['path'] + '/b', [bearer(operator)]).status == 204
    for method, target, body in (('DELETE', path, None), ('DELETE', share['api'], None),
                                 ('PATCH', share['api'], b'{"message":"x"}'),
                                 ('PUT', share['path'] + '/c', b'c')):
        for _ in range(3):
            assert daemon.ask(method, target, [bearer(stranger)], body).status == 403
    assert daemon.get(path).body == b'hello'


# -- downloads -------------------------------------------------------------------------------------

def test_downloads_are_counted(shared):
    share = create(shared, downloads_max=2)
    assert put(shared, share, 'a', b'hello' * 1000).status == 201
    path = share['path'] + '/a'
    assert shared.ask('HEAD', path).status == 200
    assert shared.get(path, [('Range', 'bytes=0-9')]).status == 206, 'a part is no download'

    def downloads():
        return ask_json(shared, 'GET', share['api'], token=share['owner_token'])[1]['downloads']
    assert downloads() == 0
    assert shared.get(path).status == 200
    wait_until(lambda: downloads() == 1, 5, 'the count')
    assert shared.get(path).status == 200
    wait_until(lambda: shared.get(path).status == 410, 5, 'the end')


# -- limits of one client --------------------------------------------------------------------------

def test_uploads_per_minute(make_daemon):
    daemon = make_daemon(uploads_per_minute='3')
    share = create(daemon)
    statuses = [put(daemon, share, f'f{i}', b'x').status for i in range(6)]
    assert statuses[:3] == [201] * 3 and statuses[-1] == 429, statuses
    assert daemon.ask('PUT', '/other', body=b'x').status == 429, 'one account for both ways'


def test_uploads_at_once(make_daemon):
    daemon = make_daemon(transfers_per_client='1')
    share = create(daemon)
    with daemon.wire() as wire:
        wire.send(f"PUT {share['path']}/half HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n"
                  f"Authorization: Bearer {share['owner_token']}\r\n\r\nabc".encode())
        # Else the other one may be the first to ask, and this one is told to come again.
        wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1, 5, 'the first one')
        assert put(daemon, share, 'a', b'x').status == 429
    # Whoever has ended, well or not, is not counted any more.
    for name in 'bcd':
        wait_until(lambda n=name: put(daemon, share, n, b'x').status == 201, 5, 'the next')
