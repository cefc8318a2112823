# SPDX-License-Identifier: Apache-2.0
"""Daemons for tests: one for a whole file, or as many as a test makes. All end with the test."""
import shutil
import sys
import tempfile

import pytest

sys.dont_write_bytecode = True

import hawser  # noqa: E402


@pytest.fixture
def folder():
    """On the disk, not in memory: /tmp may be either, and O_DIRECT is what is meant to run."""
    path = tempfile.mkdtemp(prefix='hawser-test-')
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_daemon(folder):
    """make_daemon(key=value, ...): a started daemon; orderly stopped behind the test if it runs."""
    made = []

    def make(is_started=True, **options):
        daemon = hawser.Daemon(f'{folder}/{len(made)}', **options)
        made.append(daemon)
        return daemon.start() if is_started else daemon

    yield make
    try:
        for daemon in made:
            if daemon.process is not None:
                daemon.stop()
    finally:
        for daemon in made:
            daemon.end()


@pytest.fixture(scope='module')
def shared():
    """One daemon for all tests of a file: each leaves it as it found it, or adds files."""
    path = tempfile.mkdtemp(prefix='hawser-test-')
    daemon = hawser.Daemon(path).start()
    try:
        yield daemon
        daemon.stop()
    finally:
        daemon.end()
        shutil.rmtree(path, ignore_errors=True)
