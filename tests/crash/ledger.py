# SPDX-License-Identifier: Apache-2.0
"""What clients were promised, and whether it was kept.

A client that got 201 wrote down (path, token, where its bytes are in the pool); one that got 204
for a delete crossed it out. What was under way when the daemon died is in doubt: there or not, but
never half. The bytes themselves are not kept: they are windows into one pool.
"""
import threading

from hawser import MIB, Bytes, Share

SIZE_MAX = 12 * MIB


class Promise:
    """One acknowledged file."""

    def __init__(self, share, offset, size):
        self.share = share
        self.offset = offset
        self.size = size


class Ledger:
    """Shared by the clients of a campaign; survives every crash of the daemon."""

    def __init__(self, seed):
        self.files = Bytes(seed, SIZE_MAX)
        self.lock = threading.Lock()
        self.kept = []       # acknowledged
        self.deleted = []    # acknowledged deletes
        self.in_doubt = []   # a delete without an answer
        self.uploads = []    # tus: each knows what was acknowledged of it
        self.upload_count = 0  # acknowledged, ever
        self.delete_count = 0

    def data(self, promise):
        return self.files.window(promise.offset, promise.size)

    # -- what clients do; each may end in OSError or AssertionError when the daemon dies

    def upload(self, daemon, offset, size, dice=None):
        data = self.files.window(offset, size)
        share = daemon.put(data) if dice is None else daemon.put_chunked(data, dice)
        promise = Promise(share, offset, size)
        with self.lock:
            self.kept.append(promise)
            self.upload_count += 1
        return promise

    def delete(self, daemon, promise):
        with self.lock:
            if promise not in self.kept:
                return  # somebody else's
            self.kept.remove(promise)
            self.in_doubt.append(promise)
        answer = daemon.delete(promise.share)
        assert answer.status == 204, answer.status
        with self.lock:
            self.in_doubt.remove(promise)
            self.deleted.append(promise)
            self.delete_count += 1

    def load(self, daemon, dice, failures):
        """One client, until the daemon is gone. New bytes, bytes seen before, deletes."""
        try:
            while True:
                turn = dice.random()
                with self.lock:
                    known = dice.choice(self.kept) if self.kept else None
                if turn < 0.2 and known is not None:
                    self.delete(daemon, known)
                elif turn < 0.4 and known is not None:
                    self.upload(daemon, known.offset, known.size)
                else:
                    size = dice.choice([dice.randint(1, 20_000), dice.randint(1, SIZE_MAX)])
                    chunked = dice if dice.random() < 0.3 else None
                    self.upload(daemon, dice.randrange(MIB), size, chunked)
        except (OSError, AssertionError) as error:
            if daemon.process.poll() is None and not daemon.is_dying:
                failures.append(repr(error))

    # -- what must be true afterwards

    def faults(self, daemon, kept=None):
        """Read back what was promised; sentences, empty when all is well. @kept: only these of the
        files; deletes are all asked for."""
        found = []
        for promise in self.kept if kept is None else kept:
            if not daemon.is_same(promise.share.path, self.data(promise)):
                found.append(f'lost or changed: {promise.size} bytes')
        for promise in self.deleted:
            status = daemon.ask('HEAD', promise.share.path).status
            if status != 404:
                found.append(f'deleted, and there again: {promise.size} bytes, {status}')
        for promise in self.in_doubt:
            status = daemon.ask('HEAD', promise.share.path).status
            if status != 404 and not daemon.is_same(promise.share.path, self.data(promise)):
                found.append(f'half deleted: {promise.size} bytes, {status}')
        return found

    def settle(self, daemon):
        """After a restart nothing is in doubt any more."""
        for promise in self.in_doubt:
            is_gone = daemon.ask('HEAD', promise.share.path).status == 404
            (self.deleted if is_gone else self.kept).append(promise)
        self.in_doubt.clear()


def share_of(path):
    """A share that nobody ever made; for the checker's own test."""
    share = Share.__new__(Share)
    share.path = path
    share.token = 'A' * 43
    share.id = path.split('/')[2]
    return share
