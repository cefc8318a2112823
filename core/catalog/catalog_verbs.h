/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_verbs.h - what may be asked of the catalog, verb by verb
 *
 * Room: core/catalog    Thread: any (values)    Blocks: never    Allocates: never
 *
 * Fields named here are those of struct hw_catalog_request (catalog.h); @share, @upload, @files and
 * @shares are lent with it.
 */
#ifndef HW_CORE_CATALOG_CATALOG_VERBS_H
#define HW_CORE_CATALOG_CATALOG_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#define HW_HOME_NONE UINT16_MAX

enum hw_catalog_verb {
	HW_CATALOG_NONE = 0,

	/* -- bytes in -- */
	/* The next chunks of an unfinished file; file_id 0 begins one. With is_replacing,
	 * extents[0] takes the place of the file's last, short chunk, which is let go of. With
	 * @upload, its offset, tail, crc32, merkle and expires_ms become durable with them
	 * (extent_count may then be 0), and its length if it was not known. With is_leaving the
	 * file has no home afterwards, also when the request fails. */
	HW_CATALOG_APPEND,
	/* The last chunks (or none; is_replacing as above), and the file is sealed: in its share if
	 * it has one, else in the new share that @share describes. file_id 0: these chunks are all
	 * of it. @upload, if given: crc32. The file has no home afterwards. -EINVAL when file_size
	 * is not that of its chunks. */
	HW_CATALOG_COMMIT,
	HW_CATALOG_ABORT,       /* forget an unfinished file */
	HW_CATALOG_EXTENT_DROP, /* these extents were never named: punch them out now */

	/* -- bytes out -- */
	/* Find by share (share_id, or link_name when link_name_size > 0) and name, pin, and give
	 * the first extents and what access needs to know. name_size 0: the share's only file,
	 * -EINVAL if there are several, -ENODATA if there is none. With @upload: the file of its
	 * upload_id, for a part has no name; share_id out. -ENOENT in a share with a password: its
	 * access and share_id are told, so that only who knows it hears that there is no such
	 * file. */
	HW_CATALOG_LOOKUP,
	/* More extents of a pinned file, from chunk_index on; and file_size, length, file_state,
	 * home as they are now. */
	HW_CATALOG_EXTENTS,
	HW_CATALOG_UNPIN,
	/* Answered when the pinned file_id is no longer as file_size, file_state and home of the
	 * request say, or after a second: res 0, and the fields as with EXTENTS. */
	HW_CATALOG_WATCH,
	HW_CATALOG_COUNT, /* one whole download of the share of file_id was taken */

	/* -- shares -- */
	HW_CATALOG_SHARE_CREATE, /* @share; -EEXIST: the id or the link's name is taken */
	/* Into @share; owner_hash given: is_owner says whether it matches (constant time). */
	HW_CATALOG_SHARE_GET,
	/* As SHARE_GET, then the change_mask's fields of @share->policy; -EACCES unless the owner's
	 * token matches or is_operator. @share is filled with the whole afterwards. */
	HW_CATALOG_SHARE_CHANGE,
	HW_CATALOG_SHARE_END, /* and all its files; -EACCES likewise */
	/* Tombstone one file; -EACCES likewise. The share stays, unless it was made by COMMIT and
	 * this was its file. */
	HW_CATALOG_DELETE,
	/* Up to row_capacity rows of @files, in the order of their names, after @name (name_size 0:
	 * from the first). share as with LOOKUP; row_count and newest_id out. Parts of a
	 * concatenation are not listed. */
	HW_CATALOG_FILE_LIST,
	/* For the operator: up to row_capacity shares into @shares, newest first, created before
	 * cursor_ms (or then and with a smaller id than share_id; UINT64_MAX: from the newest). */
	HW_CATALOG_SHARE_LIST,

	/* -- uploads that can be gone on with -- */
	/* A new unfinished file in a share (which owner_hash or is_operator must allow), as @upload
	 * says (upload_id, length, kind, metadata, expires_ms), under @name (PARTIAL: none).
	 * -EEXIST: there is a file of that name; -EDQUOT: the share's quota or number of files;
	 * -ENOSPC: the store's quota, or more than free_size beyond what is reserved. home:
	 * HW_HOME_NONE, or who receives it. access.mode and share_id out. */
	HW_CATALOG_UPLOAD_CREATE,
	HW_CATALOG_UPLOAD_GET, /* by upload_id, into @upload; share_id, file_id, home, name too */
	/* As UPLOAD_GET, and home becomes its home; -EBUSY when it has one (home then says which).
	 * extents[0] is the last chunk if it is short (extent_count 1 or 0); file_size without the
	 * tail. A sealed one is answered with 0 and gets no home. */
	HW_CATALOG_UPLOAD_OPEN,
	HW_CATALOG_UPLOAD_LEAVE, /* file_id has no home any more */
	/* By upload_id: forget an unfinished one; -EBUSY as above, -EPERM when it is sealed, unless
	 * it is a part: what was made of it has its own references. */
	HW_CATALOG_UPLOAD_END,

	/* -- housekeeping -- */
	/* End what has expired (bounded; res 1: there is more), answer WATCHes that wait for a
	 * second. */
	HW_CATALOG_SWEEP,
	/* For the scrubber: up to 16 live extents after extents[0] (shard, segment, offset;
	 * extent_count 0: from the first); damaged ones are left out. */
	HW_CATALOG_SCRUB_NEXT,
	/* The bytes of extents[0] do not match its root: -ENOENT when it is not live any more; else
	 * it is marked, no upload shares it again, and an upload of the same chunk takes its place.
	 * */
	HW_CATALOG_DAMAGED,
	HW_CATALOG_VERB_COUNT,
};

/* Files that were found before it are perhaps not to be given after it. */
static inline bool hw_catalog_verb_is_revoking(enum hw_catalog_verb verb)
{
	return verb == HW_CATALOG_SHARE_CHANGE || verb == HW_CATALOG_SHARE_END ||
	       verb == HW_CATALOG_DELETE;
}

enum hw_file_state {
	HW_FILE_UNFINISHED = 0,
	HW_FILE_SEALED,
	HW_FILE_TOMBSTONED, /* WATCH, EXTENTS: it was deleted, or its upload was given up */
	HW_FILE_STATE_COUNT,
};

#endif
