# SPDX-License-Identifier: Apache-2.0
"""Goal: who follows a share hears of every transfer of it: how far it is, why it stands still, how it
ends, never that it goes back; and what a client or the store has too much of is refused with a sentence.

Method: two followers by python3-websockets while uploads stall, break off and are gone on with, and
downloads come to their end or not; limits of a few uploads and a few KiB.
"""
import asyncio
import json

import pytest
import websockets

from hawser import Daemon, Wire, wait_until
from test_07_shares import create, put
from tus import VERSION, Upload
import tus

ORDER = ['waiting', 'uploading', 'uploaded', 'confirmed']
MIB = 1 << 20


class Share:
    """As tus.py wants it."""

    def __init__(self, daemon):
        self.json = create(daemon)
        self.id, self.token = self.json['id'], self.json['owner_token']


class Follower:
    """Hears everything; asserts of each transfer that it goes forward."""

    def __init__(self, ws, me):
        self.ws, self.me = ws, me
        self.last = {}

    async def hear(self, wanted, is_it=lambda event: True, timeout_s=10):
        while True:
            event = json.loads(await asyncio.wait_for(self.ws.recv(), timeout_s))
            if event['type'] == 'transfer':
                self.judge(event)
            if event['type'] == wanted and is_it(event):
                return event

    def judge(self, event):
        was = self.last.get(event['id'])
        if was is not None:
            assert event['bytes'] >= was['bytes'] and event['file'] == was['file']
            if event['state'] in ORDER:
                assert ORDER.index(event['state']) >= ORDER.index(was['state'])
            assert was['state'] not in ('confirmed', 'failed', 'cancelled') or \
                event['state'] == was['state']
        self.last[event['id']] = event


async def follow(daemon, share, role='receiver'):
    protocols = ['hawser', f'bearer.{share.token}'] if role == 'sender' else ['hawser']
    ws = await websockets.connect(
        f'ws://127.0.0.1:{daemon.port}/api/v1/events?share={share.id}&role={role}',
        subprotocols=protocols, compression=None)
    return Follower(ws, json.loads(await ws.recv()))


def both(scene):
    """Run scene(sender, receiver) over a new share."""
    def run(daemon):
        async def all_of_it():
            share = Share(daemon)
            sender, receiver = await follow(daemon, share, 'sender'), await follow(daemon, share)
            await scene(daemon, share, sender, receiver)
            await sender.ws.close()
            await receiver.ws.close()
        asyncio.new_event_loop().run_until_complete(asyncio.wait_for(all_of_it(), 60))
    return run


@pytest.fixture(scope='module', params=['1', '2'])
def daemon(request, tmp_path_factory):
    one = Daemon(tmp_path_factory.mktemp('transfers'), reactors=request.param).start()
    yield one
    one.stop()


def off(call, *arguments):
    """Beside the followers: our HTTP client blocks."""
    return asyncio.get_running_loop().run_in_executor(None, call, *arguments)


def is_up(state, **more):
    def judge(event):
        return event['direction'] == 'up' and event['state'] == state and \
            all(event[key] == value for key, value in more.items())
    return judge


def is_down(state):
    return lambda event: event['direction'] == 'down' and event['state'] == state


@both
async def a_tus_upload(daemon, share, sender, receiver):
    data = bytes(range(256)) * (3 * MIB // 256)
    upload = await off(Upload, daemon, share, 'a.bin', data)
    first = await receiver.hear('transfer', is_up('waiting'))
    assert first['file'] == 'a.bin' and first['size'] == len(data) and first['bytes'] == 0
    assert (await receiver.hear('file'))['state'] == 'added'
    # A PATCH that stops in its middle: said after a second, to who follows already.
    wire = await off(upload.begin, 0, len(data), MIB)
    event = await receiver.hear('transfer', is_up('uploading', stalled='sender idle'))
    assert event['id'] == first['id'] and 0 < event['bytes'] <= MIB
    # Somebody who comes now hears the same.
    late = await follow(daemon, share)
    event = await late.hear('transfer', is_up('uploading', stalled='sender idle'))
    assert event['id'] == first['id']
    wire.send(data[MIB:2 * MIB])
    event = await receiver.hear('transfer', is_up('uploading', stalled=None))
    assert event['bytes'] > MIB // 2
    # It breaks off: no end, for it can be gone on with.
    wire.close()
    await off(wait_until, lambda: upload.offset() == 2 * MIB)
    event = await receiver.hear('transfer', lambda e: e['stalled'] == 'sender idle')
    assert event['state'] == 'uploading' and event['id'] == first['id']
    await off(upload.patch, 2 * MIB, MIB)
    for one in (sender, receiver, late):
        event = await one.hear('transfer', is_up('uploaded'))
        assert event['id'] == first['id'] and event['bytes'] == len(data)
        assert (await one.hear('file'))['name'] == 'a.bin'
    await late.ws.close()


@both
async def an_upload_is_given_up(daemon, share, sender, receiver):
    upload = await off(Upload, daemon, share, 'b.bin', bytes(MIB))
    first = await sender.hear('transfer', is_up('waiting'))
    answer = await off(daemon.ask, 'DELETE', upload.path, VERSION)
    assert answer.status == 204
    for one in (sender, receiver):
        assert (await one.hear('transfer', is_up('cancelled')))['id'] == first['id']


@both
async def a_put_and_its_receiver(daemon, share, sender, receiver):
    data = b'0123456789abcdef' * (MIB // 16)
    answer = await off(put, daemon, share.json, 'c.bin', data)
    assert answer.status == 201
    up = await sender.hear('transfer', is_up('uploaded'))
    assert up['bytes'] == up['size'] == len(data)
    client = receiver.me['client']
    answer = await off(daemon.ask, 'GET', f'/s/{share.id}/c.bin', [('Hawser-Client', client)])
    assert answer.status == 200 and answer.body == data
    down = await sender.hear('transfer', is_down('uploaded'))
    assert down['client'] == client and down['bytes'] == len(data)
    # A piece in the middle is nobody's news; the rest of a file is.
    answer = await off(daemon.ask, 'GET', f'/s/{share.id}/c.bin', [('Range', 'bytes=0-9')])
    assert answer.status == 206
    answer = await off(daemon.ask, 'GET', f'/s/{share.id}/c.bin?client={client}',
                       [('Range', f'bytes={len(data) - 10}-')])
    assert answer.status == 206
    rest = await sender.hear('transfer', is_down('uploaded'))
    assert rest['id'] != down['id'] and rest['bytes'] == len(data) and rest['client'] == client
    # The receiver has verified it.
    root = (await off(daemon.ask, 'HEAD', f'/s/{share.id}/c.bin')).one('etag').strip('"')
    await receiver.ws.send(json.dumps({'type': 'confirm', 'file': 'c.bin', 'root': root}))
    confirmed = {(await sender.hear('transfer', lambda e: e['state'] == 'confirmed'))['id']
                 for _ in range(3)}
    assert confirmed == {up['id'], down['id'], rest['id']}


@both
async def a_receiver_goes(daemon, share, sender, receiver):
    answer = await off(put, daemon, share.json, 'd.bin', bytes(16 * MIB))
    assert answer.status == 201
    wire = Wire(daemon.port, recv_buffer=4096)
    wire.request('GET', f'/s/{share.id}/d.bin')
    event = await sender.hear('transfer', lambda e: e['direction'] == 'down' and e['stalled'])
    assert event['stalled'] == 'receiver slow' and event['bytes'] < 16 * MIB
    wire.close()
    event = await sender.hear('transfer', is_down('cancelled'))
    assert event['bytes'] < 16 * MIB
    # All files as one: a transfer with the archive's name.
    await off(daemon.ask, 'GET', f'/s/{share.id}.zip')
    event = await sender.hear('transfer', is_down('uploaded'))
    assert event['file'] == f'{share.id}.zip' and event['bytes'] == event['size']


@both
async def the_share_itself(daemon, share, sender, receiver):
    await off(put, daemon, share.json, 'e.bin', b'e')
    bearer = [('Authorization', 'Bearer ' + share.token)]
    answer = await off(daemon.ask, 'PATCH', share.json['api'], bearer, b'{"message":"more"}')
    assert answer.status == 200
    assert (await receiver.hear('share'))['state'] == 'changed'
    answer = await off(daemon.ask, 'DELETE', f'/s/{share.id}/e.bin', bearer)
    assert answer.status == 204
    event = await receiver.hear('file', lambda e: e['state'] == 'removed')
    assert event['name'] == 'e.bin'
    answer = await off(daemon.ask, 'DELETE', share.json['api'], bearer)
    assert answer.status == 204
    assert (await receiver.hear('share', lambda e: e['state'] != 'changed'))['state'] == 'ended'


@pytest.mark.parametrize('scene', [a_tus_upload, an_upload_is_given_up, a_put_and_its_receiver,
                                   a_receiver_goes, the_share_itself],
                         ids=['tus', 'given_up', 'put', 'receiver_goes', 'share'])
def test_followers_hear(daemon, scene):
    scene(daemon)


# -- limits ----------------------------------------------------------------------------------------

def is_later(answer):
    assert answer.status == 429 and 1 <= int(answer.one('retry-after')) <= 60
    return len(answer.body) > 20


def test_uploads_per_minute(make_daemon):
    """PUT, tus creation with bytes, PATCH: each is one; what brings no bytes is none."""
    daemon = make_daemon(uploads_per_minute='3')
    share = Share(daemon)
    assert daemon.ask('PUT', '/one', (), b'x').status == 201
    assert tus.create(daemon, share, 'two', 2, (), b'x').status == 201
    upload = Upload(daemon, share, 'three', b'xyz')
    upload.patch(0, 1)
    assert is_later(daemon.ask('PATCH', upload.path, upload.fields(1, 1), b'y'))
    assert is_later(daemon.ask('PUT', '/four', (), b'x'))
    assert is_later(put(daemon, share.json, 'four', b'x'))
    assert is_later(tus.create(daemon, share, 'four', 1, (), b'x'))
    assert upload.offset() == 1, 'what was refused changed nothing'


def test_downloads_per_minute(make_daemon):
    """A file, a ZIP, a .torrent."""
    daemon = make_daemon(downloads_per_minute='3')
    share = daemon.put(b'x' * 100, 'file')
    links = [f'/s/{share.id}/file', f'/s/{share.id}.zip', f'/s/{share.id}/file.torrent']
    for link in links:
        assert daemon.get(link).status == 200, link
    for link in links:
        assert is_later(daemon.get(link)), link


def test_transfers_per_client(make_daemon):
    daemon = make_daemon(transfers_per_client='1')
    wire = daemon.wire()
    wire.send(b'PUT /slow HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nx')
    wait_until(lambda: daemon.metrics()['hawser_uploads_open'] == 1)
    assert is_later(daemon.ask('PUT', '/other', (), b'x'))
    wire.send(b'y')
    assert wire.answer().status == 201
    wait_until(lambda: daemon.ask('PUT', '/other', (), b'x').status == 201)


def test_quotas(make_daemon):
    daemon = make_daemon(quota='3MiB', share_size_max='1MiB')
    # Announced: before a byte; not announced: when it is there.
    wire = daemon.wire()
    wire.send(b'PUT /a HTTP/1.1\r\nHost: test\r\nContent-Length: 1048577\r\n\r\n')
    assert wire.answer().status == 413
    chunked = b'%x\r\n' % (MIB + 1) + bytes(MIB + 1) + b'\r\n0\r\n\r\n'
    wire = daemon.wire()
    wire.send(b'PUT /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked)
    assert wire.answer().status == 413
    for number in range(3):  # not the same bytes: those would be stored once
        assert daemon.ask('PUT', '/a', (), bytes([number]) * MIB).status == 201
    # The sums are told once a second.
    wait_until(lambda: daemon.metrics()['hawser_stored_bytes'] >= 3 * MIB, what='the sum')
    wire = daemon.wire()
    wire.send(b'PUT /a HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n')
    assert wire.answer().status == 507
    wire = daemon.wire()
    wire.send(b'PUT /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n'
              b'1\r\nx\r\n0\r\n\r\n')
    assert wire.answer().status == 507
    share = Share(daemon)
    assert tus.create(daemon, share, 'b', 1000).status == 507
    assert tus.create(daemon, share, 'b', MIB + 1).status == 413
    assert put(daemon, share.json, 'b', b'x').status == 507
