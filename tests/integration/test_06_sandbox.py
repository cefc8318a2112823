# SPDX-License-Identifier: Apache-2.0
"""Goal: the daemon shuts itself in, keeps others out of its data, and goes on with less than it
likes.

Method: what /proc says of each thread; a second daemon; a nobody with little memory to lock; a file
system in memory.
"""
import os
import pathlib
import shutil
import subprocess

import pytest

import hawser
from hawser import MIB, Bytes, Daemon

NOBODY = 65534


@pytest.fixture(scope='module')
def files():
    return Bytes(6, 20 * MIB)


def works(daemon, files):
    data = files.window(0, 20 * MIB)
    share = daemon.put(data)
    assert daemon.is_same(share.path, data)
    daemon.stop()
    daemon.start()
    assert daemon.is_same(share.path, data)
    assert daemon.delete(share).status == 204


def threads(daemon):
    """field -> value of /proc/PID/task/*/status, each."""
    for path in pathlib.Path(f'/proc/{daemon.process.pid}/task').glob('*/status'):
        yield dict(line.split(':\t', 1) for line in path.read_text().splitlines())


def test_every_thread_is_locked(shared):
    found = list(threads(shared))
    assert len(found) >= 3
    for fields in found:
        assert fields['NoNewPrivs'] == '1' and fields['Seccomp'] == '2', fields['Name']
    line = shared.events('sandbox.on')[0]
    assert line['level'] in ('info', 'warn')
    assert line['no_second_ring'] is True


def test_sandbox_off_is_told(make_daemon, files):
    daemon = make_daemon(sandbox='off')
    assert daemon.events('sandbox.off')[0]['level'] == 'warn'
    assert all(fields['Seccomp'] == '0' for fields in threads(daemon))
    works(daemon, files)


def test_root_is_given_up(make_daemon, files, folder):
    if os.geteuid() != 0:
        pytest.skip('no root to give up')
    os.chmod(folder, 0o755)
    daemon = make_daemon(is_started=False, user='nobody')
    daemon.folder.mkdir()
    daemon.start()
    for fields in threads(daemon):
        assert set(fields['Uid'].split()) == {str(NOBODY)}, fields['Name']
        assert int(fields['CapEff'], 16) == 0 and fields['Groups'].split() == []
    assert os.stat(daemon.data).st_uid == NOBODY
    works(daemon, files)


def test_root_that_stays_is_told(make_daemon):
    if os.geteuid() != 0:
        pytest.skip('not root')
    assert make_daemon().events('user.root')[0]['level'] == 'warn'


def test_one_daemon_a_data_dir(make_daemon, files):
    first = make_daemon()
    share = first.put(files.window(0, MIB))
    second = Daemon(first.folder)
    second.starts = 10
    second.launch()
    try:
        assert second.process.wait(30) == 1
    finally:
        second.end()
    line = second.log()[-1]
    assert line['event'] == 'data_dir.busy' and 'another hawserd' in line['advice']
    assert first.is_same(share.path, files.window(0, MIB))


def test_the_directory_is_private(make_daemon):
    daemon = make_daemon()
    daemon.put(b'x')
    for path in [daemon.data, *daemon.data.rglob('*')]:
        assert path.stat().st_mode & 0o077 == 0, path


def as_nobody(limit):
    if os.geteuid() != 0:
        return ['prlimit', f'--memlock={limit}']
    if shutil.which('setpriv') is None:
        pytest.skip('no setpriv')
    return ['prlimit', f'--memlock={limit}', 'setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}',
            '--clear-groups']


def public_binary(folder):
    """The daemon where nobody may run it: a checkout may be private."""
    path = os.path.join(folder, 'hawserd')
    shutil.copy(hawser.binary(), path)
    os.chmod(path, 0o755)
    return path


def nobodys_daemon(folder, monkeypatch, limit, **options):
    os.chmod(folder, 0o755)
    monkeypatch.setenv('HAWSERD', public_binary(folder))
    daemon = Daemon(folder + '/n', prefix=as_nobody(limit), **options)
    daemon.folder.mkdir()
    if os.geteuid() == 0:
        os.chown(daemon.folder, NOBODY, NOBODY)
    return daemon


@pytest.mark.parametrize('options', [
    {}, {'memory': '64MiB', 'connections_max': '8192'},
    {'memory': '6MiB', 'connections_max': '8192', 'reactors': '2'},
])
def test_little_locked_memory(folder, files, monkeypatch, options):
    """8 MiB of RLIMIT_MEMLOCK, as systems have it, and no root to be above it: a warning, and all
    works."""
    daemon = nobodys_daemon(folder, monkeypatch, 8 * MIB, **options)
    try:
        daemon.start()
        hawser.wait_until(lambda: daemon.events('memory.unregistered'))
        line = daemon.events('memory.unregistered')[0]
        assert line['level'] == 'warn' and 'RLIMIT_MEMLOCK' in line['advice']
        works(daemon, files)
        daemon.stop()
    finally:
        daemon.end()


def test_too_little_locked_memory(folder, monkeypatch):
    """Not even for the rings: no start, and a sentence that says what to raise."""
    daemon = nobodys_daemon(folder, monkeypatch, 64 * 1024)
    daemon.launch()
    try:
        assert daemon.process.wait(30) == 1
        assert 'RLIMIT_MEMLOCK' in daemon.log()[-1]['advice']
    finally:
        daemon.end()


def test_few_descriptors(make_daemon, files):
    daemon = make_daemon(prefix=['prlimit', '--nofile=300:300'], reactors='1')
    assert daemon.events('connections.fewer')[0]['level'] == 'warn'
    works(daemon, files)


@pytest.fixture
def memory_folder():
    """A file system in memory: /dev/shm, or one that we mount."""
    place = pathlib.Path('/dev/shm/hawser-test-%d' % os.getpid())
    kind = subprocess.run(['stat', '-f', '-c', '%T', '/dev/shm'], capture_output=True, text=True,
                          check=False).stdout.strip()
    if kind != 'tmpfs':
        pytest.skip('/dev/shm is no tmpfs here')
    place.mkdir()
    yield place
    shutil.rmtree(place)


def test_data_in_memory(make_daemon, memory_folder, files):
    """tmpfs may have no O_DIRECT and no list of extents: it must do."""
    daemon = make_daemon(data_dir=str(memory_folder / 'data'))
    works(daemon, files)


def test_without_direct_io(make_daemon, files):
    works(make_daemon(direct_io='off'), files)


@pytest.mark.parametrize('simd', ['scalar', 'shani', 'avx2', 'avx512'])
def test_every_kernel_agrees(folder, files, simd):
    daemon = Daemon(folder, simd=simd)
    daemon.launch()
    try:
        hawser.wait_until(lambda: daemon.process.poll() is not None or '"ready"' in daemon.text())
        if daemon.process.poll() is not None:
            assert daemon.log()[-1]['event'] == 'simd.missing'
            pytest.skip(f'this cpu has no {simd}')
        daemon.port = int(daemon.ready_url().rsplit(':', 1)[1])
        data = files.window(3, 9 * MIB + 5)
        assert daemon.put(data).root == hawser.root_of(data)
        daemon.stop()
    finally:
        daemon.end()
