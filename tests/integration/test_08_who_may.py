# SPDX-License-Identifier: Apache-2.0
"""Goal: who has a token may, who has none may not; a token is made beside a running daemon, is known
from the next SIGHUP on, and is not known any more when its line is gone; nothing keeps its secret.

Method: the command line as an operator uses it, uploads with every kind of token under every policy,
files of tokens that are wrong.
"""
import base64
import hashlib
import os
import re
import signal
import stat
import subprocess
import threading

import pytest

from hawser import binary, environment, wait_until


def new_token(data, kind, name=None, code=0):
    """What --new-token prints: the token, or, when it fails, the sentence."""
    flags = ['--new-token', kind, '--data-dir', str(data)]
    if name is not None:
        flags += ['--token-name', name]
    done = subprocess.run([binary(), *flags], env=environment(), capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == code, done.stderr
    if code != 0:
        assert done.stdout == '' and done.stderr.startswith('hawserd: ')
        assert done.stderr.count('\n') == 1, 'one sentence'
        return done.stderr
    assert re.fullmatch(r'[A-Za-z0-9_-]{43}\n', done.stdout) and done.stderr == ''
    return done.stdout.strip()


def put(daemon, token=None):
    fields = [] if token is None else [('Authorization', 'Bearer ' + token)]
    return daemon.ask('PUT', '/n', fields, b'x')


def reload(daemon):
    """SIGHUP, and wait until it was seen."""
    before = len(daemon.events('tokens.read')) + len(daemon.events('tokens.refused'))
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(daemon.events('tokens.read')) + len(daemon.events('tokens.refused')) >
               before, what='the reload')


def becomes(daemon, token, status):
    """Each reactor hears of it by mail: soon."""
    wait_until(lambda: all(put(daemon, token).status == status for _ in range(8)),
               what=f'{status} for everybody')


def test_a_token_beside_a_running_daemon(make_daemon):
    daemon = make_daemon(upload='token', listen='0.0.0.0:0', reactors='2')
    assert daemon.events('tokens.no_operator')
    assert put(daemon).status == 401 and put(daemon).one('www-authenticate') == 'Bearer'
    upload, operator = new_token(daemon.data, 'upload'), new_token(daemon.data, 'operator')
    assert upload != operator
    assert put(daemon, upload).status == 401, 'not before SIGHUP'
    reload(daemon)
    becomes(daemon, upload, 201)
    becomes(daemon, operator, 201)
    assert put(daemon).status == 401
    assert put(daemon, upload[:-1] + ('A' if upload[-1] != 'A' else 'E')).status == 401
    assert daemon.get('/health', [('Authorization', 'Bearer ' + upload)]).body.count(b'true') == 1
    assert daemon.get('/health').body.count(b'true') == 0
    # Only its owner, by that token, removes a share: an upload token is none.
    share = daemon.put(b'x', 'n', [('Authorization', 'Bearer ' + upload)])
    assert daemon.delete(share, upload).status == 403
    assert daemon.delete(share).status == 204
    # The line is taken out: the token is worth nothing.
    path = daemon.data / 'tokens'
    path.write_text(''.join(line for line in path.read_text().splitlines(True)
                            if not line.startswith('upload ')))
    reload(daemon)
    becomes(daemon, upload, 401)
    becomes(daemon, operator, 201)
    daemon.stop()
    daemon.start()
    assert not daemon.events('tokens.no_operator')
    assert put(daemon, operator).status == 201 and put(daemon, upload).status == 401
    for token in (upload, operator):
        assert token not in daemon.text()
        assert all(token.encode() not in path.read_bytes()
                   for path in daemon.data.iterdir() if path.is_file())


@pytest.mark.parametrize('policy, nobody, upload', [
    ('off', 403, 403), ('loopback', 403, 403), ('token', 401, 201), ('open', 201, 201)])
def test_an_operator_always_may(make_daemon, policy, nobody, upload):
    daemon = make_daemon(is_started=False, upload=policy, listen='0.0.0.0:0')
    daemon.folder.mkdir(parents=True)
    tokens = [None, new_token(daemon.data, 'upload'), new_token(daemon.data, 'operator')]
    daemon.start()
    assert [put(daemon, token).status for token in tokens] == [nobody, upload, 201]
    assert daemon.metrics()['hawser_uploads_started_total'] == \
        sum(status == 201 for status in (nobody, upload, 201))


def test_the_file(folder):
    data = os.path.join(folder, 'data')
    path = os.path.join(data, 'tokens')
    token = new_token(data, 'upload', 'ci')
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(data).st_mode) == 0o700
    raw = base64.urlsafe_b64decode(token + '=')
    with open(path, encoding='utf-8') as file:
        kind, name, digest, created = file.read().split()
    assert (kind, name, digest) == ('upload', 'ci', hashlib.sha256(raw).hexdigest())
    assert int(created) > 1_700_000_000
    assert 'exists' in new_token(data, 'operator', 'ci', code=1)
    new_token(data, 'operator')
    new_token(data, 'operator')
    with open(path, 'a', encoding='utf-8') as file:
        file.write('# a comment, and no end of line')
    new_token(data, 'upload')
    with open(path, encoding='utf-8') as file:
        lines = file.read().splitlines()
    assert [line.split()[:2] for line in lines if not line.startswith('#')] == [
        ['upload', 'ci'], ['operator', 'operator-1'], ['operator', 'operator-2'],
        ['upload', 'upload-1']]
    assert sorted(os.listdir(data)) == ['tokens'], 'nothing is left behind'


def test_many_at_once_lose_none(folder):
    data = os.path.join(folder, 'data')
    made = []
    threads = [threading.Thread(target=lambda: made.append(new_token(data, 'upload')))
               for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(os.path.join(data, 'tokens'), encoding='utf-8') as file:
        assert len(file.read().splitlines()) == len(set(made)) == 12


@pytest.mark.skipif(os.getuid() != 0, reason='only root makes files for another')
def test_root_leaves_the_file_to_the_daemon(folder):
    data = os.path.join(folder, 'data')
    os.mkdir(data, 0o700)
    os.chown(data, 65534, 65534)
    new_token(data, 'operator')
    assert os.stat(os.path.join(data, 'tokens')).st_uid == 65534


@pytest.mark.parametrize('text, line, word', [
    ('upload x 00 1\n', 1, 'hexadecimal'),
    ('# fine\nadmin x ' + '0' * 64 + ' 1\n', 2, 'operator nor upload'),
    (('upload x ' + '0' * 64 + ' 1\n') * 2, 2, 'already'),
    ('upload x ' + '0' * 64 + '\n', 1, 'seconds'),
    ('#' * 70000, None, 'large'),
])
def test_a_wrong_file_stops_the_start(make_daemon, text, line, word):
    daemon = make_daemon(is_started=False)
    daemon.data.mkdir(parents=True)
    (daemon.data / 'tokens').write_text(text)
    daemon.expected_errors.add('tokens.failed')
    daemon.launch().wait(code=1)
    advice = daemon.events('tokens.failed')[0]['advice']
    assert word in advice
    assert line is None or f'tokens:{line}: ' in advice
    assert word in new_token(daemon.data, 'upload', code=1), 'nor is it added to'
    assert (daemon.data / 'tokens').read_text() == text


def test_a_wrong_file_later_changes_nothing(make_daemon):
    daemon = make_daemon(is_started=False, upload='token')
    daemon.folder.mkdir(parents=True)
    token = new_token(daemon.data, 'upload')
    daemon.start()
    path = daemon.data / 'tokens'
    good = path.read_text()
    path.write_text('nonsense\n')
    reload(daemon)
    assert 'tokens:1:' in daemon.events('tokens.refused')[0]['reason']
    assert put(daemon, token).status == 201
    path.write_text(good + '# more\n')
    reload(daemon)
    assert put(daemon, token).status == 201
    path.unlink()
    reload(daemon)
    becomes(daemon, token, 401)


def test_many_reloads(make_daemon):
    """One signal may stand for several; the last state of the file is what counts."""
    daemon = make_daemon(upload='token', reactors='2')
    token = new_token(daemon.data, 'upload')
    for _ in range(200):
        daemon.process.send_signal(signal.SIGHUP)
    becomes(daemon, token, 201)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.stop()


@pytest.mark.parametrize('flags, words', [
    (['--new-token', 'admin'], ['admin', 'operator or upload']),
    (['--new-token'], ['--new-token', 'operator or upload']),
    (['--token-name', 'x'], ['--new-token']),
    (['--new-token', 'upload', '--token-name', 'a b'], ['a b']),
    (['--new-token', 'upload', '--data-dir', '/proc/never/x'], ['/proc/never/x']),
    (['--uploads', 'open'], ['--upload']),
    (['--upload', 'everyone'], ['loopback, open, token or off']),
    (['--expiry-default', '2d', '--expiry-max', '1d'], ['expiry_default', 'expiry_max']),
    (['--expiry-default', '0'], ['too small']),
    (['--trusted-proxies', '10.0.0.1/8'], ['networks', '10.0.0.1/8']),
    (['--cors-origins', 'https://a.example/x'], ['path']),
    (['--proxy-header', 'via'], ['x-forwarded-for or forwarded']),
])
def test_wrong_words(flags, words):
    done = subprocess.run([binary(), '--data-dir=/proc/never', *flags]
                          if '--data-dir' not in flags else [binary(), *flags],
                          env=environment(), capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 1 and done.stdout == ''
    assert done.stderr.count('\n') == 1
    for word in words:
        assert word in done.stderr


def test_what_an_operator_did_is_no_right_of_others(make_daemon):
    """An operator ends a share; who comes next with any token is still nobody."""
    daemon = make_daemon(is_started=False, reactors='1')
    daemon.folder.mkdir(parents=True)
    operator = new_token(daemon.data, 'operator')
    daemon.start()
    mine, theirs = daemon.put(b'x'), daemon.put(b'y')
    stranger = base64.urlsafe_b64encode(bytes(32)).decode().rstrip('=')
    asked = daemon.ask('DELETE', f'/api/v1/shares/{theirs.id}',
                       [('Authorization', 'Bearer ' + operator)])
    assert asked.status == 204
    assert daemon.delete(mine, stranger).status == 403
    assert daemon.get(mine.path).status == 200
    assert daemon.delete(mine, operator).status == 204, 'an operator may, by this way too'
