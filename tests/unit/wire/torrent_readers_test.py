#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: libtorrent 2.0 reads our .torrent, and would have made the same of the same file.

Method: files at the edges of blocks and chunks and some between; ours is decoded and encoded again
(the same bytes: its form is canonical), read as a torrent (root, size, web seed, date, info hash),
and compared, info and piece layers, with a v2-only torrent that libtorrent made of the file.
"""
import os
import random
import subprocess
import sys
import tempfile

import libtorrent

SEED = 19
MIB = 1 << 20
PIECE_SIZE = 4 * MIB
SIZES = [1, 16383, 16384, 16385, 70000, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 8 * MIB, 8 * MIB + 5,
         9 * MIB + 12345, 13 * MIB]
NAMES = ['plain.bin', 'zwei Wörter.pdf', '日本語', 'x' * 240]
URL = 'http://example.org:5000/s/abcdefghijklmnopqrstuvwxyz/'
TIME = 1_700_000_000


def theirs(folder, name):
    storage = libtorrent.file_storage()
    libtorrent.add_files(storage, os.path.join(folder, name))
    torrent = libtorrent.create_torrent(storage, PIECE_SIZE, libtorrent.create_torrent.v2_only)
    libtorrent.set_piece_hashes(torrent, folder)
    return torrent.generate()


def ours(tool, path, name, url=URL):
    done = subprocess.run([tool, path, name, url, str(TIME)], check=True, capture_output=True,
                          timeout=120)
    return done.stdout


def check(tool, folder, name, size, dice):
    path = os.path.join(folder, name)
    with open(path, 'wb') as file:
        file.write(dice.randbytes(size))
    made = ours(tool, path, name)
    decoded = libtorrent.bdecode(made)
    assert libtorrent.bencode(decoded) == made, 'not canonical'
    wanted = theirs(folder, name)
    assert decoded[b'info'] == wanted[b'info'], (decoded[b'info'], wanted[b'info'])
    assert decoded[b'piece layers'] == wanted.get(b'piece layers', {})
    assert (len(decoded[b'piece layers']) == 1) == (size > PIECE_SIZE)
    info = libtorrent.torrent_info(libtorrent.bdecode(made))
    assert info.info_hashes().v2 == libtorrent.torrent_info(wanted).info_hashes().v2
    assert info.is_valid() and not info.info_hashes().has_v1()
    # Read from a v2 torrent, the last file too is padded to a whole piece.
    files = info.files()
    real = [i for i in range(files.num_files())
            if not files.file_flags(i) & libtorrent.file_storage.flag_pad_file]
    found = [(files.file_path(i), files.file_size(i), str(files.root(i))) for i in real]
    root = decoded[b'info'][b'file tree'][name.encode()][b''][b'pieces root']
    assert found == [(name, size, root.hex())] and info.name() == name, found
    assert info.piece_length() == PIECE_SIZE and info.creation_date() == TIME
    assert [seed['url'] for seed in info.web_seeds()] == [URL]
    os.unlink(path)


def empty(tool, folder):
    """BEP 52 gives an empty file no root, and no piece layers."""
    path = os.path.join(folder, 'nothing')
    with open(path, 'wb'):
        pass
    decoded = libtorrent.bdecode(ours(tool, path, 'nothing'))
    assert decoded[b'info'][b'file tree'] == {b'nothing': {b'': {b'length': 0}}}
    assert decoded[b'piece layers'] == {}


def main():
    tool = sys.argv[1]
    print(f'libtorrent {libtorrent.__version__}, seed {SEED}')
    assert libtorrent.__version__.startswith('2.'), 'libtorrent 1 has no BitTorrent v2'
    dice = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix='hw-torrent-') as folder:
        for index, size in enumerate(SIZES):
            check(tool, folder, NAMES[index % len(NAMES)], size, dice)
        empty(tool, folder)
    print(f'{len(SIZES)} sizes: good')
    return 0


if __name__ == '__main__':
    sys.exit(main())
