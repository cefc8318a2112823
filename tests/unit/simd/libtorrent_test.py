#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: our file root and piece layer are those of libtorrent 2.0, bit for bit.

Method: files of random bytes, at the edges of blocks and chunks and at random sizes up to 40 MiB; a
v2-only torrent is made of each by libtorrent, and `pieces root` and `piece layers` are compared with
what merkle_tool prints. A missing libtorrent is a failure, not a skip: without it nothing is proven.
"""
import os
import random
import subprocess
import sys
import tempfile

import libtorrent

SEED = 52
MIB = 1 << 20
EDGES = [1, 16383, 16384, 16385, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 8 * MIB + 5]
RANDOM_COUNT = 25
PIECE_SIZE = 4 * MIB


def theirs(folder, name):
    """(root, [hash of each 4 MiB piece; empty for files of one piece or less]) by libtorrent."""
    storage = libtorrent.file_storage()
    libtorrent.add_files(storage, os.path.join(folder, name))
    torrent = libtorrent.create_torrent(storage, PIECE_SIZE, libtorrent.create_torrent.v2_only)
    libtorrent.set_piece_hashes(torrent, folder)
    made = torrent.generate()
    root = made[b'info'][b'file tree'][name.encode()][b''][b'pieces root']
    layer = made.get(b'piece layers', {}).get(root, b'')
    return root.hex(), [layer[i:i + 32].hex() for i in range(0, len(layer), 32)]


def ours(tool, path, kernel):
    lines = subprocess.run([tool, path, kernel], check=True, capture_output=True,
                           text=True, timeout=120).stdout.split()
    return lines[0], lines[1:]


def main():
    tool = sys.argv[1]
    print(f'libtorrent {libtorrent.__version__}, seed {SEED}')
    assert libtorrent.__version__.startswith('2.'), 'libtorrent 1 has no BitTorrent v2'
    dice = random.Random(SEED)
    sizes = EDGES + [dice.randint(1, 40 * MIB) for _ in range(RANDOM_COUNT)]
    faults = 0
    with tempfile.TemporaryDirectory(prefix='hw-libtorrent-') as folder:
        for size in sizes:
            name = f'f{size}'
            path = os.path.join(folder, name)
            with open(path, 'wb') as file:
                file.write(dice.randbytes(size))
            want = theirs(folder, name)
            # The portable kernel too where it is quick, so that a fault of a kernel stands out.
            for kernel in ['auto', 'scalar'] if size <= 9 * MIB else ['auto']:
                got = ours(tool, path, kernel)
                if got != want:
                    print(f'size {size} {kernel}: ours {got}, theirs {want}')
                    faults += 1
            os.unlink(path)
    print(f'{len(sizes)} sizes, {faults} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
