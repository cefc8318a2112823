# SPDX-License-Identifier: Apache-2.0
"""Goal: a share's ZIP is one that others read, whole, in parts and put together again, and also when
it is taken while its files are still being uploaded; a file's .torrent is one that libtorrent
downloads by, from this server alone.

Method: shares of a PUT and of files added to it by tus; Python's zipfile and unzip over what came;
curl stops in the middle and goes on; files that go meanwhile; uploads under way, by tus and PUT,
with and without a length, beside those who take the ZIP; libtorrent runs with DHT, trackers and
peers off, so that every byte is from the web seed and verified against our hashes.
"""
import base64
import http.client
import io
import json
import os
import random
import subprocess
import threading
import time
import urllib.parse
import zipfile

import libtorrent

from hawser import BLOCK, CHUNK, MIB, Share, http_client, seed_of, wait_until

NAMES = ['b.txt', 'zwei Wörter.pdf', '日本語.bin', 'leer', 'x' * 200]


def add(daemon, share, name, data):
    """One more file for the share, by tus: created, then patched."""
    fields = [('Tus-Resumable', '1.0.0'), ('Authorization', f'Bearer {share.token}'),
              ('Upload-Length', str(len(data))),
              ('Upload-Metadata', 'filename ' + base64.b64encode(name.encode()).decode())]
    made = daemon.ask('POST', f'/api/v1/shares/{share.id}/files', fields, b'')
    assert made.status == 201, (made.status, made.body)
    path = urllib.parse.urlsplit(made.one('location')).path
    if data:
        answer = daemon.ask('PATCH', path, [('Tus-Resumable', '1.0.0'), ('Upload-Offset', '0'),
                                            ('Content-Type', 'application/offset+octet-stream')],
                            bytes(data))
        assert answer.status == 204, (answer.status, answer.body)
    return path


def make(daemon, sizes, seed):
    """A share of files, and {name: contents}."""
    dice = random.Random(seed)
    contents = {'a first.bin': dice.randbytes(sizes[0])}
    share = Share(daemon.ask('PUT', '/a%20first.bin', body=contents['a first.bin']))
    for index, size in enumerate(sizes[1:]):
        name = NAMES[index] if index < len(NAMES) else f'file {index:05}'
        contents[name] = dice.randbytes(size)
        add(daemon, share, name, contents[name])
    return share, contents


def check(data, contents):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(contents)
        for name, content in contents.items():
            assert archive.read(name) == content, name


def test_whole_and_parts(shared, folder):
    seed = seed_of('zip')
    share, contents = make(shared, [CHUNK + 5, BLOCK, 3 * MIB, 100_001, 0, 1], seed)
    path = f'/s/{share.id}.zip'
    whole = shared.ask('GET', path)
    assert whole.status == 200 and whole.one('content-type') == 'application/zip'
    check(whole.body, contents)
    head = shared.ask('HEAD', path)
    assert head.one('content-length') == str(len(whole.body))
    assert head.one('etag') == whole.one('etag')
    on_disk = os.path.join(folder, 'a.zip')
    with open(on_disk, 'wb') as file:
        file.write(whole.body)
    subprocess.run(['unzip', '-tqq', on_disk], check=True, capture_output=True, timeout=60)
    dice = random.Random(seed)
    for _ in range(40):
        first = dice.randrange(len(whole.body))
        last = min(len(whole.body) - 1, first + dice.randrange(1 << dice.randrange(1, 23)))
        part = shared.ask('GET', path, [('Range', f'bytes={first}-{last}'),
                                        ('If-Range', whole.one('etag'))])
        assert part.status == 206 and part.body == whole.body[first:last + 1], (first, last)
    assert shared.ask('GET', path, [('If-None-Match', whole.one('etag'))]).status == 304
    # Another file makes another archive: what was begun is not gone on with.
    add(shared, share, 'one more', b'1')
    part = shared.ask('GET', path, [('Range', 'bytes=5-'), ('If-Range', whole.one('etag'))])
    assert part.status == 200
    check(part.body, {**contents, 'one more': b'1'})


def test_curl_goes_on(shared, folder):
    share, contents = make(shared, [5 * MIB, 2 * MIB, 3 * MIB], seed_of('curl'))
    url = f'http://127.0.0.1:{shared.port}/s/{share.id}.zip'
    path = os.path.join(folder, 'resumed.zip')
    size = int(shared.ask('HEAD', f'/s/{share.id}.zip').one('content-length'))
    for end in (700_000, 6 * MIB, size - 30):
        have = os.path.getsize(path) if os.path.exists(path) else 0
        subprocess.run(['curl', '-sf', '-r', f'{have}-{end - 1}', url, '-o', path + '.part'],
                       check=True, timeout=60)
        with open(path, 'ab') as file, open(path + '.part', 'rb') as part:
            file.write(part.read())
    subprocess.run(['curl', '-sf', '-C', '-', '-o', path, url], check=True, timeout=60)
    with open(path, 'rb') as file:
        check(file.read(), contents)


def test_many_files(shared):
    """More than some pages of the list."""
    share, contents = make(shared, [1] + [index % 700 for index in range(150)], seed_of('many'))
    check(shared.ask('GET', f'/s/{share.id}.zip').body, contents)


def test_unfinished_has_no_torrent(shared):
    share, _ = make(shared, [1000], seed_of('unfinished'))
    announce(shared, share, 'coming', 5000)
    answer = shared.ask('GET', f'/s/{share.id}/coming.torrent')
    assert answer.status == 409 and b'still being uploaded' in answer.body


# -- while it is uploaded ------------------------------------------------------------------------

def announce(daemon, share, name, size):
    """A tus upload of @size bytes, None: nobody knows. Returns its path."""
    length = ('Upload-Defer-Length', '1') if size is None else ('Upload-Length', str(size))
    fields = [('Tus-Resumable', '1.0.0'), ('Authorization', f'Bearer {share.token}'), length,
              ('Upload-Metadata', 'filename ' + base64.b64encode(name.encode()).decode())]
    made = daemon.ask('POST', f'/api/v1/shares/{share.id}/files', fields, b'')
    assert made.status == 201, (made.status, made.body)
    return urllib.parse.urlsplit(made.one('location')).path


def say(daemon, path, offset, data, fields=()):
    answer = daemon.ask('PATCH', path, [('Tus-Resumable', '1.0.0'), ('Upload-Offset', str(offset)),
                                        ('Content-Type', 'application/offset+octet-stream'),
                                        *fields], data)
    assert answer.status == 204, (answer.status, answer.body)


class Taker(threading.Thread):
    """A receiver of the ZIP: what came so far is in data."""

    def __init__(self, daemon, share):
        super().__init__(daemon=True)
        self.client = http_client(daemon.port)
        self.client.request('GET', f'/s/{share.id}.zip')
        self.answer = self.client.getresponse()  # the head comes at once
        self.data = bytearray()
        self.error = None
        self.start()

    def run(self):
        try:
            while part := self.answer.read1(MIB):
                self.data += part
        except (http.client.IncompleteRead, ConnectionError) as error:
            self.error = error
        if self.answer.length:
            self.error = self.error or EOFError('short')

    def has(self, size):
        wait_until(lambda: len(self.data) >= size, 20, f'{size} bytes')

    def whole(self):
        self.join(30)
        assert not self.is_alive() and self.error is None
        return bytes(self.data)


def check_on_disk(data, contents, folder):
    check(data, contents)
    path = os.path.join(folder, 'live.zip')
    with open(path, 'wb') as file:
        file.write(data)
    subprocess.run(['unzip', '-tqq', path], check=True, capture_output=True, timeout=60)


def test_follows_uploads_of_known_length(shared, folder):
    dice = random.Random(seed_of('live known'))
    share, contents = make(shared, [3 * MIB], seed_of('live known'))
    contents |= {'b': dice.randbytes(9 * MIB + 5), 'c': dice.randbytes(2 * MIB)}
    paths = {name: announce(shared, share, name, len(contents[name])) for name in 'bc'}
    head = shared.ask('HEAD', f'/s/{share.id}.zip')
    taker = Taker(shared, share)
    assert taker.answer.status == 200 and taker.answer.headers['ETag'] is None
    assert taker.answer.headers['Cache-Control'] == 'no-store'
    size = int(taker.answer.headers['Content-Length'])
    assert head.status == 200 and head.one('content-length') == str(size)
    taker.has(3 * MIB)  # what is there, before anything else is sent
    say(shared, paths['b'], 0, contents['b'][:5 * MIB])
    taker.has(8 * MIB)
    say(shared, paths['c'], 0, contents['c'])  # complete before its turn
    say(shared, paths['b'], 5 * MIB, contents['b'][5 * MIB:])
    data = taker.whole()
    assert len(data) == size
    check_on_disk(data, contents, folder)
    again = shared.ask('GET', f'/s/{share.id}.zip')
    assert again.one('etag') and int(again.one('content-length')) < size
    check(again.body, contents)


def test_follows_uploads_of_unknown_length(shared, folder):
    dice = random.Random(seed_of('live unknown'))
    share, contents = make(shared, [1000], seed_of('live unknown'))
    contents |= {'b': dice.randbytes(3 * MIB + 77), 'c': dice.randbytes(6 * MIB), 'd': b''}
    paths = {name: announce(shared, share, name, None) for name in 'bcd'}
    takers = [Taker(shared, share) for _ in range(3)]
    for taker in takers:
        assert taker.answer.headers['Transfer-Encoding'] == 'chunked'
        taker.has(1000)
    add(shared, share, 'bb', b'came later')
    for name in 'cbd':
        for at in range(0, len(contents[name]) or 1, MIB):
            part = contents[name][at:at + MIB]
            is_last = at + len(part) == len(contents[name])
            say(shared, paths[name], at, part,
                [('Upload-Length', str(at + len(part)))] if is_last else ())
            if name == 'b' and at == MIB:
                for taker in takers:
                    taker.has(2 * MIB)
    for taker in takers:
        check_on_disk(taker.whole(), contents, folder)


def test_follows_a_put_and_is_cut_with_it(shared):
    share, _ = make(shared, [1000], seed_of('live put'))
    sender = shared.wire()
    sender.request('PUT', f'/s/{share.id}/b', [('Authorization', f'Bearer {share.token}'),
                                               ('Content-Length', str(4 * MIB))])
    sender.send(bytes(2 * MIB))
    wait_until(lambda: b'"b"' in shared.ask('GET', f'/api/v1/shares/{share.id}').body)
    taker = Taker(shared, share)
    taker.has(2 * MIB - BLOCK)
    sender.close()
    taker.join(20)
    assert not taker.is_alive() and taker.error is not None
    assert len(taker.data) < int(taker.answer.headers['Content-Length'])


def test_a_daemon_stops_while_one_waits(make_daemon):
    """For bytes that nobody sends; for the client to take more."""
    daemon = make_daemon(shutdown_timeout='1s')
    share, _ = make(daemon, [1000, 20 * MIB], seed_of('live stop'))
    announce(daemon, share, 'z', 5 * MIB)
    taker = Taker(daemon, share)
    taker.has(20 * MIB)
    with daemon.wire(recv_buffer=65536) as slow:
        slow.request('GET', f'/s/{share.id}.zip')
        assert slow.head().status == 200
        time.sleep(1.5)  # its slabs are given back
        daemon.stop()
    taker.join(10)
    assert not taker.is_alive() and taker.error is not None


def test_who_has_gone_leaves_room(make_daemon):
    """More ZIPs than there may be wait for a sender that says nothing; then their clients close."""
    daemon = make_daemon(reactors='2', shutdown_timeout='30s')
    share, _ = make(daemon, [1000], seed_of('gone'))
    other = daemon.put(b'x' * 100)
    announce(daemon, share, 'z', 5 * MIB)
    wires = [daemon.wire() for _ in range(140)]
    for wire in wires:
        wire.request('GET', f'/s/{share.id}.zip')
    answers = [wire.head() for wire in wires]
    statuses = {answer.status for answer in answers}
    assert statuses == {200, 503}
    assert all(answer.one('retry-after') for answer in answers if answer.status == 503)
    # Those who wait are not in the way of the others.
    for _ in range(8):
        assert daemon.get(f'/s/{other.id}.zip').status == 200
    time.sleep(1.5)
    for wire in wires:
        wire.close()
    wait_until(lambda: daemon.metrics()['hawser_downloads_open'] == 0, 3)
    wires = [daemon.wire() for _ in range(20)]
    for wire in wires:
        wire.request('GET', f'/s/{share.id}.zip')
        assert wire.head().status == 200
        wire.close()
    begun = time.monotonic()
    daemon.stop()
    assert time.monotonic() - begun < 5


def test_what_is_not_stored_is_refused(shared):
    for mode in ('live', 'spill'):
        made = shared.ask('POST', '/api/v1/shares', body=f'{{"mode":"{mode}"}}'.encode())
        share = json.loads(made.body)
        with shared.wire() as sender:
            sender.request('PUT', f"/s/{share['id']}/b",
                           [('Authorization', 'Bearer ' + share['owner_token']),
                            ('Content-Length', str(40 * MIB))])
            sender.send(b'x')
            wait_until(lambda: b'"b"' in shared.ask('GET', '/api/v1/shares/' + share['id']).body)
            answer = shared.ask('GET', f"/s/{share['id']}.zip")
            assert answer.status == 409 and b'one by one' in answer.body


def test_a_file_that_goes_cuts_the_answer(shared):
    share, _ = make(shared, [12 * MIB, 12 * MIB, 1000], seed_of('goes'))
    with shared.wire(recv_buffer=65536) as wire:
        wire.request('GET', f'/s/{share.id}.zip')
        head = wire.head()
        assert head.status == 200
        answer = shared.ask('DELETE', f'/s/{share.id}/b.txt',
                            [('Authorization', f'Bearer {share.token}')])
        assert answer.status == 204
        while wire.more():
            pass
        assert len(wire.buffer) < int(head.one('content-length'))


# -- BitTorrent ----------------------------------------------------------------------------------

def download(torrent, folder, timeout_s=60):
    """By the web seed alone. Returns the bytes of the file."""
    session = libtorrent.session({
        'listen_interfaces': '127.0.0.1:0', 'enable_dht': False, 'enable_lsd': False,
        'enable_upnp': False, 'enable_natpmp': False, 'ssrf_mitigation': False,
        'alert_mask': libtorrent.alert.category_t.storage_notification})
    options = libtorrent.add_torrent_params()
    options.ti = libtorrent.torrent_info(libtorrent.bdecode(torrent))
    options.save_path = folder
    handle = session.add_torrent(options)
    end = time.monotonic() + timeout_s
    while not handle.status().is_seeding:
        assert time.monotonic() < end, str(handle.status().state)
        time.sleep(0.05)
    # A piece is verified out of libtorrent's memory, and may not have been written yet.
    handle.flush_cache()
    while not any(isinstance(alert, libtorrent.cache_flushed_alert)
                  for alert in session.pop_alerts()):
        assert time.monotonic() < end, 'libtorrent does not write what it has'
        session.wait_for_alert(1000)
    with open(os.path.join(folder, options.ti.name()), 'rb') as file:
        return file.read()


def test_torrent(shared, folder):
    dice = random.Random(seed_of('torrent'))
    for index, size in enumerate([1, BLOCK + 1, CHUNK, CHUNK + 1, 2 * CHUNK, 20 * CHUNK + 77]):
        data = dice.randbytes(size)
        share = Share(shared.ask('PUT', f'/zwei%20W%C3%B6rter{index}.bin', body=data))
        client = http_client(shared.port)  # its Host is where the web seed will be
        client.request('GET', share.path + '.torrent')
        answer = client.getresponse()
        assert answer.status == 200
        assert answer.headers['Content-Type'] == 'application/x-bittorrent'
        torrent = answer.read()
        client.close()
        info = libtorrent.torrent_info(libtorrent.bdecode(torrent))
        assert str(info.files().root(0)) == share.root
        assert download(torrent, folder) == data, size


def test_torrent_of_that_name(shared):
    """A file called x.torrent is itself, also beside x."""
    share = Share(shared.ask('PUT', '/x.torrent', body=b'not made here'))
    assert shared.ask('GET', share.path).body == b'not made here'
    assert shared.ask('GET', share.path + '.torrent').body.startswith(b'd13:creation date')
    assert shared.ask('GET', f'/s/{share.id}/y.torrent').status == 404
