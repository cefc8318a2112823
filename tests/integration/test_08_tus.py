# SPDX-License-Identifier: Apache-2.0
"""Goal: tus 1.0.0 as a client on the network meets it: what each request is answered, and that an
upload survives every break of its link and every end of the daemon.

Method: raw sockets. What each part does inside is tested by tests/unit/talk/tus_*_test.c.
"""
import base64
import hashlib
import random
import threading

import pytest

import datadir
import tus
from hawser import BLOCK, CHUNK, MIB, Bytes, root_of, seed_of, wait_until

SIZE = 9 * MIB + 4711


@pytest.fixture(scope='module')
def files():
    return Bytes(seed_of('tus'), 64 * MIB)


@pytest.fixture
def share(shared):
    return shared.put(b'the first file')


def test_what_the_server_can(shared, share):
    for path in (f'/api/v1/shares/{share.id}/files', '/api/v1/uploads/aaaaaaaaaaaaaaaaaaaaaaaaaa'):
        answer = shared.ask('OPTIONS', path)
        assert answer.status == 204
        assert answer.one('tus-version') == '1.0.0'
        extensions = set(answer.one('tus-extension').split(','))
        assert extensions >= {'creation', 'creation-with-upload', 'creation-defer-length',
                              'checksum', 'expiration', 'termination'}
        assert set(answer.one('tus-checksum-algorithm').split(',')) == {'sha1', 'sha256'}
        assert int(answer.one('tus-max-size')) > 0


def test_every_answer_names_the_protocol(shared, share, files):
    upload = tus.Upload(shared, share, 'a', files.window(0, 10))
    for method, fields in (('HEAD', tus.VERSION), ('HEAD', []), ('PATCH', tus.VERSION),
                           ('DELETE', tus.VERSION), ('DELETE', tus.VERSION)):
        answer = shared.ask(method, upload.path, fields, None if method == 'HEAD' else b'')
        assert answer.one('tus-resumable') == '1.0.0', (method, answer.status)


def test_life(shared, share, files):
    data = files.window(3, SIZE)
    upload = tus.Upload(shared, share, 'life.bin', data)
    answer = shared.ask('HEAD', upload.path, tus.VERSION)
    assert answer.one('upload-metadata') == tus.metadata('life.bin')
    assert answer.one('upload-length') == str(SIZE) and answer.one('upload-offset') == '0'
    assert answer.one('cache-control') == 'no-store' and answer.one('upload-expires')
    offset = 0
    for size in (1, BLOCK - 1, BLOCK, CHUNK, 5, SIZE):
        offset = upload.patch(offset, min(size, SIZE - offset))
        assert upload.offset() == offset
    upload.check()
    answer = shared.get(upload.link)
    assert answer.one('etag') == f'"{root_of(data)}"'
    answer = shared.ask('HEAD', upload.path, tus.VERSION)
    assert answer.one('upload-offset') == str(SIZE) and answer.one('upload-expires') is None
    assert shared.ask('DELETE', upload.path, tus.VERSION).status == 403


def test_checksums(shared, share, files):
    data = files.window(9, 3 * MIB)
    upload = tus.Upload(shared, share, 'sums', data)
    offset = 0
    for name in ('sha1', 'sha256'):
        for is_good in (False, True):
            piece = data[offset:offset + MIB]
            digest = hashlib.new(name, piece if is_good else b'?').digest()
            fields = [*tus.VERSION, *tus.TYPE, ('Upload-Offset', str(offset)),
                      ('Upload-Checksum', f'{name} {base64.b64encode(digest).decode()}')]
            answer = shared.ask('PATCH', upload.path, fields, piece)
            assert answer.status == (204 if is_good else 460), answer.body
            assert upload.offset() == offset + (MIB if is_good else 0)
            offset = upload.acked
    upload.finish()
    upload.check()


def test_termination(shared, share, files):
    upload = tus.Upload(shared, share, 'gone', files.window(0, 2 * MIB))
    upload.patch(0, MIB)
    assert shared.ask('DELETE', upload.path, []).status == 412
    assert shared.ask('DELETE', upload.path, tus.VERSION).status == 204
    for method in ('HEAD', 'DELETE'):
        assert shared.ask(method, upload.path, tus.VERSION).status == 410
    assert shared.get(upload.link).status == 404
    tus.Upload(shared, share, 'gone', files.window(0, 5)).finish()  # the name is free again


def test_with_bytes_at_once(shared, share, files):
    data = files.window(1, 100_000)
    answer = tus.create(shared, share, 'at once', len(data), body=data)
    assert answer.status == 201 and answer.one('upload-offset') == str(len(data))
    assert shared.is_same(f'/s/{share.id}/at%20once', data)
    answer = tus.create(shared, share, 'half', len(data), body=data[:50_001])
    assert answer.status == 201 and answer.one('upload-offset') == '50001'


def test_unknown_length(shared, share, files):
    upload = tus.Upload(shared, share, 'late', files.window(5, 5 * MIB + 1), is_deferred=True)
    assert shared.ask('HEAD', upload.path, tus.VERSION).one('upload-defer-length') == '1'
    upload.patch(0, 3 * MIB)
    upload.patch(3 * MIB, 2 * MIB + 1)
    upload.check()


def test_two_hundred_cuts(shared, share, files):
    dice = random.Random(seed_of('cuts'))
    data = files.window(7, 24 * MIB + 13)
    upload = tus.Upload(shared, share, 'cuts.bin', data)
    offset = 0
    for _ in range(200):
        size = min(len(data) - offset, dice.choice([MIB, 3 * MIB, len(data)]))
        most = min(size, dice.choice([0, 100, BLOCK, 300_000]))
        upload.cut(offset, size, dice.randint(0, most), dice.random() < 0.5)
        offset = upload.offset()
        if offset == len(data):
            break
    upload.finish(step=5 * MIB)
    upload.check()
    assert shared.get(upload.link).one('etag') == f'"{root_of(data)}"'


def test_who_comes_back_takes_it_over(shared, share, files):
    """The link hangs: the old connection is there, and says nothing more."""
    data = files.window(2, 6 * MIB)
    upload = tus.Upload(shared, share, 'hangs', data)

    def begin(one, offset, size):
        """Its bytes are there: what is asked by another connection could otherwise overtake it."""
        before = shared.metrics()['hawser_bytes_received_total']
        wire = one.begin(offset, len(data) - offset, size)
        wait_until(lambda: shared.metrics()['hawser_bytes_received_total'] >= before + size,
                   what='the last byte')
        return wire

    old = begin(upload, 0, MIB + 5)
    assert upload.offset() == MIB + 5
    assert old.is_over()  # not a word: whoever is there goes on
    old = begin(upload, MIB + 5, 10)
    upload.finish()
    assert old.is_over()
    upload.check()
    old = tus.Upload(shared, share, 'hangs too', data)
    wire = begin(old, 0, 10)
    assert shared.ask('DELETE', old.path, tus.VERSION).status == 204
    assert wire.is_over()


def test_many_files_of_one_share_at_once(make_daemon, files):
    daemon = make_daemon(reactors='2')
    share = daemon.put(b'first')
    failures = []

    def send(index):
        dice = random.Random(index)
        try:
            upload = tus.Upload(daemon, share, f'f{index}', files.window(index, 3 * MIB + index))
            offset = 0
            while offset < len(upload.data):
                size = min(len(upload.data) - offset, dice.randint(1, MIB))
                if dice.random() < 0.3:
                    upload.cut(offset, size, dice.randint(0, size), True)
                    offset = upload.offset()
                else:
                    offset = upload.push(offset, size)
            upload.check()
        except Exception as error:  # noqa: BLE001: told by the main thread
            failures.append((index, repr(error)))

    threads = [threading.Thread(target=send, args=(index,)) for index in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize('is_killed', [False, True])
def test_the_daemon_ends_in_the_middle(make_daemon, files, is_killed):
    dice = random.Random(seed_of('restarts'))
    daemon = make_daemon(shutdown_timeout='1s')
    share = daemon.put(b'first')
    upload = tus.Upload(daemon, share, 'survivor', files.window(11, SIZE))
    offset = 0
    for _ in range(6):
        for _ in range(dice.randint(0, 3)):
            offset = upload.patch(offset, min(SIZE - offset, dice.randint(0, 700_000)))
        with upload.begin(offset, SIZE - offset, dice.randint(0, min(SIZE - offset, MIB))):
            if is_killed:
                daemon.kill()
            else:
                daemon.stop()
        daemon.start()
        offset = upload.offset()
    upload.finish()
    upload.check()
    daemon.stop()
    daemon.start()  # what the last life had open is cut to its size
    daemon.stop()
    assert datadir.faults(daemon.data) == []
