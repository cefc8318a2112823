-- SPDX-License-Identifier: Apache-2.0
-- Shares with a policy, uploads that are gone on with, chunks that were found damaged.

-- What its owner chose (share.h). mode: 0 stored, 1 live, 2 spilling. downloads_max 0: no limit;
-- expires_ms 0: never. Counters are those of its files; size is the sum of their counted.
-- ended_ms: it is gone, and its files are being let go of piece by piece.
-- message is last: what a look-up reads comes before the pages that a row overflows to.
ALTER TABLE share ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0 CHECK (expires_ms >= 0);
ALTER TABLE share ADD COLUMN downloads_max INTEGER NOT NULL DEFAULT 0 CHECK (downloads_max >= 0);
ALTER TABLE share ADD COLUMN downloads INTEGER NOT NULL DEFAULT 0 CHECK (downloads >= 0);
ALTER TABLE share ADD COLUMN mode INTEGER NOT NULL DEFAULT 0 CHECK (mode BETWEEN 0 AND 2);
ALTER TABLE share ADD COLUMN is_made_by_commit INTEGER NOT NULL DEFAULT 1;
ALTER TABLE share ADD COLUMN ended_ms INTEGER;
ALTER TABLE share ADD COLUMN size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0);
ALTER TABLE share ADD COLUMN file_count INTEGER NOT NULL DEFAULT 0 CHECK (file_count >= 0);
ALTER TABLE share ADD COLUMN part_count INTEGER NOT NULL DEFAULT 0 CHECK (part_count >= 0);
ALTER TABLE share ADD COLUMN link_name BLOB CHECK (length(link_name) BETWEEN 3 AND 64);
ALTER TABLE share ADD COLUMN password BLOB CHECK (length(password) BETWEEN 1 AND 128);
ALTER TABLE share ADD COLUMN message BLOB CHECK (length(message) BETWEEN 1 AND 1000);
CREATE UNIQUE INDEX share_by_link ON share (link_name) WHERE link_name IS NOT NULL;
CREATE INDEX share_by_created ON share (created_ms, share_id) WHERE ended_ms IS NULL;
CREATE INDEX share_by_expiry ON share (expires_ms) WHERE expires_ms > 0 AND ended_ms IS NULL;
CREATE INDEX share_by_ended ON share (ended_ms) WHERE ended_ms IS NOT NULL;

-- state: 0 unfinished, 1 sealed, 2 tombstoned but pinned, 3 its chunks are being released.
-- An unfinished file may have a share; then it is found, and what of it is durable is read.
-- length: bytes announced, NULL: nobody knows yet. tail_size: bytes that upload.tail has.
-- reserved: of length, what is not there yet. counted: what share.size has of it. Both are 0 for a
-- file that only passes by (mode live).
CREATE TABLE file_new (
  file_id     INTEGER PRIMARY KEY,
  state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
  file_size   INTEGER NOT NULL CHECK (file_size >= 0),   -- bytes, the sum of its chunks
  chunk_count INTEGER NOT NULL CHECK (chunk_count >= 0),
  length      INTEGER CHECK (length >= 0),
  tail_size   INTEGER NOT NULL DEFAULT 0 CHECK (tail_size BETWEEN 0 AND 16383),
  reserved    INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  counted     INTEGER NOT NULL DEFAULT 0 CHECK (counted >= 0),
  share_id    BLOB REFERENCES share (share_id),
  name        BLOB CHECK (length(name) BETWEEN 1 AND 255), -- UTF-8; NULL: part of another
  file_root   BLOB CHECK (length(file_root) = 32),
  crc32       INTEGER CHECK (crc32 BETWEEN 0 AND 4294967295),
  created_ms  INTEGER,
  CHECK (state < 2 OR (share_id IS NULL AND reserved = 0 AND counted = 0)),
  CHECK (state = 0 OR reserved = 0),
  CHECK (share_id IS NOT NULL OR name IS NULL),
  CHECK (share_id IS NULL OR created_ms IS NOT NULL),
  CHECK (state <> 1 OR (share_id IS NOT NULL AND file_root IS NOT NULL AND length = file_size
    AND tail_size = 0))
) STRICT;
INSERT INTO file_new (file_id, state, file_size, chunk_count, length, counted, share_id, name,
    file_root, created_ms)
  SELECT file_id, state, file_size, chunk_count, iif(state = 1, file_size, NULL),
    iif(state = 1, file_size, 0), share_id, iif(state = 1, name, NULL), file_root, created_ms
  FROM file;
DROP TABLE file;
ALTER TABLE file_new RENAME TO file;
CREATE UNIQUE INDEX file_by_name ON file (share_id, name) WHERE share_id IS NOT NULL;
CREATE INDEX file_by_state ON file (state) WHERE state <> 1;
UPDATE share SET
  size = (SELECT coalesce(sum(counted), 0) FROM file WHERE file.share_id = share.share_id),
  file_count = (SELECT count(*) FROM file WHERE file.share_id = share.share_id);

-- How to go on with a file: there is a row as long as its upload_id may be asked for. kind: 0 whole,
-- 1 part, 2 made of parts. expires_ms 0: never. merkle: simd/merkle.h; NULL, as tail, when sealed.
CREATE TABLE upload (
  file_id    INTEGER PRIMARY KEY REFERENCES file (file_id),
  upload_id  BLOB    NOT NULL UNIQUE CHECK (length(upload_id) = 16),
  kind       INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
  expires_ms INTEGER NOT NULL CHECK (expires_ms >= 0),
  is_sealed  INTEGER NOT NULL DEFAULT 0 CHECK (is_sealed IN (0, 1)),
  crc32      INTEGER NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295),
  merkle     BLOB,
  tail       BLOB,
  metadata   BLOB CHECK (length(metadata) BETWEEN 1 AND 4096)
) STRICT;
CREATE INDEX upload_by_expiry ON upload (expires_ms) WHERE expires_ms > 0 AND (is_sealed = 0 OR kind = 1);

-- Its bytes did not match its root: nobody else gets a reference to it.
ALTER TABLE chunk ADD COLUMN damaged_ms INTEGER;

-- What was there. kind: 0 share, 1 link's name, 2 upload.
CREATE TABLE gone (
  kind    INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
  id      BLOB    NOT NULL,
  gone_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX gone_by_time ON gone (gone_ms);

-- Sums, in one row, so that a start need not add up a million rows.
CREATE TABLE total (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  stored   INTEGER NOT NULL CHECK (stored >= 0),   -- bytes of all chunks
  reserved INTEGER NOT NULL CHECK (reserved >= 0)  -- of all files
) STRICT;
INSERT INTO total SELECT 1, coalesce(sum(size), 0), 0 FROM chunk;
