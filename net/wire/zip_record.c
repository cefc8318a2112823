/* SPDX-License-Identifier: Apache-2.0
 *
 * The records are those of PKWARE's APPNOTE 6.3.10: 4.3.7 (local header), 4.3.9 (data descriptor),
 * 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end), 4.5.3 (ZIP64's extra field).
 */
#include "net/wire/zip_record.h"

#include <string.h>

#include "net/wire/calendar.h"

#define LOCAL_SIZE        30U /* bytes, without name and extra fields */
#define CENTRAL_SIZE      46U
#define DESCRIPTOR_SIZE   16U /* with its signature, which all write and some ask for */
#define DESCRIPTOR64_SIZE 24U
#define END_SIZE          22U
#define END64_SIZE        56U
#define LOCATOR_SIZE      20U
#define EXTRA_HEAD_SIZE   4U  /* bytes of an extra field before its content */
#define UT_SIZE           9U  /* bytes of the field with the time, all in all */
#define END64_REST_SIZE   44U /* bytes of END64 that follow its own size */

#define LOCAL_SIGNATURE      0x04034b50U
#define CENTRAL_SIGNATURE    0x02014b50U
#define DESCRIPTOR_SIGNATURE 0x08074b50U
#define END_SIGNATURE        0x06054b50U
#define END64_SIGNATURE      0x06064b50U
#define LOCATOR_SIGNATURE    0x07064b50U

#define VERSION         20U             /* what a reader must know: 2.0 */
#define VERSION64       45U             /* 4.5: ZIP64 */
#define MADE_BY         (3U << 8 | 45U) /* Unix: then the attributes below are a mode */
#define FLAG_UTF8       0x0800U
#define FLAG_DESCRIPTOR 0x0008U
#define ATTRIBUTES      (0100644U << 16) /* a regular file, rw-r--r-- */
#define EXTRA_ZIP64     0x0001U
#define EXTRA_UT        0x5455U
#define UT_HAS_MTIME    1U
#define DOS_YEAR_FIRST  1980U
#define DOS_YEAR_LAST   2107U
#define FULL_16         UINT16_MAX /* "look into ZIP64's field" */
#define FULL_32         UINT32_MAX

static_assert(HW_ZIP_RECORD_SIZE_MAX ==
		      CENTRAL_SIZE + HW_NAME_SIZE_MAX + UT_SIZE + EXTRA_HEAD_SIZE + 3U * 8U,
	      "the longest record is a central one with three large numbers");
static_assert(HW_ZIP_END_SIZE_MAX == END64_SIZE + LOCATOR_SIZE + END_SIZE, "with all parts");
static_assert(HW_ZIP_RECORD_SIZE_MAX >= HW_ZIP_END_SIZE_MAX, "the end fits too");

void hw_zip_put(struct hw_zip_record *record, uint64_t number, uint32_t size)
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

/* Before the bytes; and of their descriptor. */
static bool is_local64(const struct hw_zip_entry *entry)
{
	return entry->kind == HW_ZIP_OPEN || is_large(entry);
}

static uint32_t local_extra_size(const struct hw_zip_entry *entry)
{
	return UT_SIZE + (is_local64(entry) ? EXTRA_HEAD_SIZE + 16U : 0U);
}

static uint32_t central_extra_size(const struct hw_zip_entry *entry, uint64_t local_offset)
{
	uint32_t size = (is_large(entry) ? 16U : 0U) + (local_offset >= FULL_32 ? 8U : 0U);
	return UT_SIZE + (size > 0 ? EXTRA_HEAD_SIZE + size : 0U);
}

uint32_t hw_zip_local_size(const struct hw_zip_entry *entry)
{
	return LOCAL_SIZE + entry->name.size + local_extra_size(entry);
}

uint32_t hw_zip_descriptor_size(const struct hw_zip_entry *entry)
{
	if (entry->kind == HW_ZIP_WHOLE) {
		return 0;
	}
	return is_local64(entry) ? DESCRIPTOR64_SIZE : DESCRIPTOR_SIZE;
}

uint32_t hw_zip_central_size(const struct hw_zip_entry *entry, uint64_t local_offset)
{
	return CENTRAL_SIZE + entry->name.size + central_extra_size(entry, local_offset);
}

static bool end_is_large(const struct hw_zip_end *end)
{
	return end->entry_count >= FULL_16 || end->central_size >= FULL_32 ||
	       end->central_offset >= FULL_32;
}

uint32_t hw_zip_end_size(const struct hw_zip_end *end)
{
	return END_SIZE + (end_is_large(end) ? END64_SIZE + LOCATOR_SIZE : 0U);
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
static void put_entry(struct hw_zip_record *record, const struct hw_zip_entry *entry, bool is_zip64,
		      uint32_t extra_size)
{
	bool has_descriptor = entry->kind != HW_ZIP_WHOLE;
	bool needs_64 = is_zip64 || entry->kind == HW_ZIP_OPEN; /* of both headers the same */
	hw_zip_put(record, needs_64 ? VERSION64 : VERSION, 2);
	hw_zip_put(record, FLAG_UTF8 | (has_descriptor ? FLAG_DESCRIPTOR : 0U), 2);
	hw_zip_put(record, 0, 2); /* stored */
	hw_zip_put(record, dos_time(entry->mtime_s), 4);
	hw_zip_put(record, entry->crc32, 4);
	hw_zip_put(record, capped(entry->size, FULL_32), 4);
	hw_zip_put(record, capped(entry->size, FULL_32), 4);
	hw_zip_put(record, entry->name.size, 2);
	hw_zip_put(record, extra_size, 2);
}

static void put_name(struct hw_zip_record *record, const struct hw_zip_entry *entry)
{
	memcpy(record->bytes + record->size, entry->name.bytes, entry->name.size);
	record->size += entry->name.size;
}

static void put_time(struct hw_zip_record *record, const struct hw_zip_entry *entry)
{
	hw_zip_put(record, EXTRA_UT, 2);
	hw_zip_put(record, UT_SIZE - EXTRA_HEAD_SIZE, 2);
	hw_zip_put(record, UT_HAS_MTIME, 1);
	hw_zip_put(record, capped(entry->mtime_s, INT32_MAX), 4);
}

static void put_sizes64(struct hw_zip_record *record, uint64_t size)
{
	hw_zip_put(record, size, 8);
	hw_zip_put(record, size, 8);
}

/* A size that is to come is 0 in ZIP64's field, and the header's own say that it is there. */
void hw_zip_put_local(struct hw_zip_record *record, const struct hw_zip_entry *entry)
{
	struct hw_zip_entry said = *entry;
	said.crc32 = entry->kind == HW_ZIP_WHOLE ? entry->crc32 : 0;
	said.size = entry->kind == HW_ZIP_OPEN ? FULL_32 : entry->size;
	hw_zip_put(record, LOCAL_SIGNATURE, 4);
	put_entry(record, &said, is_local64(entry), local_extra_size(entry));
	put_name(record, entry);
	put_time(record, entry);
	if (is_local64(entry)) {
		hw_zip_put(record, EXTRA_ZIP64, 2);
		hw_zip_put(record, 16, 2);
		put_sizes64(record, entry->kind == HW_ZIP_OPEN ? 0 : entry->size);
	}
}

void hw_zip_put_descriptor(struct hw_zip_record *record, const struct hw_zip_entry *entry)
{
	uint32_t width = is_local64(entry) ? 8 : 4;
	hw_zip_put(record, DESCRIPTOR_SIGNATURE, 4);
	hw_zip_put(record, entry->crc32, 4);
	hw_zip_put(record, entry->size, width);
	hw_zip_put(record, entry->size, width);
}

void hw_zip_put_central(struct hw_zip_record *record, const struct hw_zip_entry *entry,
			uint64_t local_offset)
{
	bool has_offset = local_offset >= FULL_32;
	uint32_t extra_size = central_extra_size(entry, local_offset);
	hw_zip_put(record, CENTRAL_SIGNATURE, 4);
	hw_zip_put(record, MADE_BY, 2);
	put_entry(record, entry, is_large(entry) || has_offset, extra_size);
	hw_zip_put(record, 0, 2); /* comment */
	hw_zip_put(record, 0, 2); /* disk */
	hw_zip_put(record, 0, 2); /* internal attributes: not known to be text */
	hw_zip_put(record, ATTRIBUTES, 4);
	hw_zip_put(record, capped(local_offset, FULL_32), 4);
	put_name(record, entry);
	put_time(record, entry);
	if (extra_size > UT_SIZE) {
		hw_zip_put(record, EXTRA_ZIP64, 2);
		hw_zip_put(record, extra_size - UT_SIZE - EXTRA_HEAD_SIZE, 2);
	}
	if (is_large(entry)) {
		put_sizes64(record, entry->size);
	}
	if (has_offset) {
		hw_zip_put(record, local_offset, 8);
	}
}

void hw_zip_put_end(struct hw_zip_record *record, const struct hw_zip_end *end)
{
	if (end_is_large(end)) {
		hw_zip_put(record, END64_SIGNATURE, 4);
		hw_zip_put(record, END64_REST_SIZE, 8);
		hw_zip_put(record, MADE_BY, 2);
		hw_zip_put(record, VERSION64, 2);
		hw_zip_put(record, 0, 4); /* disk */
		hw_zip_put(record, 0, 4); /* disk with the central directory */
		hw_zip_put(record, end->entry_count, 8);
		hw_zip_put(record, end->entry_count, 8);
		hw_zip_put(record, end->central_size, 8);
		hw_zip_put(record, end->central_offset, 8);
		hw_zip_put(record, LOCATOR_SIGNATURE, 4);
		hw_zip_put(record, 0, 4); /* disk with END64 */
		hw_zip_put(record, end->central_offset + end->central_size, 8);
		hw_zip_put(record, 1, 4); /* disks */
	}
	hw_zip_put(record, END_SIGNATURE, 4);
	hw_zip_put(record, 0, 2); /* disk */
	hw_zip_put(record, 0, 2); /* disk with the central directory */
	hw_zip_put(record, capped(end->entry_count, FULL_16), 2);
	hw_zip_put(record, capped(end->entry_count, FULL_16), 2);
	hw_zip_put(record, capped(end->central_size, FULL_32), 4);
	hw_zip_put(record, capped(end->central_offset, FULL_32), 4);
	hw_zip_put(record, 0, 2); /* comment */
}
