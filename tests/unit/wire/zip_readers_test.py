#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: Python's zipfile and Info-ZIP's unzip read our archives, ZIP64's and data descriptors included;

bsdtar (also from a pipe, so without the directory) and 7-Zip do, where they are installed.

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


WHOLE, SIZED, OPEN = range(3)  # enum hw_zip_kind


def entry(name, content=b'', size=None, crc=None, mtime=1_700_000_000, kind=WHOLE):
    return {'name': name, 'content': content, 'size': len(content) if size is None else size,
            'crc': zlib.crc32(content) if crc is None else crc, 'mtime': mtime, 'kind': kind}


def make(tool, path, entries, offset=0):
    """The archive in @path; contents at the places that the tool says."""
    lines = ''.join(f'{e["size"]} {e["crc"]} {e["mtime"]} {e["kind"]} {e["name"]}\n' for e in entries)
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


def descriptors_fit(path, archive, entries):
    """Behind each file its descriptor, and behind that the next entry, or the directory."""
    kinds = {e['name']: e['kind'] for e in entries}
    end = 0
    with open(path, 'rb') as file:
        for info in archive.infolist():
            assert info.header_offset == end, info.filename
            file.seek(end)
            version, flags, _, _, crc, packed, size, name_size, extra_size = struct.unpack(
                '<4xHHHIIIIHH', file.read(30))
            kind, is_64 = kinds[info.filename], info.file_size >= FULL
            assert flags == info.flag_bits == (0x800 if kind == WHOLE else 0x808)
            assert crc == (info.CRC if kind == WHOLE else 0) and packed == size
            assert size == (FULL if is_64 or kind == OPEN else info.file_size)
            assert version == (45 if is_64 or kind == OPEN else 20)
            end += 30 + name_size + extra_size + info.file_size
            file.seek(end)
            if kind != WHOLE:
                form = '<4sIQQ' if is_64 or kind == OPEN else '<4sIII'
                end += struct.calcsize(form)
                assert struct.unpack(form, file.read(struct.calcsize(form))) == \
                    (b'PK\x07\x08', info.CRC, info.file_size, info.file_size)
        assert archive.start_dir == end


def others_accept(path, folder, entries):
    """From the directory at the end, and as it comes, without looking back."""
    out = folder / 'out'
    for reader in (['bsdtar', '-xf', path, '-C'], ['sh', '-c', f'cat {path} | bsdtar -xf - -C "$0"'],
                   ['7zz', 'x', '-y', path, '-o'], ['unzip', '-qq', path, '-d']):
        program = 'bsdtar' if reader[0] == 'sh' else reader[0]
        if shutil.which(program) is None:
            continue
        out.mkdir()
        line = [*reader[:-1], f'-o{out}'] if program == '7zz' else [*reader, out]
        done = subprocess.run(line, capture_output=True, timeout=120, check=False,
                              env=dict(os.environ, LC_ALL='C.UTF-8'))
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        for made in entries:
            assert (out / made['name']).read_bytes() == made['content'], (line, made['name'])
        shutil.rmtree(out)


def live(tool, folder):
    """What is known of a file before its bytes, and what is not."""
    dice = random.Random(SEED + 1)
    for count in (1, 2, 3, 30):
        for kinds in ([SIZED], [OPEN], [WHOLE, SIZED], [WHOLE, SIZED, OPEN]):
            entries = []
            for index in range(count):
                # Bytes that look like what ends them are bytes all the same.
                content = dice.randbytes(dice.choice([0, 1, 20, 3000, 70000]))
                content += dice.choice([b'', b'PK\x07\x08', b'PK\x03\x04' + bytes(30)])
                entries.append(entry(f'{index:02} ü', content, kind=dice.choice(kinds)))
            path = folder / 'live.zip'
            make(tool, path, entries)
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None
                assert [archive.read(e['name']) for e in entries] == [e['content'] for e in entries]
                descriptors_fit(path, archive, entries)
            unzip_accepts(path)
            others_accept(path, folder, entries)
            path.unlink()


def live_large(tool, folder):
    entries = [entry('sized', size=FULL - 1, crc=1, kind=SIZED), entry('open', size=FULL, crc=2, kind=OPEN),
               entry('long', size=5 * GIB, crc=3, kind=SIZED), entry('small', b'1', kind=OPEN),
               entry('behind', b'the end of it', kind=SIZED)]
    path = folder / 'large.zip'
    make(tool, path, entries)
    with zipfile.ZipFile(path) as archive:
        descriptors_fit(path, archive, entries)
        assert archive.read('behind') == b'the end of it'
    done = subprocess.run(['unzip', '-tqq', path, 'behind', 'small'], check=False,
                          capture_output=True, timeout=60)
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
        for test in (small, nothing, large, live, live_large, many):
            test(tool, pathlib.Path(name))
            print(f'{test.__name__}: good')
    return 0


if __name__ == '__main__':
    sys.exit(main())
