-- SPDX-License-Identifier: Apache-2.0
-- Files without their beginning: of a share that spills (mode 2), what passed before somebody was
-- slow or late is nowhere.

-- Bytes before the first chunk, a multiple of 4 MiB; chunk_index, file_size and chunk_count count
-- as if they were there, and file_root is that of the whole.
ALTER TABLE file ADD COLUMN first_offset INTEGER NOT NULL DEFAULT 0
  CHECK (first_offset BETWEEN 0 AND file_size AND first_offset % 4194304 = 0);
