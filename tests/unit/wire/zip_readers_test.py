#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: Python's zipfile and Info-ZIP's unzip read our archives, ZIP64's included.

Method: zip_tool writes the records, this test the contents between them. Names in many scripts,
empty files, times before 1980 and after 2107; no entry at all; files of exactly the sizes at which
ZIP64 begins, and entries behind 4 GiB (sparse files); more entries than 16 bits count. Each byte of
a small archive is compared with what zip_tool writes when it starts at any offset.
"""
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

SEED = 21
GIB = 1 << 30
FULL = 0xffffffff
NAMES = ['a', 'plain.txt', 'zwei Wörter.pdf', '日本語.bin', 'ελληνικά', '😀.png', 'x' * 255,
         'folder/inside.txt', 'folder/deeper/inside.txt', '-rf', '"quoted".c']


def entry(name, content=b'', size=None, crc=None, mtime=1_700_000_000):
    return {'name': name, 'content': content, 'size': len(content) if size is None else size,
            'crc': zlib.crc32(content) if crc is None else crc, 'mtime': mtime}


def make(tool, path, entries, offset=0):
    """The archive in @path; contents at the places that the tool says."""
    lines = ''.join(f'{e["size"]} {e["crc"]} {e["mtime"]} {e["name"]}\n' for e in entries)
    done = subprocess.run([tool, path, str(offset)], input=lines.encode(), check=True,
                          capture_output=True, timeout=120)
    contents = {e['name']: e['content'] for e in entries}
    with open(path, 'r+b') as file:
        for line in done.stdout.decode().splitlines():
            place, name = line.split(' ', 1)
            skip = max(0, offset - int(place))
            file.seek(int(place) + skip)
            file.write(contents[name][skip:])


def unzip_accepts(path):
    done = subprocess.run(['unzip', '-tqq', path], capture_output=True, timeout=120, check=False,
                          env=dict(os.environ, LC_ALL='C.UTF-8'))
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)


def local_offsets_fit(path, archive):
    """Each header lies where the directory says, and says the same."""
    with open(path, 'rb') as file:
        for info in archive.infolist():
            file.seek(info.header_offset)
            head = struct.unpack('<IHHHHHIIIHH', file.read(30))
            assert head[0] == 0x04034b50 and head[6] == info.CRC
            assert file.read(head[9]).decode() == info.filename
            assert head[8] == min(info.file_size, FULL), (info.filename, head)
            assert (head[1] == 45) == (info.file_size >= FULL)


def small(tool, folder):
    dice = random.Random(SEED)
    entries = [entry(name, dice.randbytes(dice.randint(0, 3000))) for name in NAMES]
    entries += [entry('empty'), entry('old', b'1', mtime=5), entry('new', b'2', mtime=5_000_000_000)]
    path = folder / 'small.zip'
    make(tool, path, entries)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [e['name'] for e in entries]
        for made in entries:
            assert archive.read(made['name']) == made['content']
            info = archive.getinfo(made['name'])
            assert info.compress_type == zipfile.ZIP_STORED and info.flag_bits == 0x800
            assert info.external_attr >> 16 == 0o100644
        at = time.gmtime(1_700_000_000)
        assert archive.getinfo('a').date_time == (*at[:5], at.tm_sec // 2 * 2)
        assert archive.getinfo('old').date_time == (1980, 1, 1, 0, 0, 0)
        assert archive.getinfo('new').date_time == (2107, 12, 31, 23, 59, 58)
        local_offsets_fit(path, archive)
    unzip_accepts(path)
    extract(path, folder / 'out', entries)
    whole = path.read_bytes()
    assert path.stat().st_size == len(whole)
    for offset in [0, 1, 29, 30, 31, len(whole) - 1, len(whole) - 22, len(whole) - 23] + \
            [dice.randrange(len(whole)) for _ in range(40)]:
        part = folder / 'part.zip'
        make(tool, part, entries, offset)
        assert part.read_bytes()[offset:] == whole[offset:], offset
        part.unlink()


def extract(path, out, entries):
    """As a user does it: names and times of the files that come out."""
    subprocess.run(['unzip', '-qq', path, '-d', out], check=True, timeout=120,
                   env=dict(os.environ, LC_ALL='C.UTF-8', TZ='Asia/Tokyo'))
    for made in entries:
        found = out / made['name']
        assert found.read_bytes() == made['content'], made['name']
        if made['mtime'] < 1 << 31:
            assert found.stat().st_mtime == made['mtime'], (made['name'], found.stat().st_mtime)
    shutil.rmtree(out)


def nothing(tool, folder):
    path = folder / 'nothing.zip'
    make(tool, path, [])
    assert path.stat().st_size == 22
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == []


def large(tool, folder):
    """Sizes and offsets around 32 bits; nobody reads the holes but one file behind them."""
    entries = [entry('fits', size=FULL - 1, crc=1), entry('first', size=FULL, crc=2),
               entry('far', size=5 * GIB, crc=3), entry('behind', b'the end of it')]
    path = folder / 'large.zip'
    make(tool, path, entries)
    with zipfile.ZipFile(path) as archive:
        assert [i.file_size for i in archive.infolist()] == [e['size'] for e in entries]
        assert archive.read('behind') == b'the end of it'
        assert archive.getinfo('behind').header_offset > 13 * GIB
        local_offsets_fit(path, archive)
    done = subprocess.run(['unzip', '-tqq', path, 'behind'], check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done
    path.unlink()


def many(tool, folder):
    for count in (65534, 65535, 70000):
        path = folder / 'many.zip'
        make(tool, path, [entry(f'{i:05}') for i in range(count)])
        with zipfile.ZipFile(path) as archive:
            assert len(archive.namelist()) == count
            assert archive.read(f'{count - 1:05}') == b''
        tail = path.read_bytes()[-98:]
        assert (tail[:4] == b'PK\x06\x06') == (count >= 65535)
        unzip_accepts(path)
        path.unlink()


def main():
    tool = sys.argv[1]
    print(f'seed {SEED}')
    with tempfile.TemporaryDirectory(prefix='hw-zip-') as name:
        for test in (small, nothing, large, many):
            test(tool, pathlib.Path(name))
            print(f'{test.__name__}: good')
    return 0


if __name__ == '__main__':
    sys.exit(main())
