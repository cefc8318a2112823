/* SPDX-License-Identifier: Apache-2.0
 *
 * The records are those of PKWARE's APPNOTE 6.3.10: 4.3.7 (local header), 4.3.12 (central
 * directory), 4.3.14 to 4.3.16 (its end), 4.5.3 (ZIP64's extra field).
 *
 *   cursor_entry -> part_settle -> WRITE or FILE -> ... -> part_next -> the next entry
 *                                                              |
 *                                                              +-> phase_end -> the next phase
 */
#include "net/wire/zip.h"

#include <errno.h>

#include "net/wire/calendar.h"

#define LOCAL_SIZE      30U /* bytes, without name and extra fields */
#define CENTRAL_SIZE    46U
#define END_SIZE        22U
#define END64_SIZE      56U
#define LOCATOR_SIZE    20U
#define EXTRA_HEAD_SIZE 4U  /* bytes of an extra field before its content */
#define UT_SIZE         9U  /* bytes of the field with the time, all in all */
#define END64_REST_SIZE 44U /* bytes of END64 that follow its own size */

#define LOCAL_SIGNATURE   0x04034b50U
#define CENTRAL_SIGNATURE 0x02014b50U
#define END_SIGNATURE     0x06054b50U
#define END64_SIGNATURE   0x06064b50U
#define LOCATOR_SIGNATURE 0x07064b50U

#define VERSION        20U             /* what a reader must know: 2.0 */
#define VERSION64      45U             /* 4.5: ZIP64 */
#define MADE_BY        (3U << 8 | 45U) /* Unix: then the attributes below are a mode */
#define FLAG_UTF8      0x0800U
#define ATTRIBUTES     (0100644U << 16) /* a regular file, rw-r--r-- */
#define EXTRA_ZIP64    0x0001U
#define EXTRA_UT       0x5455U
#define UT_HAS_MTIME   1U
#define DOS_YEAR_FIRST 1980U
#define DOS_YEAR_LAST  2107U
#define FULL_16        UINT16_MAX /* "look into ZIP64's field" */
#define FULL_32        UINT32_MAX

static const char g_tag_begin[] = "hawser zip 1"; /* goes up when the bytes of archives change */

static_assert(HW_ZIP_RECORD_SIZE_MAX ==
		      CENTRAL_SIZE + HW_NAME_SIZE_MAX + UT_SIZE + EXTRA_HEAD_SIZE + 3U * 8U,
	      "the longest record is a central one with three large numbers");
static_assert(HW_ZIP_RECORD_SIZE_MAX >= END64_SIZE + LOCATOR_SIZE + END_SIZE, "the end fits too");

static void part_settle(struct hw_zip_cursor *cursor);
static void part_next(struct hw_zip_cursor *cursor);
static void phase_end(struct hw_zip_cursor *cursor);

/* -- records -- */

struct record {
	uint8_t *bytes;
	uint32_t size;
};

static void put(struct record *record, uint64_t number, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		record->bytes[record->size++] = (uint8_t)(number >> 8 * i);
	}
}

static uint64_t capped(uint64_t number, uint64_t full)
{
	return hw_min(number, full);
}

static bool is_large(const struct hw_zip_entry *entry)
{
	return entry->size >= FULL_32;
}

static uint32_t local_extra_size(const struct hw_zip_entry *entry)
{
	return UT_SIZE + (is_large(entry) ? EXTRA_HEAD_SIZE + 16U : 0U);
}

static uint32_t central_extra_size(const struct hw_zip_entry *entry, uint64_t local_offset)
{
	uint32_t size = (is_large(entry) ? 16U : 0U) + (local_offset >= FULL_32 ? 8U : 0U);
	return UT_SIZE + (size > 0 ? EXTRA_HEAD_SIZE + size : 0U);
}

static uint32_t local_size(const struct hw_zip_entry *entry)
{
	return LOCAL_SIZE + entry->name.size + local_extra_size(entry);
}

static uint32_t central_size(const struct hw_zip_entry *entry, uint64_t local_offset)
{
	return CENTRAL_SIZE + entry->name.size + central_extra_size(entry, local_offset);
}

static bool end_is_large(const struct hw_zip_layout *layout)
{
	return layout->entry_count >= FULL_16 || layout->central_size >= FULL_32 ||
	       layout->central_offset >= FULL_32;
}

static uint32_t end_size(const struct hw_zip_layout *layout)
{
	return END_SIZE + (end_is_large(layout) ? END64_SIZE + LOCATOR_SIZE : 0U);
}

/* Date and time of MS-DOS: two seconds are the smallest step. */
static uint32_t dos_time(uint64_t unix_seconds)
{
	uint64_t seconds = hw_min(unix_seconds, HW_CALENDAR_SECONDS_MAX);
	uint32_t second = (uint32_t)(seconds % HW_CALENDAR_DAY_SECONDS);
	struct hw_calendar_date day =
		hw_calendar_date_of_day((uint32_t)(seconds / HW_CALENDAR_DAY_SECONDS));
	if (day.year < DOS_YEAR_FIRST) {
		day = (struct hw_calendar_date){.year = DOS_YEAR_FIRST, .month = 0, .day = 1};
		second = 0;
	} else if (day.year > DOS_YEAR_LAST) {
		day = (struct hw_calendar_date){.year = DOS_YEAR_LAST, .month = 11, .day = 31};
		second = HW_CALENDAR_DAY_SECONDS - 1;
	}
	uint32_t date = (day.year - DOS_YEAR_FIRST) << 9 | (day.month + 1) << 5 | day.day;
	return date << 16 | second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2;
}

/* What a local header and a central one have in common. */
static void put_entry(struct record *record, const struct hw_zip_entry *entry, bool is_zip64,
		      uint32_t extra_size)
{
	put(record, is_zip64 ? VERSION64 : VERSION, 2);
	put(record, FLAG_UTF8, 2);
	put(record, 0, 2); /* stored */
	put(record, dos_time(entry->mtime_s), 4);
	put(record, entry->crc32, 4);
	put(record, capped(entry->size, FULL_32), 4);
	put(record, capped(entry->size, FULL_32), 4);
	put(record, entry->name.size, 2);
	put(record, extra_size, 2);
}

static void put_name(struct record *record, const struct hw_zip_entry *entry)
{
	memcpy(record->bytes + record->size, entry->name.bytes, entry->name.size);
	record->size += entry->name.size;
}

static void put_extra(struct record *record, const struct hw_zip_entry *entry, bool has_offset,
		      uint64_t local_offset)
{
	put(record, EXTRA_UT, 2);
	put(record, UT_SIZE - EXTRA_HEAD_SIZE, 2);
	put(record, UT_HAS_MTIME, 1);
	put(record, capped(entry->mtime_s, INT32_MAX), 4);
	if (!is_large(entry) && !has_offset) {
		return;
	}
	put(record, EXTRA_ZIP64, 2);
	put(record, (is_large(entry) ? 16U : 0U) + (has_offset ? 8U : 0U), 2);
	if (is_large(entry)) {
		put(record, entry->size, 8);
		put(record, entry->size, 8);
	}
	if (has_offset) {
		put(record, local_offset, 8);
	}
}

static void put_local(struct record *record, const struct hw_zip_entry *entry)
{
	put(record, LOCAL_SIGNATURE, 4);
	put_entry(record, entry, is_large(entry), local_extra_size(entry));
	put_name(record, entry);
	put_extra(record, entry, false, 0);
}

static void put_central(struct record *record, const struct hw_zip_entry *entry,
			uint64_t local_offset)
{
	bool has_offset = local_offset >= FULL_32;
	put(record, CENTRAL_SIGNATURE, 4);
	put(record, MADE_BY, 2);
	put_entry(record, entry, is_large(entry) || has_offset,
		  central_extra_size(entry, local_offset));
	put(record, 0, 2); /* comment */
	put(record, 0, 2); /* disk */
	put(record, 0, 2); /* internal attributes: not known to be text */
	put(record, ATTRIBUTES, 4);
	put(record, capped(local_offset, FULL_32), 4);
	put_name(record, entry);
	put_extra(record, entry, has_offset, local_offset);
}

static void put_end(struct record *record, const struct hw_zip_layout *layout)
{
	if (end_is_large(layout)) {
		put(record, END64_SIGNATURE, 4);
		put(record, END64_REST_SIZE, 8);
		put(record, MADE_BY, 2);
		put(record, VERSION64, 2);
		put(record, 0, 4); /* disk */
		put(record, 0, 4); /* disk with the central directory */
		put(record, layout->entry_count, 8);
		put(record, layout->entry_count, 8);
		put(record, layout->central_size, 8);
		put(record, layout->central_offset, 8);
		put(record, LOCATOR_SIGNATURE, 4);
		put(record, 0, 4); /* disk with END64 */
		put(record, layout->central_offset + layout->central_size, 8);
		put(record, 1, 4); /* disks */
	}
	put(record, END_SIGNATURE, 4);
	put(record, 0, 2); /* disk */
	put(record, 0, 2); /* disk with the central directory */
	put(record, capped(layout->entry_count, FULL_16), 2);
	put(record, capped(layout->entry_count, FULL_16), 2);
	put(record, capped(layout->central_size, FULL_32), 4);
	put(record, capped(layout->central_offset, FULL_32), 4);
	put(record, 0, 2); /* comment */
}

/* -- layout -- */

static void tag_begin(struct hw_sha256 *sha)
{
	hw_sha256_init(sha);
	hw_sha256_update(sha, g_tag_begin, sizeof(g_tag_begin));
}

static void tag_add(struct hw_sha256 *sha, const struct hw_zip_entry *entry)
{
	uint8_t bytes[22];
	struct record record = {bytes, 0};
	put(&record, entry->name.size, 2);
	put(&record, entry->size, 8);
	put(&record, entry->mtime_s, 8);
	put(&record, entry->crc32, 4);
	hw_assert(record.size == sizeof(bytes));
	hw_sha256_update(sha, bytes, sizeof(bytes));
	hw_sha256_update(sha, entry->root, HW_HASH_SIZE);
	hw_sha256_update(sha, entry->name.bytes, entry->name.size);
}

void hw_zip_layout_init(struct hw_zip_layout *layout)
{
	*layout = (struct hw_zip_layout){0};
	tag_begin(&layout->sha);
}

int hw_zip_layout_add(struct hw_zip_layout *layout, const struct hw_zip_entry *entry)
{
	hw_assert(entry->name.size > 0 && entry->name.size <= HW_NAME_SIZE_MAX);
	uint32_t record_size = central_size(entry, layout->central_offset);
	uint64_t size = layout->central_offset + layout->central_size + local_size(entry) +
			record_size + END64_SIZE + LOCATOR_SIZE + END_SIZE;
	if (entry->size > HW_ZIP_SIZE_MAX || size + entry->size > HW_ZIP_SIZE_MAX ||
	    layout->entry_count == UINT32_MAX) {
		return -EFBIG;
	}
	layout->central_offset += local_size(entry) + entry->size;
	layout->central_size += record_size;
	layout->entry_count++;
	tag_add(&layout->sha, entry);
	return 0;
}

void hw_zip_layout_end(struct hw_zip_layout *layout)
{
	hw_sha256_final(&layout->sha, &layout->tag);
}

uint64_t hw_zip_size(const struct hw_zip_layout *layout)
{
	return layout->central_offset + layout->central_size + end_size(layout);
}

/* -- cursor -- */

static uint64_t phase_end_offset(const struct hw_zip_cursor *cursor)
{
	const struct hw_zip_layout *layout = cursor->layout;
	return layout->central_offset + (cursor->phase == HW_ZIP_FILES ? 0 : layout->central_size);
}

static void phase_begin(struct hw_zip_cursor *cursor, enum hw_zip_phase phase)
{
	cursor->phase = phase;
	cursor->part_offset = phase == HW_ZIP_FILES ? 0 : cursor->layout->central_offset;
	cursor->part_size = 0;
	cursor->local_offset = 0;
	cursor->entry_index = 0;
	tag_begin(&cursor->sha);
	cursor->state = HW_ZIP_WANTS_ENTRY;
}

void hw_zip_cursor_init(struct hw_zip_cursor *cursor, const struct hw_zip_layout *layout,
			uint64_t offset, uint64_t end_offset)
{
	hw_assert(offset < end_offset && end_offset <= hw_zip_size(layout));
	*cursor = (struct hw_zip_cursor){
		.layout = layout,
		.offset = offset,
		.end_offset = end_offset,
	};
	phase_begin(cursor, offset < layout->central_offset ? HW_ZIP_FILES : HW_ZIP_CENTRAL);
	if (layout->entry_count == 0) {
		phase_end(cursor);
	}
}

void hw_zip_cursor_entry(struct hw_zip_cursor *cursor, const struct hw_zip_entry *entry)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_ENTRY);
	hw_assert(entry->name.size > 0 && entry->name.size <= HW_NAME_SIZE_MAX);
	cursor->entry = *entry;
	cursor->entry.root = NULL;
	tag_add(&cursor->sha, entry);
	if (entry->size > HW_ZIP_SIZE_MAX) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	cursor->part_size = cursor->phase == HW_ZIP_FILES
				    ? local_size(entry) + entry->size
				    : central_size(entry, cursor->local_offset);
	if (cursor->part_size > phase_end_offset(cursor) - cursor->part_offset) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	part_settle(cursor);
}

static uint64_t part_record_size(const struct hw_zip_cursor *cursor)
{
	return cursor->phase == HW_ZIP_FILES ? local_size(&cursor->entry) : cursor->part_size;
}

/* What of the current part comes next. */
static void part_settle(struct hw_zip_cursor *cursor)
{
	if (cursor->offset == cursor->end_offset ||
	    cursor->offset >= cursor->part_offset + cursor->part_size) {
		part_next(cursor);
		return;
	}
	hw_assert(cursor->offset >= cursor->part_offset);
	bool is_record = cursor->offset < cursor->part_offset + part_record_size(cursor);
	cursor->state = is_record ? HW_ZIP_WANTS_WRITE : HW_ZIP_WANTS_FILE;
}

static void part_next(struct hw_zip_cursor *cursor)
{
	if (cursor->phase == HW_ZIP_TAIL) {
		hw_assert(cursor->offset == cursor->end_offset);
		cursor->state = HW_ZIP_DONE;
		return;
	}
	cursor->part_offset += cursor->part_size;
	cursor->part_size = 0;
	cursor->local_offset += local_size(&cursor->entry) + cursor->entry.size;
	cursor->entry_index++;
	cursor->state = HW_ZIP_WANTS_ENTRY;
	if (cursor->entry_index == cursor->layout->entry_count) {
		phase_end(cursor);
	}
}

/* All entries were seen: were they those of the layout? */
static void phase_end(struct hw_zip_cursor *cursor)
{
	struct hw_hash tag;
	hw_sha256_final(&cursor->sha, &tag);
	if (cursor->part_offset != phase_end_offset(cursor) ||
	    !hw_hash_equal(&tag, &cursor->layout->tag)) {
		cursor->state = HW_ZIP_IS_CHANGED;
		return;
	}
	if (cursor->offset == cursor->end_offset) {
		cursor->state = HW_ZIP_DONE;
		return;
	}
	if (cursor->phase == HW_ZIP_FILES) {
		phase_begin(cursor, HW_ZIP_CENTRAL);
		return;
	}
	cursor->phase = HW_ZIP_TAIL;
	cursor->part_size = end_size(cursor->layout);
	cursor->state = HW_ZIP_WANTS_WRITE;
}

uint32_t hw_zip_cursor_write(struct hw_zip_cursor *cursor, uint8_t *bytes, uint32_t capacity)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_WRITE && capacity > 0);
	uint8_t record_bytes[HW_ZIP_RECORD_SIZE_MAX];
	struct record record = {record_bytes, 0};
	if (cursor->phase == HW_ZIP_FILES) {
		put_local(&record, &cursor->entry);
	} else if (cursor->phase == HW_ZIP_CENTRAL) {
		put_central(&record, &cursor->entry, cursor->local_offset);
	} else {
		put_end(&record, cursor->layout);
	}
	hw_assert(record.size == part_record_size(cursor));
	uint64_t done_size = cursor->offset - cursor->part_offset;
	uint64_t size = hw_min(record.size - done_size, cursor->end_offset - cursor->offset);
	size = hw_min(size, capacity);
	memcpy(bytes, record_bytes + done_size, size);
	cursor->offset += size;
	part_settle(cursor);
	return (uint32_t)size;
}

uint64_t hw_zip_cursor_file(const struct hw_zip_cursor *cursor, uint64_t *ret_offset)
{
	hw_assert(cursor->state == HW_ZIP_WANTS_FILE);
	uint64_t part_end = cursor->part_offset + cursor->part_size;
	*ret_offset = cursor->entry.size - (part_end - cursor->offset);
	return hw_min(part_end, cursor->end_offset) - cursor->offset;
}

void hw_zip_cursor_skip(struct hw_zip_cursor *cursor, uint64_t size)
{
	uint64_t offset = 0;
	hw_assert(size > 0 && size <= hw_zip_cursor_file(cursor, &offset));
	cursor->offset += size;
	part_settle(cursor);
}
