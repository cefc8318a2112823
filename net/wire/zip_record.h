/* SPDX-License-Identifier: Apache-2.0
 *
 * zip_record.h - the records of a ZIP of stored files, one at a time
 *
 * Room: net/wire, private to zip*.c but for the entry    Thread: any, pure    Blocks: never
 * Allocates: never    Owns: nothing
 * Limits: HW_ZIP_RECORD_SIZE_MAX bytes a record; names of HW_NAME_SIZE_MAX bytes
 *
 * ZIP64's fields stand only where a number needs them, or where nobody knows yet whether it will. A
 * descriptor's numbers are as wide as its local header says (4.3.9.2). Of a file whose checksum is
 * to come, but whose size is known, the local header says the size all the same (4.4.4 would have
 * it zero; libarchive writes it too): the bytes are stored, so it is what lets a reader without
 * the directory find their end.
 *
 * Times are UTC. ZIP's own are the reader's local ones by custom, so each entry also has the field
 * 0x5455 ("UT"), which the usual programs prefer.
 */
#ifndef HW_NET_WIRE_ZIP_RECORD_H
#define HW_NET_WIRE_ZIP_RECORD_H

#include "core/base/limits.h"
#include "core/base/span.h"

#define HW_ZIP_RECORD_SIZE_MAX (83U + HW_NAME_SIZE_MAX) /* bytes of the longest record */
#define HW_ZIP_END_SIZE_MAX    98U                      /* of the end, with ZIP64's */

/* Where an entry's size and checksum stand. Central directory: always there, and true. */
enum hw_zip_kind {
	HW_ZIP_WHOLE = 0, /* before the bytes: both are known */
	HW_ZIP_SIZED,     /* the size before the bytes; the checksum, again with the size, behind
			   * them, in a data descriptor */
	HW_ZIP_OPEN,      /* both behind the bytes */
	HW_ZIP_KIND_COUNT,
};

struct hw_zip_entry {
	struct hw_span name; /* clean UTF-8; "/" between folders; lent, by a cursor until the next
			      * entry */
	const uint8_t *root; /* HW_HASH_SIZE bytes of the file's root, lent for the call; of other
			      * than whole ones it is not read */
	uint64_t size;       /* bytes */
	uint64_t mtime_s;    /* Unix time */
	uint32_t crc32;
	enum hw_zip_kind kind;
};

/* What the end of the central directory says. */
struct hw_zip_end {
	uint64_t central_offset;
	uint64_t central_size;
	uint32_t entry_count;
};

struct hw_zip_record {
	uint8_t bytes[HW_ZIP_RECORD_SIZE_MAX];
	uint32_t size;
};

/* Bytes of each; what the put_ functions write. */
uint32_t hw_zip_local_size(const struct hw_zip_entry *entry);
/* 0 of whole ones. */
uint32_t hw_zip_descriptor_size(const struct hw_zip_entry *entry);
uint32_t hw_zip_central_size(const struct hw_zip_entry *entry, uint64_t local_offset);
uint32_t hw_zip_end_size(const struct hw_zip_end *end);

/* @number in @size bytes, little-endian. */
void hw_zip_put(struct hw_zip_record *record, uint64_t number, uint32_t size);
/* @record: empty. */
void hw_zip_put_local(struct hw_zip_record *record, const struct hw_zip_entry *entry);
void hw_zip_put_descriptor(struct hw_zip_record *record, const struct hw_zip_entry *entry);
void hw_zip_put_central(struct hw_zip_record *record, const struct hw_zip_entry *entry,
			uint64_t local_offset);
void hw_zip_put_end(struct hw_zip_record *record, const struct hw_zip_end *end);

#endif
