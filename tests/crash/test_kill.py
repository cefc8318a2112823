# SPDX-License-Identifier: Apache-2.0
"""Goal: what was acknowledged survives kill -9 at any moment, and what was not leaves nothing
behind (RELIABILITY C1).

Method: 16 clients upload, upload again and delete; after 50 to 600 ms the daemon is killed. The
next life must give back every acknowledged byte, keep every acknowledged delete, and, once it was
stopped in order, hold on disk what its catalog names and nothing else. HAWSER_CRASH_CYCLES=1000 for
a night.
"""
import os
import random
import threading
import time

import datadir
from hawser import MIB, Daemon, seed_of
from ledger import Ledger

CYCLES = int(os.environ.get('HAWSER_CRASH_CYCLES') or 25)
CLIENTS = 16
LIVE_SIZE_MAX = 128 * MIB  # what is kept between two cycles
LIVE_COUNT_MAX = 200
OLD_COUNT = 8  # files of earlier cycles that are read back in each; all of them at the end


def crash(daemon, ledger, dice):
    """Load it for a while, and kill it in the middle."""
    failures = []
    daemon.is_dying = False
    clients = [threading.Thread(target=ledger.load, args=(
        daemon, random.Random(dice.getrandbits(64)), failures)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(dice.uniform(0.05, 0.6))
    daemon.is_dying = True
    process = daemon.process
    process.kill()
    process.wait()
    for client in clients:
        client.join(60)
        assert not client.is_alive(), 'a client hangs on a dead daemon'
    daemon.kill()  # its log is looked at, and it is counted as ended
    assert not failures, failures


def trim(daemon, ledger, dice):
    """Delete some, so that a long campaign does not fill the disk; they count as the others do."""
    while len(ledger.kept) > LIVE_COUNT_MAX or \
            sum(promise.size for promise in ledger.kept) > LIVE_SIZE_MAX:
        ledger.delete(daemon, dice.choice(ledger.kept))
    del ledger.deleted[:-500]


def test_kill(folder):
    seed = seed_of('kill')
    dice = random.Random(seed)
    ledger = Ledger(seed)
    daemon = Daemon(folder, segment_size='32MiB').start()
    slowest = 0
    try:
        for cycle in range(CYCLES):
            where = f'seed {seed}, cycle {cycle}'
            old = list(ledger.kept)
            crash(daemon, ledger, dice)
            old = [promise for promise in old if promise in ledger.kept]
            fresh = [promise for promise in ledger.kept if promise not in old]
            begun = time.monotonic()
            daemon.start()
            assert daemon.get('/health').status == 200
            slowest = max(slowest, time.monotonic() - begun)
            old = dice.sample(old, min(OLD_COUNT, len(old)))
            faults = ledger.faults(daemon, fresh + old)
            assert not faults, f'{where}: {faults}'
            ledger.settle(daemon)
            daemon.stop()
            faults = datadir.faults(daemon.data)
            assert not faults, f'{where}: {faults}'
            daemon.start()
            trim(daemon, ledger, dice)
        daemon.stop()
        daemon.start()
        faults = ledger.faults(daemon)
        assert not faults, f'seed {seed}, the end: {faults}'
        daemon.stop()
        assert datadir.faults(daemon.data) == []
    finally:
        daemon.end()
    print(f'{CYCLES} cycles, {ledger.upload_count} uploads and {ledger.delete_count} deletes '
          f'acknowledged, slowest start {slowest:.2f} s')
    assert ledger.upload_count > CYCLES and ledger.delete_count > 0, 'the load was none'


def test_kill_while_it_recovers(folder):
    """Killed again and again before it is ready: recovery that is cut is done by the next one."""
    seed = seed_of('kill in recovery')
    dice = random.Random(seed)
    ledger = Ledger(seed)
    daemon = Daemon(folder, segment_size='16MiB').start()
    try:
        crash(daemon, ledger, dice)
        for _ in range(12):
            daemon.launch()
            time.sleep(dice.uniform(0.0, 0.06))
            daemon.kill()
        daemon.start()
        assert ledger.faults(daemon) == [], f'seed {seed}'
        daemon.stop()
        assert datadir.faults(daemon.data) == [], f'seed {seed}'
    finally:
        daemon.end()


def test_start_right_after_a_kill(folder):
    """The dead one's writes may still be under way: the next life waits for its lock."""
    seed = seed_of('hand over')
    dice = random.Random(seed)
    ledger = Ledger(seed)
    daemon = Daemon(folder).start()
    try:
        for turn in range(4):
            crash(daemon, ledger, dice)
            daemon.start()
            # New uploads at once, beside what the dead one may still write.
            for _ in range(3):
                ledger.upload(daemon, dice.randrange(MIB), dice.randint(1, 8 * MIB))
            faults = ledger.faults(daemon)
            assert not faults, f'seed {seed}, turn {turn}: {faults}'
            ledger.settle(daemon)
            trim(daemon, ledger, dice)
    finally:
        daemon.end()
