# SPDX-License-Identifier: Apache-2.0
"""Virtual machines for tests: one for all tests of a kernel, and ended with them."""
import pathlib
import sys

import pytest

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / 'integration'), str(TESTS / 'crash')]

import guest  # noqa: E402
import hawser  # noqa: E402
import kernels  # noqa: E402


@pytest.fixture(scope='session', params=kernels.SUITES)
def machine(request):
    """Booted; hawserd does not run yet. At the end the kernel must have found no fault in itself."""
    try:
        kernel = kernels.kernel(request.param)
    except kernels.NoKernel as trouble:
        pytest.fail(str(trouble), pytrace=False)
    seed = hawser.seed_of(f'Linux {request.param}')
    with guest.Guest(kernel, hawser.binary(), seed) as one:
        one.boot()
        yield one
        one.check_console()


@pytest.fixture(scope='module')
def daemon(machine):
    """The same, with hawserd in it, which must end in order and leave sound data behind."""
    machine.daemon_start()
    yield machine
    machine.daemon_stop()
    machine.check()
