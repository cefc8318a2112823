# SPDX-License-Identifier: Apache-2.0
"""What a data directory must look like when nobody runs: the catalog agrees with itself, and the
segments hold what it names and not one page more.

    faults(folder)   a list of sentences; empty when all is well

The catalog is opened read-only (core/catalog/schema), the segments are mapped by the file system's
own list of what is allocated (FIEMAP) where there is one, else counted by their blocks.
"""
import array
import errno
import fcntl
import os
import pathlib
import shutil
import sqlite3
import struct

PAGE = 4096
BLOCK = 16384
HASH = 32
FS_IOC_FIEMAP = 0xC020660B
FIEMAP_FLAG_SYNC = 1
FIEMAP_EXTENT_LAST = 1
FIEMAP_COUNT = 1000
SLACK_BLOCKS = 64  # of a file system's own tree of extents, where blocks are all there is to count


def page_round(size):
    return -(-size // PAGE) * PAGE


def disk_size(size):
    """Bytes of a chunk in its segment: itself, and its leaves where there is more than one."""
    blocks = -(-size // BLOCK)
    return page_round(size) + (page_round(blocks * HASH) if blocks > 1 else 0)


def segments(folder):
    """{(shard, number): path} of all segment files."""
    found = {}
    for path in pathlib.Path(folder).glob('shard-*/seg-*.dat'):
        found[int(path.parent.name[6:]), int(path.name[4:-4])] = path
    return found


def catalog_copy(daemon):
    """The catalog as it is on the disk: a running daemon lets nobody else open it."""
    path = daemon.folder / 'copy.db'
    for end in ('', '-wal'):
        source = daemon.data / f'catalog.db{end}'
        target = daemon.folder / f'copy.db{end}'
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)
    return path


def chunks(daemon, name=None):
    """[(shard, segment, offset, size)] of all chunks, or of a file's in order."""
    db = sqlite3.connect(catalog_copy(daemon))
    try:
        if name is None:
            return db.execute('SELECT shard, segment, offset, size FROM chunk').fetchall()
        return db.execute(
            'SELECT c.shard, c.segment, c.offset, c.size FROM file f JOIN file_chunk fc '
            'ON fc.file_id = f.file_id JOIN chunk c ON c.root = fc.root AND c.size = fc.size '
            'WHERE f.name = ? ORDER BY fc.chunk_index', (name.encode(),)).fetchall()
    finally:
        db.close()


def flip(daemon, chunk, at):
    """One bit of one byte, @at bytes into the chunk, on the disk."""
    shard, segment, offset, _ = chunk
    path = segments(daemon.data)[shard, segment]
    with open(path, 'r+b') as file:
        file.seek(offset + at)
        byte = file.read(1)[0]
        file.seek(offset + at)
        file.write(bytes([byte ^ 0x10]))
        file.flush()
        os.fsync(file.fileno())


def blocks_allocated(folder):
    """Bytes that the segments take of the disk, as du counts."""
    return sum(os.stat(path).st_blocks * 512 for path in segments(folder).values())


def allocated(path):
    """[(first, end)] of what is allocated below the file's end, joined; None: cannot be known."""
    ranges = []
    with open(path, 'rb') as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        while at < size:
            request = array.array('B', struct.pack('=QQIIII', at, size - at, FIEMAP_FLAG_SYNC, 0,
                                                   FIEMAP_COUNT, 0) + bytes(56 * FIEMAP_COUNT))
            try:
                fcntl.ioctl(file, FS_IOC_FIEMAP, request)
            except OSError as error:
                if error.errno in (errno.EOPNOTSUPP, errno.ENOTTY):
                    return None
                raise
            count = struct.unpack_from('=I', request, 20)[0]
            is_last = count == 0
            for i in range(count):
                first, _, length, _, _, flags = struct.unpack_from('=QQQQQI', request, 32 + 56 * i)
                end = min(first + length, size)
                at = first + length
                is_last = is_last or bool(flags & FIEMAP_EXTENT_LAST)
                if first >= end:
                    continue
                if ranges and ranges[-1][1] == first:
                    ranges[-1] = (ranges[-1][0], end)
                else:
                    ranges.append((first, end))
            if is_last:
                break
    return ranges


def joined(ranges):
    """Sorted ranges, touching ones made one. Returns None when two overlap."""
    row = []
    for first, end in sorted(ranges):
        if row and first < row[-1][1]:
            return None
        if row and first == row[-1][1]:
            row[-1] = (row[-1][0], end)
        else:
            row.append((first, end))
    return row


def catalog_faults(db):
    """Rows that do not agree with each other."""
    def one(text):
        return db.execute(text).fetchone()[0]

    checks = [
        ('unfinished or half-deleted files', 'SELECT count(*) FROM file WHERE state <> 1'),
        ('rows of dropped', 'SELECT count(*) FROM dropped'),
        ('chunks with a wrong count of references',
         'SELECT count(*) FROM chunk c WHERE refs <> (SELECT count(*) FROM file_chunk f '
         'WHERE f.root = c.root AND f.size = c.size)'),
        ('file_chunks without a chunk',
         'SELECT count(*) FROM file_chunk f WHERE NOT EXISTS (SELECT 1 FROM chunk c '
         'WHERE f.root = c.root AND f.size = c.size)'),
        ('file_chunks without a file',
         'SELECT count(*) FROM file_chunk WHERE file_id NOT IN (SELECT file_id FROM file)'),
        ('files whose chunks do not add up',
         'SELECT count(*) FROM file WHERE file_size <> first_offset + '
         '(SELECT coalesce(sum(size), 0) FROM file_chunk f WHERE f.file_id = file.file_id) '
         'OR chunk_count - first_offset / 4194304 <> '
         '(SELECT count(*) FROM file_chunk f WHERE f.file_id = file.file_id)'),
        ('shares without a file',
         'SELECT count(*) FROM share WHERE share_id NOT IN '
         '(SELECT share_id FROM file WHERE share_id IS NOT NULL)'),
    ]
    faults = [f'catalog: {count} {what}' for what, text in checks if (count := one(text)) != 0]
    verdict = one('PRAGMA integrity_check')
    if verdict != 'ok':
        faults.append(f'catalog: {verdict}')
    return faults


def segment_faults(path, extents):
    """@extents: [(offset, size)] of the chunks that the catalog has in this segment."""
    name = f'{path.parent.name}/{path.name}'
    if not extents:
        return [f'{name}: nothing in it is named']
    live = joined([(offset, offset + disk_size(size)) for offset, size in extents])
    if live is None:
        return [f'{name}: extents overlap']
    faults = []
    status = os.stat(path)
    if live[-1][1] != status.st_size:
        faults.append(f'{name}: {status.st_size} bytes long, its last extent ends at {live[-1][1]}')
    on_disk = allocated(path)
    if on_disk is None:
        excess = status.st_blocks * 512 - sum(end - first for first, end in live)
        if not 0 <= excess <= SLACK_BLOCKS * 512:
            faults.append(f'{name}: {excess} bytes more than live extents')
    elif on_disk != live:
        faults.append(f'{name}: allocated {sorted(set(on_disk) - set(live))[:5]} instead of '
                      f'{sorted(set(live) - set(on_disk))[:5]}')
    return faults


def faults(folder):
    """After a start (which recovers) and an orderly stop, without an upload between them."""
    db = sqlite3.connect(f'file:{folder}/catalog.db?mode=ro', uri=True)
    try:
        found = catalog_faults(db)
        extents = {}
        for shard, segment, offset, size in db.execute(
                'SELECT shard, segment, offset, size FROM chunk'):
            extents.setdefault((shard, segment), []).append((offset, size))
    finally:
        db.close()
    paths = segments(folder)
    found += [f'segment {place} is gone' for place in extents if place not in paths]
    for place, path in sorted(paths.items()):
        found += segment_faults(path, extents.get(place, []))
    return found


def live_size(folder):
    """Bytes that all chunks of the catalog take in their segments."""
    db = sqlite3.connect(f'file:{folder}/catalog.db?mode=ro', uri=True)
    try:
        return sum(disk_size(size) for (size,) in db.execute('SELECT size FROM chunk'))
    finally:
        db.close()
