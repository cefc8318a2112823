# SPDX-License-Identifier: Apache-2.0
"""Goal: an offset that was acknowledged is kept through kill -9 at any moment, and the upload goes
on from there to the right file.

Method: 8 clients send pieces of random sizes, some cut short; the daemon is killed after 50 to 400
ms. In the next life HEAD must not say less than was acknowledged (tus.Upload asserts it); the
clients go on. In the end every file is whole, and the disk holds what the catalog names.
"""
import os
import random
import threading
import time

import datadir
import tus
from hawser import BLOCK, KIB, MIB, Daemon, seed_of
from ledger import Ledger

CYCLES = int(os.environ.get('HAWSER_CRASH_CYCLES') or 15)
CLIENTS = 8


def send(daemon, upload, dice, failures):
    """One client, until its file is whole or the daemon is gone."""
    try:
        offset = upload.offset()
        while offset < len(upload.data):
            left = len(upload.data) - offset
            size = min(left, dice.choice([1, BLOCK, dice.randint(1, 100 * KIB), 4 * MIB]))
            if dice.random() < 0.2:
                upload.cut(offset, left, dice.randint(0, size), dice.random() < 0.5)
                offset = upload.offset()
            else:
                offset = upload.patch(offset, size)
    except (OSError, AssertionError) as error:
        if not daemon.is_dying:
            failures.append(repr(error))


def begin(daemon, ledger, share, dice):
    size = dice.choice([dice.randint(1, 100 * KIB), dice.randint(1, 12 * MIB)])
    upload = tus.Upload(daemon, share, f'f{len(ledger.uploads)}',
                        ledger.files.window(dice.randrange(MIB), size), dice.random() < 0.3)
    ledger.uploads.append(upload)
    return upload


def test_kill_uploads(folder):
    seed = seed_of('tus kill')
    dice = random.Random(seed)
    ledger = Ledger(seed)
    daemon = Daemon(folder, segment_size='32MiB', reactors='2').start()
    share = daemon.put(b'first')
    try:
        for cycle in range(CYCLES):
            failures = []
            daemon.is_dying = False
            open_ones = [one for one in ledger.uploads if one.acked < len(one.data)][:CLIENTS]
            while len(open_ones) < CLIENTS:
                open_ones.append(begin(daemon, ledger, share, dice))
            clients = [threading.Thread(target=send, args=(
                daemon, one, random.Random(dice.getrandbits(64)), failures)) for one in open_ones]
            for client in clients:
                client.start()
            time.sleep(dice.uniform(0.05, 0.4))
            daemon.is_dying = True
            daemon.process.kill()
            daemon.process.wait()
            for client in clients:
                client.join(60)
                assert not client.is_alive(), 'a client hangs on a dead daemon'
            daemon.kill()
            assert not failures, f'seed {seed}, cycle {cycle}: {failures}'
            daemon.start()
            for upload in ledger.uploads:
                upload.offset()
        for upload in ledger.uploads:
            upload.finish()
            upload.check()
        daemon.stop()
        daemon.start()  # what the last life had open is cut to its size
        daemon.stop()
        faults = datadir.faults(daemon.data)
        assert not faults, f'seed {seed}: {faults}'
    finally:
        daemon.end()
