# SPDX-License-Identifier: Apache-2.0
"""Goal: what was acknowledged survives a power cut, on drives that lose what they were not told to keep.

Method: three clients upload and delete; the machine goes off in the middle, and later right behind an
answer; the drives keep, lose or tear each write that they had not flushed; the next life, on the same
drives, must give back every acknowledged byte, and its data must be sound. Segments are on one drive
and the catalog on another, so that a flush of one does not do the work of the other's. tests/crash
kills the process alone: what it has written, its kernel still has. Here a missing fdatasync loses files.

What this does not show: drives that lie about flushes, or lose what they were told to keep.
"""
import random
import threading
import time

import pytest

import tus
from guest import DRIVES
from hawser import KIB, MIB, wait_until
from ledger import Ledger

CLIENTS = 3
UPLOADS_MIN = 8  # acknowledged before the power goes; and then some time more
RECENT = 4  # of what survived the first time only these are looked at again
DATA = '/disk/cut'
SHARDS = ('shard-00', 'shard-01')


def start(machine):
    for shard in SHARDS:
        machine.shell(f'mkdir -p {DATA}/{shard} /segments/{shard}; '
                      f'mount -o bind /segments/{shard} {DATA}/{shard}')
    machine.shell(f'chown -R hawser:hawser {DATA}')
    machine.daemon_start(data_dir=DATA)


def load(machine, ledger):
    """Until the machine goes off."""
    failures = []
    machine.is_dying = False
    clients = [threading.Thread(target=ledger.load,
                                args=(machine, random.Random(ledger.seed + index), failures))
               for index in range(CLIENTS)]
    for client in clients:
        client.start()
    wait_until(lambda: ledger.upload_count >= UPLOADS_MIN or failures, 60, 'some uploads')
    time.sleep(random.Random(ledger.seed).uniform(0, 0.3))
    machine.is_dying = True
    machine.process.kill()
    machine.process.wait()
    for client in clients:
        client.join(60)
        assert not client.is_alive(), 'a client hangs on a dead machine'
    machine.power_cut()
    assert not failures, failures


@pytest.fixture
def ledger(machine):
    seed = machine.drives[0].dice.getrandbits(32)
    one = Ledger(seed)
    one.seed = seed
    return one


def test_acknowledged_is_there_after_power_cuts(machine, ledger):
    start(machine)
    load(machine, ledger)
    machine.boot()
    start(machine)
    assert ledger.faults(machine) == []
    ledger.settle(machine)
    # Now right behind an answer, with nobody else's flush between; and the drives do lose.
    files = ledger.files
    for drive in DRIVES:
        machine.shell(f'dd if=/dev/urandom of=/{drive}/kept bs=64k count=4 conv=fsync')
    kept = machine.shell('sha256sum /*/kept')
    share = machine.put(files.window(0, 100 * KIB))
    upload = tus.Upload(machine, share, 'rest', files.window(1, 8 * MIB))
    upload.patch(0, 5 * MIB)
    ledger.upload(machine, 3, MIB)
    for drive in DRIVES:
        machine.shell(f'dd if=/dev/urandom of=/{drive}/lost bs=64k count=4 oflag=direct')
    machine.power_cut(lambda size: 0)
    machine.boot()
    assert machine.shell('sha256sum /*/kept') == kept
    lost = machine.shell('find /disk /segments -name lost -size +0')
    assert lost == '', 'the drives lose nothing, so this test shows nothing'
    start(machine)
    assert ledger.faults(machine, ledger.kept[-RECENT:]) == []
    assert upload.offset() == 5 * MIB
    upload.finish()
    upload.check()
    machine.daemon_stop()
    machine.check(DATA)
