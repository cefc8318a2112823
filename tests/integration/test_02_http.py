# SPDX-License-Identifier: Apache-2.0
"""Goal: HTTP/1.1 as RFC 9110 and 9112 have it, and nothing that could be read in two ways.

Method: raw bytes over real sockets, answers parsed strictly; tables of names, ranges and
conditions; each refusal is followed by a good request on the same connection, which must not be
answered.
"""
import email.message
import random
import urllib.parse

import pytest

from hawser import BLOCK, CHUNK, KIB, MIB, Bytes, Share, seed_of

SIZE = 2 * CHUNK + 3 * BLOCK + 123


@pytest.fixture(scope='module')
def data():
    return Bytes(2, SIZE).window(0, SIZE)


@pytest.fixture(scope='module')
def share(shared, data):
    return shared.put(data, 'ranges.bin')


# -- connections ---------------------------------------------------------------------------------

def test_keep_alive(shared, share, data):
    with shared.wire() as wire:
        for turn in range(20):
            wire.request('GET', share.path, [('Range', f'bytes={turn}-{turn + 9}')])
            assert wire.answer().body == data[turn:turn + 10]
            wire.request('PUT', '/k', body=b'x' * turn)
            path = Share(wire.answer('PUT')).path
            wire.request('GET', path)
            assert wire.answer().body == b'x' * turn
        assert wire.is_silent()


def test_close_when_asked(shared):
    with shared.wire() as wire:
        wire.request('GET', '/health', [('Connection', 'close')])
        assert wire.answer().one('connection') == 'close'
        assert wire.is_over()


def test_pipelining_in_one_packet(shared, share, data):
    body = b'b' * 5000
    packet = (b'PUT /p HTTP/1.1\r\nHost: t\r\nContent-Length: 5000\r\n\r\n' + body +
              f'GET {share.path} HTTP/1.1\r\nHost: t\r\nRange: bytes=5-9\r\n\r\n'.encode() +
              b'PUT /q HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n'
              b'3\r\nabc\r\n0\r\n\r\n'
              b'GET /health HTTP/1.1\r\nHost: t\r\n\r\n')
    for cut in (0, 40, 60, 5100):  # whole, and split in a head, behind it, in a body
        with shared.wire() as wire:
            if cut:
                wire.send(packet[:cut])
            wire.send(packet[cut:])
            first = Share(wire.answer('PUT'))
            assert wire.answer().body == data[5:10]
            second = Share(wire.answer('PUT'))
            assert b'"ready"' in wire.answer().body
            assert wire.is_silent()
        assert shared.get(first.path).body == body
        assert shared.get(second.path).body == b'abc'


def test_many_pipelined(shared):
    with shared.wire() as wire:
        wire.send(b'GET /health HTTP/1.1\r\nHost: t\r\n\r\n' * 500)
        for _ in range(500):
            assert wire.answer().status == 200
        assert wire.is_silent()


def test_a_head_byte_by_byte(shared):
    with shared.wire() as wire:
        for byte in b'PUT /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc':
            wire.send(bytes([byte]))
        assert shared.get(Share(wire.answer('PUT')).path).body == b'abc'


def test_heads_of_all_sizes(shared):
    """Over the edge of one head buffer (8 KiB) and up to the limit (32 KiB)."""
    for size in (8191, 8192, 8193, 16384, 32767, 32768):
        head = b'GET /health HTTP/1.1\r\nHost: t\r\nA: '
        head += b'x' * (size - len(head) - 4) + b'\r\n\r\n'
        with shared.wire() as wire:
            wire.send(head)
            assert wire.answer().status == 200, size
            wire.send(head)
            assert wire.answer().status == 200, size


def test_http_1_0(shared, share, data):
    with shared.wire() as wire:
        wire.send(f'GET {share.path} HTTP/1.0\r\nRange: bytes=0-3\r\n\r\n'.encode())
        answer = wire.answer()
        assert answer.body == data[:4] and answer.one('connection') == 'close'
        assert wire.is_over()
    with shared.wire() as wire:
        for _ in range(2):
            wire.send(b'GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
            assert wire.answer().one('connection') == 'keep-alive'
    with shared.wire() as wire:  # 100 is not for HTTP/1.0
        wire.send(b'PUT /old HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
        wire.send(b'abc')
        assert shared.get(Share(wire.answer('PUT')).path).body == b'abc'


def test_absolute_form(shared, share, data):
    with shared.wire() as wire:
        wire.send(f'GET http://test{share.path} HTTP/1.1\r\nHost: test\r\n'
                  'Range: bytes=0-0\r\n\r\n'.encode())
        assert wire.answer().body == data[:1]
        wire.send(b'PUT http://name:81/abs HTTP/1.1\r\nHost: name:81\r\n'
                  b'Content-Length: 1\r\n\r\nx')
        assert Share(wire.answer('PUT')).link.startswith('http://name:81/s/')
        wire.send(b'GET http://test HTTP/1.1\r\nHost: test\r\n\r\n')
        assert b'curl' in wire.answer().body


# -- 100-continue --------------------------------------------------------------------------------

def test_expect_continue(shared):
    with shared.wire() as wire:
        for body in (b'abc', bytes(300 * KIB)):
            wire.request('PUT', '/e', [('Expect', '100-continue'),
                                       ('Content-Length', str(len(body)))])
            assert wire.head().status == 100
            assert wire.is_silent(), 'an answer before the body'
            wire.send(body)
            assert shared.get(Share(wire.answer('PUT')).path).body == body
        wire.request('PUT', '/e', [('Expect', '100-continue'), ('Transfer-Encoding', 'chunked')])
        assert wire.head().status == 100
        wire.send(b'1\r\nx\r\n0\r\n\r\n')
        assert Share(wire.answer('PUT'))
        wire.request('GET', '/health', [('Expect', '100-continue')])  # no body: nothing to wait for
        assert wire.answer().status == 200


@pytest.mark.parametrize('status, options, length, name', [
    (403, {'upload': 'off'}, 5, 'f'),
    (413, {'file_size_max': '1k'}, 1025, 'f'),
    (507, {}, 1 << 50, 'f'),
    (400, {}, 5, '..'),
])
def test_no_continue_when_refused(make_daemon, status, options, length, name):
    daemon = make_daemon(**options)
    with daemon.wire() as wire:
        wire.request('PUT', '/' + name, [('Expect', '100-continue'),
                                         ('Content-Length', str(length))])
        answer = wire.answer('PUT')
        assert answer.status == status and answer.one('connection') == 'close'
        assert wire.is_over()
    with daemon.wire() as wire:  # who does not wait for 100 can read the answer too
        wire.request('PUT', '/' + name, [('Content-Length', str(length))])
        wire.send(b'x' * min(length, MIB))
        assert wire.answer('PUT').status == status


# -- methods -------------------------------------------------------------------------------------

def test_head_is_get_without_the_body(shared, share):
    for path in (share.path, '/health', '/', '/metrics', '/s/' + 'a' * 26):
        with shared.wire() as wire:
            wire.request('GET', path)
            get = wire.answer()
            wire.request('HEAD', path)
            head = wire.answer('HEAD')
            assert head.status == get.status
            if path != '/metrics':
                ours = [field for field in head.fields if field[0] != 'date']
                theirs = [field for field in get.fields if field[0] != 'date']
                assert ours == theirs, path
            wire.request('GET', '/health')
            assert wire.answer().status == 200, f'bytes behind the HEAD of {path}'


@pytest.mark.parametrize('path, allowed', [
    ('/', {'GET', 'HEAD', 'OPTIONS'}),
    ('/health', {'GET', 'HEAD', 'PUT', 'OPTIONS'}),
    ('/name', {'PUT', 'OPTIONS'}),
    ('SHARE', {'GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'}),
])
def test_methods(shared, share, path, allowed):
    path = share.path if path == 'SHARE' else path
    with shared.wire() as wire:
        wire.request('OPTIONS', path)
        answer = wire.answer()
        assert answer.status == 204
        assert set(answer.one('allow').split(', ')) >= allowed
        wire.request('POST', path)
        answer = wire.answer()
        assert answer.status == 405
        assert set(answer.one('allow').split(', ')) == allowed
        wire.request('OPTIONS', '*')
        assert wire.answer().status == 204
        wire.request('GET', '/health')
        assert wire.answer().status == 200


def test_delete(shared):
    share = shared.put(b'gone', 'gone')
    other = shared.put(b'stays', 'stays')
    assert shared.ask('DELETE', share.path).status == 401
    assert shared.ask('DELETE', share.path).one('www-authenticate') == 'Bearer'
    assert shared.delete(share, other.token).status == 403
    for token in ('', 'x', 'A' * 43, share.token[:-1], share.token + 'A', share.token[::-1]):
        assert shared.delete(share, token).status in (401, 403), token
    assert shared.ask('DELETE', share.path,
                      [('Authorization', 'Basic ' + share.token)]).status == 401
    wrong = '/s/' + share.id + '/another'
    assert shared.ask('DELETE', wrong, [('Authorization', 'Bearer ' + share.token)]).status == 404
    assert shared.get(share.path).body == b'gone'
    assert shared.delete(share).status == 204
    assert shared.get(share.path).status == 404
    assert shared.get('/s/' + share.id).status == 404
    assert shared.delete(share).status == 404
    assert shared.get(other.path).body == b'stays'


def test_unknown_addresses(shared, share):
    tail = share.path.rsplit('/', 1)[0]
    for path in ('/s', '/s/', '/s//', '/a/b', '/s/x/y/z', '/s/' + 'a' * 26, '/s/' + 'A' * 25 + '!',
                 tail + '/wrong', tail + '/ranges.bin/', tail + '/%00', tail + '/..', tail + '/',
                 '/s/' + share.id[:-1], '/s/' + share.id + 'a', '//', '/health/x'):
        answer = shared.get(path)
        # Another method may be for such an address; but nothing is served.
        assert answer.status in (404, 405) or (path.endswith('/') and answer.status == 200), path
        if answer.status == 200:
            assert answer.one('hawser-root') is None
    answer = shared.get('/s/' + 'a' * 26, [('Accept', 'application/json')])
    assert answer.one('content-type') == 'application/problem+json'
    assert b'"status":404' in answer.body


# -- conditions ----------------------------------------------------------------------------------

def test_conditions(shared, share, data):
    good = f'"{share.root}"'
    bad = '"' + '0' * 64 + '"'

    def ask(*fields):
        return shared.get(share.path, [*fields, ('Range', 'bytes=0-9')])

    def whole(*fields):
        return shared.ask('HEAD', share.path, fields)

    for value in (good, '*', f'{bad}, {good}', 'W/' + good):
        answer = whole(('If-None-Match', value))
        assert answer.status == 304 and answer.one('etag') == good, value
    for value in (bad, 'nonsense', share.root):
        assert whole(('If-None-Match', value)).status == 200, value
    for value in (good, '*', f'{bad}, {good}'):
        assert whole(('If-Match', value)).status == 200, value
    for value in (bad, 'W/' + good, 'nonsense'):
        assert whole(('If-Match', value)).status == 412, value
    assert ask(('If-Range', good)).body == data[:10]
    for value in (bad, 'W/' + good, 'Sun, 06 Nov 1994 08:49:37 GMT'):
        assert ask(('If-Range', value)).status == 200, value
    assert whole(('If-None-Match', good), ('If-Match', bad)).status == 412, 'If-Match is first'


# -- ranges --------------------------------------------------------------------------------------

def multipart(answer):
    """The parts of a multipart/byteranges body: [(first, last, size, bytes)]."""
    kind, _, boundary = answer.one('content-type').partition('; boundary=')
    assert kind == 'multipart/byteranges' and boundary
    pieces = answer.body.split(b'\r\n--' + boundary.encode())
    assert pieces[0] == b'' and pieces[-1] == b'--\r\n'
    parts = []
    for piece in pieces[1:-1]:
        head, _, body = piece.partition(b'\r\n\r\n')
        fields = dict(line.split(': ', 1) for line in head.decode().strip().split('\r\n'))
        assert fields['Content-Type'] == 'application/octet-stream'
        unit, where = fields['Content-Range'].split(' ')
        span, size = where.split('/')
        first, last = span.split('-')
        assert unit == 'bytes' and len(body) == int(last) - int(first) + 1
        parts.append((int(first), int(last), int(size), body))
    return parts


@pytest.mark.parametrize('value, first, last', [
    ('0-0', 0, 0), ('0-', 0, SIZE - 1), ('5-10', 5, 10), (f'{SIZE - 1}-', SIZE - 1, SIZE - 1),
    (f'{SIZE - 5}-{SIZE + 100}', SIZE - 5, SIZE - 1), ('-1', SIZE - 1, SIZE - 1),
    ('-1000', SIZE - 1000, SIZE - 1), (f'-{SIZE + 7}', 0, SIZE - 1),
    (f'{BLOCK - 1}-{BLOCK}', BLOCK - 1, BLOCK), (f'{BLOCK}-{2 * BLOCK - 1}', BLOCK, 2 * BLOCK - 1),
    (f'{CHUNK - 1}-{CHUNK}', CHUNK - 1, CHUNK), (f'{CHUNK - 100}-{2 * CHUNK + 99}', CHUNK - 100,
                                                 2 * CHUNK + 99),
    (f'{2 * CHUNK}-', 2 * CHUNK, SIZE - 1), ('007-0010', 7, 10),
    ('0-99999999999999999999999', 0, SIZE - 1),
])
def test_one_range(shared, share, data, value, first, last):
    answer = shared.get(share.path, [('Range', 'bytes=' + value)])
    assert answer.status == 206
    assert answer.one('content-range') == f'bytes {first}-{last}/{SIZE}'
    assert answer.body == data[first:last + 1]
    assert answer.one('etag') == f'"{share.root}"'


@pytest.mark.parametrize('value', [
    f'{SIZE}-', f'{SIZE}-{SIZE + 5}', '-0', '99999999999999999999999-', f'{SIZE}-,-0'])
def test_unsatisfiable(shared, share, value):
    with shared.wire() as wire:
        wire.request('GET', share.path, [('Range', 'bytes=' + value)])
        answer = wire.answer()
        assert answer.status == 416 and answer.one('content-range') == f'bytes */{SIZE}'
        wire.request('GET', '/health')
        assert wire.answer().status == 200


@pytest.mark.parametrize('value', [
    'bytes=', 'bytes=-', 'bytes=5', 'bytes=5-4', 'bytes=a-b', 'bytes=1-2x', 'items=0-5',
    'bytes 0-5', 'bytes=0-1,5', 'bytes=0 -1', 'bytes=+1-2',
    'bytes=' + ','.join(f'{9 * i}-{9 * i}' for i in range(17)),
    'bytes=0-9,0-9,0-9', ''])
def test_ranges_that_mean_nothing(shared, share, value):
    """What is malformed, or asks too much, gives the whole (RFC 9110, 14.2)."""
    answer = shared.ask('GET', share.path, [('Range', value)])
    assert answer.status == 200 and len(answer.body) == SIZE


def test_ranges_of_an_empty_file(shared):
    path = shared.put(b'', 'empty').path
    assert shared.get(path, [('Range', 'bytes=0-')]).status == 416
    answer = shared.get(path, [('Range', 'bytes=-5')])
    assert answer.status == 200 and answer.body == b''


def test_several_ranges(shared, share, data):
    seed = seed_of('ranges')
    dice = random.Random(seed)
    edges = [0, BLOCK, 16 * BLOCK, CHUNK, CHUNK + BLOCK, 2 * CHUNK, 2 * CHUNK + BLOCK, SIZE - 60]
    for turn in range(40):
        # Apart from each other, so that the server need not join any; in any order.
        ranges = []
        for edge in dice.sample(edges, dice.randint(2, 8)):
            first = max(0, edge - dice.randint(0, 40))
            ranges.append((first, edge + dice.randint(0, 50)))
        value = 'bytes=' + ','.join(f'{first}-{last}' for first, last in ranges)
        answer = shared.get(share.path, [('Range', value)])
        assert answer.status == 206, f'seed {seed}: {value}'
        parts = multipart(answer)
        assert [part[:3] for part in parts] == [(*one, SIZE) for one in ranges], value
        for first, last, _, body in parts:
            assert body == data[first:last + 1], f'seed {seed}: {first}-{last}'


def test_ranges_that_touch_are_joined(shared, share, data):
    answer = shared.get(share.path, [('Range', 'bytes=0-9,10-19')])
    assert answer.status == 206
    assert answer.one('content-range') == f'bytes 0-19/{SIZE}' and answer.body == data[:20]


def test_large_ranges_in_parts(shared, share, data):
    ranges = [(1, CHUNK + 1), (CHUNK + 100, 2 * CHUNK + BLOCK), (SIZE - 9, SIZE - 1)]
    value = 'bytes=' + ', '.join(f'{a}-{b}' for a, b in ranges)
    answer = shared.get(share.path, [('Range', value)])
    for (first, last, _, body), wanted in zip(multipart(answer), ranges, strict=True):
        assert (first, last) == wanted and body == data[first:last + 1]


# -- names ---------------------------------------------------------------------------------------

GOOD_NAMES = ['a', 'a b', 'ä', '文件.txt', '🎉.bin', 'quote"d', "it's", 'per%cent', '100%25',
              'semi;colon', 'a=b&c', 'q?x', 'h#ash', '...', '.hidden', 'a..b', '~x', 'x' * 255,
              'é' * 127,
              'plus+sign', 'comma,', '<script>', 'CON', ' ', '{}', '$(id)', "filename*=UTF-8''x"]


@pytest.mark.parametrize('name', GOOD_NAMES, ids=range(len(GOOD_NAMES)))
def test_names(shared, name):
    share = shared.put(b'content of ' + name.encode(), urllib.parse.quote(name, safe=''))
    assert urllib.parse.unquote(share.path.split('/')[3]) == name
    assert share.path.isascii() and '"' not in share.path and ' ' not in share.path
    answer = shared.get(share.path)
    assert answer.body == b'content of ' + name.encode()
    value = answer.one('content-disposition')
    assert value.isascii()
    message = email.message.Message()
    message['Content-Disposition'] = value
    star = dict(message.get_params(header='content-disposition', unquote=True))
    if "filename*" in value.split('filename="', 1)[1].split('"', 1)[1]:
        encoded = value.rsplit("filename*=UTF-8''", 1)[1]
        assert urllib.parse.unquote(encoded, errors='strict') == name
        assert all(c.isalnum() or c in "!#$&+-.^_`|~%" for c in encoded), 'not an ext-value'
    else:
        assert star['filename'] == name
    # Nothing of it leaves the field.
    assert answer.one('content-type') == 'application/octet-stream'


BAD_NAMES = ['', '.', '..', '%2e%2e', '%2E', 'a%2fb', '%2f', '..%2f..%2fetc%2fpasswd', 'a%5cb',
             '%00', 'a%00b', '%01', 'a%0d%0ab', '%7f', '%c2%80', 'x' * 256, 'é' * 128, '%ff',
             '%c0%ae%c0%ae', '%ed%a0%80', '%', '%4', '%zz', '%e2%80%ae', '%e2%80%a8']


@pytest.mark.parametrize('name', BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_bad_names(shared, name):
    target = '/' + ''.join(c if c.isascii() else urllib.parse.quote(c) for c in name)
    answer = shared.ask('PUT', target, body=b'x')
    assert answer.status == 400 and answer.one('hawser-root') is None
    assert b'name' in answer.body, 'no sentence that says why'


def test_paths_are_no_names(shared):
    for target in ('/a/b', '/s/x', '/../x', '/./x', '//x', '/x/'):
        assert shared.ask('PUT', target, body=b'x').status in (404, 405), target


def test_puts_that_are_refused(shared):
    assert shared.ask('PUT', '/n').status == 411
    assert shared.ask('PUT', '/n', [('Content-Range', 'bytes 0-1/5')], b'ab').status == 400
    assert shared.ask('PUT', '/n?query=1', body=b'ab').status == 422
    before = shared.metrics()['hawser_uploads_started_total']
    with shared.wire() as wire:
        wire.request('PUT', '/q?message=hello', body=b'x')
        assert Share(wire.answer('PUT')).path.endswith('/q')
    assert shared.metrics()['hawser_uploads_started_total'] == before + 1


# -- what is malformed ---------------------------------------------------------------------------

GET = b'GET /health HTTP/1.1\r\n'
PUT = b'PUT /m HTTP/1.1\r\nHost: t\r\n'
MALFORMED = {
    'bare_lf_in_request_line': (400, b'GET /health HTTP/1.1\nHost: t\r\n\r\n'),
    'bare_lf_in_field': (400, GET + b'Host: t\nA: b\r\n\r\n'),
    'bare_lf_at_end': (400, GET + b'Host: t\r\n\n'),
    'bare_cr_in_value': (400, GET + b'Host: t\r\nA: b\rc\r\n\r\n'),
    'cr_x_at_end': (400, GET + b'Host: t\r\n\rX'),
    'nul_in_value': (400, GET + b'Host: t\r\nA: b\0c\r\n\r\n'),
    'control_in_value': (400, GET + b'Host: t\r\nA: b\x01c\r\n\r\n'),
    'del_in_value': (400, GET + b'Host: t\r\nA: b\x7fc\r\n\r\n'),
    'nul_in_target': (400, b'GET /a\0b HTTP/1.1\r\nHost: t\r\n\r\n'),
    'tab_in_target': (400, b'GET /a\tb HTTP/1.1\r\nHost: t\r\n\r\n'),
    'fragment_in_target': (400, b'GET /a#b HTTP/1.1\r\nHost: t\r\n\r\n'),
    'obs_fold': (400, GET + b'Host: t\r\nA: b\r\n c\r\n\r\n'),
    'obs_fold_tab': (400, GET + b'Host: t\r\nA: b\r\n\tc\r\n\r\n'),
    'space_before_colon': (400, GET + b'Host : t\r\n\r\n'),
    'space_before_first_field': (400, GET + b' Host: t\r\n\r\n'),
    'empty_field_name': (400, GET + b'Host: t\r\n: x\r\n\r\n'),
    'no_colon': (400, GET + b'Host: t\r\nNonsense\r\n\r\n'),
    'bad_field_name': (400, GET + b'Host: t\r\nA(b): c\r\n\r\n'),
    'high_field_name': (400, GET + b'Host: t\r\n\xe4: c\r\n\r\n'),
    'no_host': (400, GET + b'A: b\r\n\r\n'),
    'two_hosts': (400, GET + b'Host: t\r\nHost: t\r\n\r\n'),
    'list_host': (400, GET + b'Host: a, b\r\n\r\n'),
    'empty_host': (400, GET + b'Host:\r\n\r\n'),
    'user_in_host': (400, GET + b'Host: a@b\r\n\r\n'),
    'quote_in_host': (400, GET + b'Host: a"b\r\n\r\n'),
    'port_too_large': (400, GET + b'Host: t:65536\r\n\r\n'),
    'other_host_in_target': (400, b'GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n'),
    'scheme_unknown': (400, b'GET ftp://t/ HTTP/1.1\r\nHost: t\r\n\r\n'),
    'authority_form': (400, b'CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n\r\n'),
    'star_for_get': (400, b'GET * HTTP/1.1\r\nHost: t\r\n\r\n'),
    'no_target': (400, b'GET  HTTP/1.1\r\nHost: t\r\n\r\n'),
    'two_spaces': (400, b'GET  /health HTTP/1.1\r\nHost: t\r\n\r\n'),
    'space_behind_version': (400, b'GET /health HTTP/1.1 \r\nHost: t\r\n\r\n'),
    'no_version': (400, b'GET /health\r\nHost: t\r\n\r\n'),
    'version_1_32': (400, b'GET /health HTTP/1.32\r\nHost: t\r\n\r\n'),
    'version_long': (400, b'GET /health HTTP/4294967295.255\r\nHost: t\r\n\r\n'),
    'version_cr': (400, b'GET /health HTTP/\r\r1.1\r\nHost: t\r\n\r\n'),
    'version_lower': (400, b'GET /health http/1.1\r\nHost: t\r\n\r\n'),
    'version_2_0': (505, b'GET /health HTTP/2.0\r\nHost: t\r\n\r\n'),
    'version_1_2': (505, b'GET /health HTTP/1.2\r\nHost: t\r\n\r\n'),
    'version_0_9': (505, b'GET /health HTTP/0.9\r\nHost: t\r\n\r\n'),
    'http2_preface': (400, b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'tls': (400, b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
    'method_with_nul': (400, b'G\0T /health HTTP/1.1\r\nHost: t\r\n\r\n'),
    'method_unknown': (501, b'BREW /health HTTP/1.1\r\nHost: t\r\n\r\n'),
    'method_lower': (501, b'get /health HTTP/1.1\r\nHost: t\r\n\r\n'),
    'method_long': (501, b'A' * 40 + b' /health HTTP/1.1\r\nHost: t\r\n\r\n'),
    'target_long': (414, b'GET /' + b'a' * 8192 + b' HTTP/1.1\r\nHost: t\r\n\r\n'),
    'head_long': (431, GET + b'Host: t\r\nA: ' + b'b' * 33000 + b'\r\n\r\n'),
    'many_fields': (431, GET + b'Host: t\r\n' + b'A: b\r\n' * 100 + b'\r\n'),
    'length_plus': (400, PUT + b'Content-Length: +5\r\n\r\nabcde'),
    'length_minus': (400, PUT + b'Content-Length: -48\r\n\r\nabcde'),
    'length_hex': (400, PUT + b'Content-Length: 0x5\r\n\r\nabcde'),
    'length_underscore': (400, PUT + b'Content-Length: 1_0\r\n\r\nabcde'),
    'length_empty': (400, PUT + b'Content-Length:\r\n\r\nabcde'),
    'length_list': (400, PUT + b'Content-Length: 5, 5\r\n\r\nabcde'),
    'length_twice_equal': (400, PUT + b'Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde'),
    'length_twice': (400, PUT + b'Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde'),
    'length_over_63_bits': (400, PUT + b'Content-Length: 9223372036854775808\r\n\r\nabcde'),
    'length_over_64_bits': (400, PUT + b'Content-Length: 18446744073709551621\r\n\r\nabcde'),
    'length_space': (400, PUT + b'Content-Length: 5 5\r\n\r\nabcde'),
    'both_lengths': (400, PUT + b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'
                     b'0\r\n\r\n'),
    'both_lengths_2': (400, PUT + b'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n'
                       b'0\r\n\r\n'),
    'coding_twice': (400, PUT + b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'
                     b'\r\n0\r\n\r\n'),
    'coding_not_last': (400, PUT + b'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'),
    'coding_identity': (400, PUT + b'Transfer-Encoding: identity\r\n\r\n0\r\n\r\n'),
    'coding_empty_element': (400, PUT + b'Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n'),
    'coding_unknown': (400, PUT + b'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'),
    'coding_gzip': (501, PUT + b'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'),
    'coding_vt': (400, PUT + b'Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n'),
    'coding_nbsp': (400, PUT + b'Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n'),
    'coding_in_1_0': (400, b'PUT /m HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    'expect_unknown': (417, PUT + b'Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx'),
}
CHUNKED = PUT + b'Transfer-Encoding: chunked\r\n\r\n'
MALFORMED_BODIES = {
    'size_hex_prefix': b'0x5\r\nabcde\r\n0\r\n\r\n',
    'size_plus': b'+5\r\nabcde\r\n0\r\n\r\n',
    'size_minus': b'-1\r\nabcde\r\n0\r\n\r\n',
    'size_underscore': b'5_\r\nabcde\r\n0\r\n\r\n',
    'size_empty': b'\r\nabcde\r\n0\r\n\r\n',
    'size_space_before': b' 5\r\nabcde\r\n0\r\n\r\n',
    'size_space_behind': b'5 \r\nabcde\r\n0\r\n\r\n',
    'size_17_digits': b'00000000000000005\r\nabcde\r\n0\r\n\r\n',
    'size_huge': b'ffffffffffffffff\r\nabcde\r\n0\r\n\r\n',
    'size_lf': b'5\nabcde\r\n0\r\n\r\n',
    'data_too_long': b'4\r\nabcde\r\n0\r\n\r\n',
    'data_too_short': b'6\r\nabcde\r\n0\r\n\r\n',
    'data_lf': b'5\r\nabcde\n0\r\n\r\n',
    'extension_cr': b'5;a\rb\r\nabcde\r\n0\r\n\r\n',
    'extension_empty': b'5;\r\nabcde\r\n0\r\n\r\n',
    'extension_lf': b'5;a=b\nabcde\r\n0\r\n\r\n',
    'extension_long': b'5;' + b'a' * 300 + b'\r\nabcde\r\n0\r\n\r\n',
    'last_lf': b'5\r\nabcde\r\n0\n\r\n',
    'trailer_bad': b'5\r\nabcde\r\n0\r\nno colon\r\n\r\n',
    'trailer_long': b'5\r\nabcde\r\n0\r\nA: ' + b'b' * 9000 + b'\r\n\r\n',
}
SMUGGLED = b'GET /health HTTP/1.1\r\nHost: t\r\n\r\n'


@pytest.mark.parametrize('case', MALFORMED)
def test_malformed_heads(shared, case):
    status, head = MALFORMED[case]
    for cuts in (1, 2):
        with shared.wire() as wire:
            middle = len(head) // 2
            if cuts == 2:
                wire.send(head[:middle])
                head = head[middle:]
            wire.send(head + SMUGGLED)
            answer = wire.answer()
            assert answer.status == status
            assert answer.one('connection') == 'close'
            assert answer.body.endswith(b'.\n'), 'no sentence'
            assert wire.is_over(), 'a second answer'


@pytest.mark.parametrize('case', MALFORMED_BODIES)
def test_malformed_bodies(shared, case):
    failed = shared.metrics()['hawser_uploads_failed_total']
    with shared.wire() as wire:
        wire.send(CHUNKED + MALFORMED_BODIES[case] + SMUGGLED)
        answer = wire.answer('PUT')
        assert answer.status == 400 and answer.one('connection') == 'close'
        assert wire.is_over(), 'a second answer'
    assert shared.metrics()['hawser_uploads_failed_total'] == failed + 1


def test_good_bodies_beside_them(shared):
    """What looks odd and is right: the table above must not be right by refusing all."""
    for body in (b'5\r\nabcde\r\n0\r\n\r\n', b'0000000000000005\r\nabcde\r\n0\r\n\r\n',
                 b'5;a=b;c="d e"\r\nabcde\r\n0\r\n\r\n', b'2\r\nab\r\n3\r\ncde\r\n00\r\n\r\n',
                 b'5\r\nabcde\r\n0\r\nTrailer: x\r\nAnother: y\r\n\r\n',
                 b'5\r\nabcde\r\n0;x\r\n\r\n'):
        with shared.wire() as wire:
            wire.send(CHUNKED + body + SMUGGLED)
            share = Share(wire.answer('PUT'))
            assert wire.answer().status == 200, body
        assert shared.get(share.path).body == b'abcde', body
    with shared.wire() as wire:  # 010 is ten, in decimal; one empty line before is forgiven
        wire.send(b'\r\n' + PUT + b'Content-Length: 010\r\n\r\n0123456789' + SMUGGLED)
        share = Share(wire.answer('PUT'))
        assert wire.answer().status == 200
    assert shared.get(share.path).body == b'0123456789'


def test_an_unread_body_ends_the_connection(shared):
    """A refused upload's body is never taken for the next request."""
    for path in ('/s/x', '/..', '/health/x'):
        with shared.wire() as wire:
            wire.request('PUT', path, [('Content-Length', str(len(SMUGGLED)))])
            wire.send(SMUGGLED)
            assert wire.answer('PUT').status in (400, 404, 405)
            assert wire.is_over(), path
    with shared.wire() as wire:  # a GET may have a body; it is not a request either
        wire.request('GET', '/health', body=SMUGGLED)
        assert wire.answer().status == 200
        assert wire.is_over()
