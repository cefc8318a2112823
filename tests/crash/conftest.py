# SPDX-License-Identifier: Apache-2.0
"""The daemon and the data directory's checker are those of tests/integration."""
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix='hawser-crash-')
    yield path
    shutil.rmtree(path, ignore_errors=True)
