-- SPDX-License-Identifier: Apache-2.0
-- The catalog's first schema. A schema that was released never changes: add NNNN+1.sql.
PRAGMA application_id = 0x48777331; -- "Hws1"

-- What a link names. A share whose last file is deleted goes in the same transaction.
CREATE TABLE share (
  share_id   BLOB    NOT NULL PRIMARY KEY CHECK (length(share_id) = 16),
  owner_hash BLOB    NOT NULL CHECK (length(owner_hash) = 32), -- SHA-256 of the owner's token
  created_ms INTEGER NOT NULL                                  -- wall clock, UTC
) STRICT, WITHOUT ROWID;

-- state: 0 unfinished, 1 sealed, 2 tombstoned but pinned, 3 its chunks are being released.
-- Only a sealed file has a share and a name: so nothing else can be found by them.
CREATE TABLE file (
  file_id     INTEGER PRIMARY KEY,
  state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
  file_size   INTEGER NOT NULL CHECK (file_size >= 0),   -- bytes, the sum of its chunks
  chunk_count INTEGER NOT NULL CHECK (chunk_count >= 0),
  share_id    BLOB REFERENCES share (share_id),
  name        BLOB CHECK (length(name) BETWEEN 1 AND 255), -- UTF-8, compared as bytes
  file_root   BLOB CHECK (length(file_root) = 32),
  created_ms  INTEGER,
  CHECK ((state = 1) = (share_id IS NOT NULL)),
  CHECK (state <> 1 OR (name IS NOT NULL AND file_root IS NOT NULL AND created_ms IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX file_by_name ON file (share_id, name) WHERE share_id IS NOT NULL;
CREATE INDEX file_by_state ON file (state) WHERE state <> 1;

-- A chunk is known by its root AND its size. The root alone does not do: leaves and inner nodes
-- of the tree (BEP 52) are hashed alike, so the 64 bytes of two leaf hashes are a chunk of one
-- block with the same root as the two blocks themselves.
CREATE TABLE chunk (
  root    BLOB    NOT NULL CHECK (length(root) = 32),
  size    INTEGER NOT NULL CHECK (size BETWEEN 1 AND 4194304), -- bytes
  shard   INTEGER NOT NULL,
  segment INTEGER NOT NULL,
  offset  INTEGER NOT NULL CHECK (offset >= 0), -- bytes, in the segment
  refs    INTEGER NOT NULL CHECK (refs > 0),    -- rows of file_chunk that name it
  PRIMARY KEY (root, size)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX chunk_by_place ON chunk (shard, segment, offset);

-- No foreign key to chunk: refs is that, and it is checked where it changes.
CREATE TABLE file_chunk (
  file_id     INTEGER NOT NULL REFERENCES file (file_id),
  chunk_index INTEGER NOT NULL,
  root        BLOB    NOT NULL CHECK (length(root) = 32),
  size        INTEGER NOT NULL,
  PRIMARY KEY (file_id, chunk_index)
) STRICT, WITHOUT ROWID;

-- The durable list of what is to be punched out.
CREATE TABLE dropped (
  shard   INTEGER NOT NULL,
  segment INTEGER NOT NULL,
  offset  INTEGER NOT NULL,
  size    INTEGER NOT NULL,
  PRIMARY KEY (shard, segment, offset)
) STRICT, WITHOUT ROWID;
