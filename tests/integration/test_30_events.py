# SPDX-License-Identifier: Apache-2.0
"""Goal: who follows a share by WebSocket hears who is there and what happens, loses nothing by losing
the connection, and cannot be mistaken for another.

Method: python3-websockets against the daemon, with one reactor and with several; raw sockets where a
client would not do what is wrong.
"""
import asyncio
import base64
import json
import os
import struct
import subprocess

import pytest
import websockets

from hawser import Daemon, Wire, wait_until

KEY = base64.b64encode(bytes(16)).decode()


@pytest.fixture(scope='module', params=['1', '3'])
def daemon(request, tmp_path_factory):
    one = Daemon(tmp_path_factory.mktemp('events'), reactors=request.param)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def share(daemon):
    return daemon.put(b'content' * 100, 'a%20file.bin')


def url(daemon, share, role='receiver', **query):
    more = ''.join(f'&{key}={value}' for key, value in query.items())
    return f'ws://127.0.0.1:{daemon.port}/api/v1/events?share={share.id}&role={role}{more}'


async def follow(daemon, share, role='receiver', **query):
    """A connection and its welcome."""
    protocols = ['hawser', f'bearer.{share.token}'] if role == 'sender' else ['hawser']
    ws = await websockets.connect(url(daemon, share, role, **query), subprotocols=protocols,
                                  compression=None)
    welcome = json.loads(await ws.recv())
    assert welcome['type'] == 'welcome' and welcome['role'] == role
    return ws, welcome


async def hear(ws, wanted, is_it=lambda event: True, timeout_s=10):
    """The next event of that type that is it; what comes before is thrown away."""
    while True:
        event = json.loads(await asyncio.wait_for(ws.recv(), timeout_s))
        if event['type'] == wanted and is_it(event):
            return event


def run(coroutine):
    return asyncio.new_event_loop().run_until_complete(asyncio.wait_for(coroutine, 60))


def test_presence(daemon, share):
    async def scene():
        sender, one = await follow(daemon, share, 'sender')
        receiver, two = await follow(daemon, share)
        event = await hear(sender, 'presence', lambda e: e['receivers'] == 1)
        assert {(who['client'], who['role']) for who in event['who']} == \
            {(one['client'], 'sender'), (two['client'], 'receiver')}
        snapshot = await hear(receiver, 'snapshot')
        assert snapshot['senders'] == 1 and not snapshot['gap']
        await receiver.close()  # on purpose: it is forgotten
        event = await hear(sender, 'presence', lambda e: e['receivers'] == 0)
        assert len(event['who']) == 1
        await sender.close()
    run(scene())


def test_signals_in_order(daemon, share):
    async def scene():
        sender, one = await follow(daemon, share, 'sender')
        receiver, two = await follow(daemon, share)
        for number in range(100):
            await sender.send(json.dumps({'type': 'signal', 'to': two['client'],
                                          'data': {'number': number, 'text': 'ä"\\'}}))
        for number in range(100):
            event = await hear(receiver, 'signal')
            assert event['from'] == one['client']
            assert event['data'] == {'number': number, 'text': 'ä"\\'}
        await receiver.send(json.dumps({'type': 'signal', 'to': one['client'], 'data': 'x' * 16000}))
        assert (await hear(sender, 'signal'))['data'] == 'x' * 16000
        await sender.close()
        await receiver.close()
    run(scene())


def test_who_comes_back_has_lost_nothing(daemon, share):
    async def scene():
        sender, _ = await follow(daemon, share, 'sender')
        receiver, me = await follow(daemon, share)
        since = (await hear(receiver, 'presence'))['seq']
        receiver.transport.abort()
        await hear(sender, 'presence', lambda e: any('away' in who for who in e['who']))
        for number in range(5):
            await sender.send(json.dumps({'type': 'signal', 'to': me['client'], 'data': number}))
        receiver, again = await follow(daemon, share, client=me['client'], secret=me['secret'],
                                       since=since)
        assert again['client'] == me['client'] and again['resumed']
        for number in range(5):
            assert (await hear(receiver, 'signal'))['data'] == number
        # The old connection is still there, and a new one comes: the old one ends.
        newer, _ = await follow(daemon, share, client=me['client'], secret=me['secret'])
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                await asyncio.wait_for(receiver.recv(), 10)
        assert receiver.close_code == 4001
        # Nobody else can.
        other = await websockets.connect(url(daemon, share, client=me['client'],
                                             secret='A' * 22), compression=None)
        with pytest.raises(websockets.ConnectionClosed):
            await other.recv()
        assert other.close_code == 1008
        await newer.close()
        await sender.close()
    run(scene())


def test_a_gap_is_a_snapshot(daemon, share):
    async def scene():
        sender, _ = await follow(daemon, share, 'sender')
        receiver, me = await follow(daemon, share)
        receiver.transport.abort()
        for _ in range(10):
            await sender.send(json.dumps({'type': 'signal', 'to': me['client'], 'data': 'y' * 16000}))
        await sender.ping()
        await asyncio.sleep(0.3)
        receiver, _ = await follow(daemon, share, client=me['client'], secret=me['secret'], since=1)
        assert (await hear(receiver, 'snapshot'))['gap']
        assert (await hear(receiver, 'signal'))['data'] == 'y' * 16000  # what was kept is there
        await receiver.close()
        await sender.close()
    run(scene())


def test_confirmation(daemon, share):
    async def scene():
        sender, _ = await follow(daemon, share, 'sender')
        receiver, me = await follow(daemon, share)
        for wrong in ({'file': 'a file.bin', 'root': '0' * 64}, {'file': 'b', 'root': share.root},
                      {'file': 'a file.bin'}, {'file': 7, 'root': share.root}):
            await receiver.send(json.dumps({'type': 'confirm', **wrong}))
        await receiver.send(json.dumps({'type': 'confirm', 'file': 'a file.bin',
                                        'root': share.root}))
        event = await hear(sender, 'transfer')
        assert event['state'] == 'confirmed' and event['client'] == me['client']
        assert event['file'] == 'a file.bin' and event['size'] == 700
        assert event['direction'] == 'down' and event['stalled'] is None
        await sender.close()
        await receiver.close()
    run(scene())


def test_long_messages_are_deflated(daemon, share):
    async def scene():
        sender, _ = await follow(daemon, share, 'sender')
        receiver = await websockets.connect(url(daemon, share))  # offers permessage-deflate
        assert 'permessage-deflate' in receiver.response_headers['Sec-WebSocket-Extensions']
        me = json.loads(await receiver.recv())
        await sender.send(json.dumps({'type': 'signal', 'to': me['client'], 'data': 'x' * 16000}))
        await receiver.send(json.dumps({'type': 'signal', 'to': me['client'], 'data': 'y' * 15000}))
        heard = [(await hear(receiver, 'signal'))['data'] for _ in range(2)]
        assert sorted(heard) == ['x' * 16000, 'y' * 15000]
        await receiver.send(json.dumps({'type': 'x', 'data': 'z' * 70000}))  # a small bomb
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                await asyncio.wait_for(receiver.recv(), 10)
        assert receiver.close_code == 1009
        await sender.close()
    run(scene())


def test_many(daemon, share):
    async def scene():
        sender, _ = await follow(daemon, share, 'sender')
        many = await asyncio.gather(*(follow(daemon, share) for _ in range(100)))
        event = await hear(sender, 'presence', lambda e: e['receivers'] == 100)
        assert len(event['who']) == 64
        await asyncio.gather(*(hear(ws, 'presence', lambda e: e['receivers'] == 100)
                               for ws, _ in many))
        await asyncio.gather(*(ws.close() for ws, _ in many))
        await hear(sender, 'presence', lambda e: e['receivers'] == 0)
        await sender.close()
    run(scene())


def head_of(target, **fields):
    every = {'Host': 'test', 'Upgrade': 'websocket', 'Connection': 'Upgrade',
             'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Version': '13', **fields}
    lines = [f'{name.replace("_", "-")}: {value}' for name, value in every.items() if value]
    return (f'GET {target} HTTP/1.1\r\n' + '\r\n'.join(lines) + '\r\n\r\n').encode()


def test_who_may_not(daemon, share):
    target = f'/api/v1/events?share={share.id}'
    good = {'Authorization': f'Bearer {share.token}'}
    cases = [
        (target, {}, 101), (target + '&role=sender', good, 101),
        (target + '&role=sender', {}, 401),
        (target + '&role=sender', {'Authorization': 'Bearer ' + 'A' * 43}, 403),
        ('/api/v1/events?share=' + 'a' * 26, {}, 404), ('/api/v1/events', {}, 404),
        (target, {'Upgrade': None}, 426), (target, {'Sec-WebSocket-Version': '8'}, 426),
        (target, {'Sec-WebSocket-Key': 'short'}, 400),
        (target, {'Origin': 'http://elsewhere.example'}, 403), (target, {'Origin': 'http://test'}, 101),
        ('/api/v1/nothing', {}, 404),
    ]
    for where, fields, status in cases:
        with daemon.wire() as wire:
            wire.send(head_of(where, **fields))
            assert wire.head().status == status, (where, fields)


def status_of(daemon, target, **fields):
    with daemon.wire() as wire:
        wire.send(head_of(target, **fields))
        return wire.head().status


def test_a_share_with_a_password(daemon):
    share = daemon.put(b'x', 'x', [('Hawser-Password', 'sesame')])
    target = f'/api/v1/events?share={share.id}'
    assert status_of(daemon, target) == 401
    assert status_of(daemon, target, Hawser_Password='wrong') == 401
    assert status_of(daemon, target, Hawser_Password='sesame') == 101
    basic = base64.b64encode(b':sesame').decode()
    assert status_of(daemon, target, Authorization=f'Basic {basic}') == 101
    answer = daemon.get(share.path, [('Hawser-Password', 'sesame')])
    assert answer.status == 200
    assert status_of(daemon, target, Hawser_Pass=answer.one('hawser-pass')) == 101
    assert status_of(daemon, target, Cookie=answer.one('set-cookie').split(';')[0]) == 101
    assert status_of(daemon, target, Authorization=f'Bearer {share.token}') == 101
    assert status_of(daemon, target + '&role=sender', Hawser_Password='sesame') == 401


def test_what_the_operator_says(tmp_path):
    """Pages of other origins, an operator's token, messages in a minute: as configured."""
    daemon = Daemon(tmp_path, cors_origins='https://a.example, http://b.example:81',
                    ws_messages_per_minute='5')
    made = subprocess.run([*daemon.command(), '--new-token', 'operator'], check=True, text=True,
                          capture_output=True, env=daemon.environment())
    operator = made.stdout.split()[-1]
    daemon.start()
    share = daemon.put(b'x', 'x', [('Hawser-Password', 'sesame')])
    target = f'/api/v1/events?share={share.id}'
    assert status_of(daemon, target, Authorization=f'Bearer {operator}') == 101
    assert status_of(daemon, target, Authorization=f'Bearer {operator}',
                     Origin='http://b.example:81') == 101
    assert status_of(daemon, target, Authorization=f'Bearer {operator}',
                     Origin='http://b.example') == 403
    assert status_of(daemon, target,
                     Sec_WebSocket_Protocol=f'hawser, bearer.{operator}') == 101
    assert status_of(daemon, target + '&role=sender', Authorization=f'Bearer {operator}') == 403

    async def scene():
        ws, _ = await follow(daemon, daemon.put(b'y', 'y'))
        for _ in range(5):
            await ws.send('{"type":"hello"}')
        await (await ws.ping())
        await ws.send('{"type":"hello"}')
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                await asyncio.wait_for(ws.recv(), 10)
        assert ws.close_code == 1008
    run(scene())
    daemon.stop()


def test_too_much_is_cut(daemon, share):
    async def scene():
        ws, _ = await follow(daemon, share)
        with pytest.raises(websockets.ConnectionClosed):
            for _ in range(1100):
                await ws.send('{"type":"hello"}')
            while True:
                await asyncio.wait_for(ws.recv(), 10)
        assert ws.close_code == 1008
    run(scene())


def test_the_daemon_says_goodbye(tmp_path):
    daemon = Daemon(tmp_path, reactors='2')
    daemon.start()
    share = daemon.put(b'x', 'x')

    async def scene():
        all_of_them = [await follow(daemon, share) for _ in range(4)]
        os.kill(daemon.process.pid, 15)
        for ws, _ in all_of_them:
            with pytest.raises(websockets.ConnectionClosed):
                while True:
                    await asyncio.wait_for(ws.recv(), 10)
            assert ws.close_code == 1001
    run(scene())
    daemon.wait()


def test_idle_ones_cost_little(tmp_path):
    """2,000 connections of 20 shares; at most 8 KiB each (the figure is printed with -s)."""
    daemon = Daemon(tmp_path, connections_max='4096', reactors='1')
    daemon.start()
    shares = [daemon.put(b'x%d' % number, 'x') for number in range(20)]
    wires = []

    def connect(count):
        for number in range(count):
            wire = daemon.wire()
            wire.send(head_of(f'/api/v1/events?share={shares[number % 20].id}'))
            wires.append(wire)
            assert wire.head().status == 101
    connect(100)  # what is there once
    before = daemon.memory('VmRSS')
    connect(2000)
    wait_until(lambda: daemon.metrics()['hawser_websockets_open'] == 2100)
    cost = (daemon.memory('VmRSS') - before) / 2000
    print(f'{cost:.0f} bytes for an idle connection')
    # AddressSanitizer puts a red zone around each allocation, and touches its shadow.
    assert cost <= (12288 if 'asan' in os.environ.get('HAWSERD', '') else 8192)
    for wire in wires:
        wire.close()
    daemon.stop()


def test_frames_that_are_wrong(daemon, share):
    cases = [(b'\x81\x05hello', 1002), (b'\x83\x80abcd', 1002), (b'\x82\x80abcd', 1003),
             (b'\x81\x81\0\0\0\0\xff', 1007), (b'\x81\xff' + struct.pack('>Q', 1 << 20) + bytes(5), 1009)]
    for frame, code in cases:
        with daemon.wire() as wire:
            wire.send(head_of(f'/api/v1/events?share={share.id}'))
            assert wire.head().status == 101
            wire.send(frame)
            while wire.more():
                pass
            assert bytes(wire.buffer[-4:]) == b'\x88\x02' + struct.pack('>H', code)
