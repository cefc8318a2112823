# SPDX-License-Identifier: Apache-2.0
"""Goal: the reference client of tus, as others use it, sends to this server.

Method: tus-js-client under node (tests/integration/tus), installed into build/ by its lock file: in
chunks, aborted and found again, with a length that is deferred, and through the daemon's restart.
"""
import os
import pathlib
import shutil
import subprocess
import threading
import time

import pytest

from hawser import MIB, ROOT, Bytes, seed_of

SOURCE = pathlib.Path(__file__).parent / 'tus'
SIZE = 23 * MIB + 4711


@pytest.fixture(scope='module')
def client():
    """The folder with the script and its modules. Installed once for a lock file."""
    folder = ROOT / 'build/tus-js'
    lock = (SOURCE / 'package-lock.json').read_bytes()
    stamp = folder / 'installed'
    folder.mkdir(parents=True, exist_ok=True)
    for name in ('package.json', 'package-lock.json', 'upload.js'):
        shutil.copyfile(SOURCE / name, folder / name)
    if not stamp.exists() or stamp.read_bytes() != lock:
        subprocess.run(['npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts'], cwd=folder,
                       check=True, stdin=subprocess.DEVNULL, timeout=240)
        stamp.write_bytes(lock)
    return folder


@pytest.fixture(scope='module')
def data():
    return Bytes(seed_of('tus-js'), SIZE).window(0, SIZE)


@pytest.fixture
def file(folder, data):
    path = pathlib.Path(folder) / 'sent.bin'
    path.write_bytes(data)
    return path


def send(client, daemon, share, how, file, name):
    endpoint = f'http://127.0.0.1:{daemon.port}/api/v1/shares/{share.id}/files'
    return subprocess.run(
        ['node', 'upload.js', how, str(file), endpoint, share.token, name,
         str(file.parent / f'{how}.json')],
        cwd=client, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, 'NODE_PATH': ''})


@pytest.mark.parametrize('how', ['whole', 'abort', 'deferred'])
def test_client(shared, client, file, data, how):
    share = shared.put(b'first')
    ended = send(client, shared, share, how, file, f'{how}.bin')
    assert ended.returncode == 0, ended.stderr
    assert '/api/v1/uploads/' in ended.stdout
    assert shared.is_same(f'/s/{share.id}/{how}.bin', data)


def test_client_goes_on_behind_a_restart(make_daemon, client, file, data):
    daemon = make_daemon()
    share = daemon.put(b'first')
    daemon.options['listen'] = f'127.0.0.1:{daemon.port}'
    ended = []
    sender = threading.Thread(
        target=lambda: ended.append(send(client, daemon, share, 'whole', file, 'restart.bin')))
    sender.start()
    while 'tus.saved' not in daemon.text() and sender.is_alive():
        time.sleep(0.005)
    daemon.kill()
    daemon.start()
    sender.join()
    assert ended[0].returncode == 0, ended[0].stderr
    assert daemon.is_same(f'/s/{share.id}/restart.bin', data)
