/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an archive of files that are not there yet has the records that APPNOTE wants, at the
 * offsets that its directory says; its size is known beforehand where it can be; a copy of a cursor
 * goes on anywhere; a directory that is not that of what was sent is noticed.
 *
 * Method: entries of all kinds, known in part at first and wholly in the directory; the archive is
 * read back here by its directory, from the end. Each field of an entry changed between layout,
 * files and directory. That others read such archives is seen in zip_readers_test.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/prng.h"
#include "net/wire/zip.h"

#define ENTRIES_MAX 12U
#define WHOLE_MAX   65536U

static const uint8_t g_root[HW_HASH_SIZE] = {1, 2, 3};
static const uint8_t g_other_root[HW_HASH_SIZE] = {1, 2, 4};

struct list {
	struct hw_zip_entry entries[ENTRIES_MAX]; /* as they are in the end */
	char names[ENTRIES_MAX][16];
	uint32_t count;
};

static uint8_t content(uint32_t index, uint64_t offset)
{
	return (uint8_t)(index * UINT64_C(31) + offset * 7 + 1);
}

static void list_make(struct list *list, struct hw_prng *prng)
{
	static const uint32_t sizes[] = {0, 1, 2, 100, 3000};
	list->count = (uint32_t)hw_prng_between(prng, 1, ENTRIES_MAX);
	for (uint32_t i = 0; i < list->count; i++) {
		(void)snprintf(list->names[i], sizeof(list->names[i]), "file %02u", i); /* fits */
		list->entries[i] = (struct hw_zip_entry){
			.name = hw_span_of(list->names[i]),
			.root = g_root,
			.size = sizes[hw_prng_below(prng, hw_count_of(sizes))],
			.mtime_s = 1700000000,
			.crc32 = (uint32_t)hw_prng_next(prng),
			.kind = (enum hw_zip_kind)hw_prng_below(prng, HW_ZIP_KIND_COUNT),
		};
	}
	list->entries[hw_prng_below(prng, list->count)].kind = HW_ZIP_SIZED;
}

/* What is known of it before its bytes are there. */
static struct hw_zip_entry early(const struct hw_zip_entry *entry)
{
	struct hw_zip_entry known = *entry;
	if (entry->kind != HW_ZIP_WHOLE) {
		known.root = NULL;
		known.crc32 = 0x0bad0bad;
		known.size = entry->kind == HW_ZIP_OPEN ? UINT64_MAX : entry->size;
	}
	return known;
}

static void layout_make(struct hw_zip_layout *layout, const struct list *list)
{
	hw_zip_layout_init(layout);
	for (uint32_t i = 0; i < list->count; i++) {
		struct hw_zip_entry known = early(&list->entries[i]);
		assert_int_equal(hw_zip_layout_add(layout, &known), 0);
	}
	hw_zip_layout_end(layout);
}

/* @sent: what is given among the files; @listed: in the directory. Now and then it goes on with a
 * copy of the cursor, from some bytes before. */
static enum hw_zip_state run(const struct hw_zip_layout *layout, const struct list *sent,
			     const struct list *listed, uint8_t *bytes, struct hw_prng *prng,
			     uint64_t *ret_size)
{
	struct hw_zip_cursor cursor;
	struct hw_zip_cursor copy;
	hw_zip_cursor_init(&cursor, layout, 0, hw_zip_size(layout));
	copy = cursor;
	while (cursor.state != HW_ZIP_DONE && cursor.state != HW_ZIP_IS_CHANGED) {
		const struct list *list = cursor.phase == HW_ZIP_FILES ? sent : listed;
		const struct hw_zip_entry *entry = &list->entries[cursor.entry_index];
		uint64_t offset = 0;
		if (hw_prng_chance(prng, 10)) {
			copy = cursor;
		} else if (hw_prng_chance(prng, 5)) {
			cursor = copy;
			continue;
		}
		if (cursor.state == HW_ZIP_WANTS_ENTRY) {
			struct hw_zip_entry known = early(entry);
			hw_zip_cursor_entry(&cursor, cursor.phase == HW_ZIP_FILES ? &known : entry);
		} else if (cursor.state == HW_ZIP_WANTS_WRITE) {
			uint32_t capacity = (uint32_t)hw_prng_between(prng, 1, 90);
			(void)hw_zip_cursor_write(&cursor, bytes + cursor.offset, capacity);
		} else if (cursor.state == HW_ZIP_WANTS_END) {
			hw_zip_cursor_end(&cursor, entry->crc32);
		} else {
			uint64_t size = hw_zip_cursor_file(&cursor, &offset);
			assert_true(entry->kind == HW_ZIP_OPEN || size == entry->size - offset);
			uint64_t piece = hw_prng_between(prng, 1, 2000);
			size = hw_min(entry->size - offset, piece);
			for (uint64_t i = 0; i < size; i++) {
				bytes[cursor.offset + i] = content(cursor.entry_index, offset + i);
			}
			if (size == 0) {
				hw_zip_cursor_file_ends(&cursor);
			} else {
				hw_zip_cursor_skip(&cursor, size);
			}
		}
		assert_true(cursor.offset < WHOLE_MAX);
	}
	*ret_size = cursor.offset;
	return cursor.state;
}

static uint64_t number(const uint8_t *bytes, uint32_t size)
{
	uint64_t value = 0;
	for (uint32_t i = size; i > 0; i--) {
		value = value << 8 | bytes[i - 1];
	}
	return value;
}

/* Returns the offset behind the entry. */
static uint64_t local_check(const uint8_t *local, uint64_t offset, uint32_t index,
			    const struct hw_zip_entry *entry)
{
	bool is_open = entry->kind == HW_ZIP_OPEN;
	uint64_t extra_size = is_open ? 29 : 9;
	assert_memory_equal(local, "PK\x03\x04", 4);
	assert_int_equal(number(local + 4, 2), is_open ? 45 : 20);
	assert_int_equal(number(local + 6, 2), entry->kind == HW_ZIP_WHOLE ? 0x800 : 0x808);
	assert_int_equal(number(local + 14, 4), entry->kind == HW_ZIP_WHOLE ? entry->crc32 : 0);
	assert_int_equal(number(local + 18, 4), is_open ? UINT32_MAX : entry->size);
	assert_int_equal(number(local + 22, 4), is_open ? UINT32_MAX : entry->size);
	assert_int_equal(number(local + 28, 2), extra_size);
	const uint8_t *file = local + 30 + entry->name.size + extra_size;
	if (is_open) { /* ZIP64's field, which makes the descriptor a wide one */
		assert_memory_equal(file - 20, "\1\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	}
	for (uint64_t i = 0; i < entry->size; i++) {
		assert_int_equal(file[i], content(index, i));
	}
	const uint8_t *behind = file + entry->size;
	if (entry->kind != HW_ZIP_WHOLE) {
		uint32_t width = is_open ? 8 : 4;
		assert_memory_equal(behind, "PK\x07\x08", 4);
		assert_int_equal(number(behind + 4, 4), entry->crc32);
		assert_int_equal(number(behind + 8, width), entry->size);
		assert_int_equal(number(behind + 8 + width, width), entry->size);
		behind += 8 + 2 * width;
	}
	return offset + (uint64_t)(behind - local);
}

static void archive_check(const uint8_t *bytes, uint64_t size, const struct list *list)
{
	const uint8_t *end = bytes + size - 22;
	assert_memory_equal(end, "PK\x05\x06", 4);
	assert_int_equal(number(end + 10, 2), list->count);
	uint64_t central = number(end + 16, 4);
	assert_int_equal(central + number(end + 12, 4), size - 22);
	uint64_t expected_offset = 0;
	uint64_t at = central;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct hw_zip_entry *entry = &list->entries[i];
		const uint8_t *record = bytes + at;
		assert_memory_equal(record, "PK\x01\x02", 4);
		assert_int_equal(number(record + 8, 2),
				 entry->kind == HW_ZIP_WHOLE ? 0x800 : 0x808);
		assert_int_equal(number(record + 16, 4), entry->crc32);
		assert_int_equal(number(record + 20, 4), entry->size);
		assert_int_equal(number(record + 24, 4), entry->size);
		assert_int_equal(number(record + 42, 4), expected_offset);
		assert_memory_equal(record + 46, entry->name.bytes, entry->name.size);
		expected_offset = local_check(bytes + expected_offset, expected_offset, i, entry);
		at += 46 + number(record + 28, 2) + number(record + 30, 2);
	}
	assert_int_equal(expected_offset, central);
	assert_int_equal(at, size - 22);
}

static void all_kinds_test(void **state)
{
	(void)state;
	static uint8_t bytes[WHOLE_MAX];
	struct hw_prng prng;
	hw_prng_init(&prng, 5);
	uint32_t open_count = 0;
	for (uint32_t i = 0; i < 500; i++) {
		static struct list list;
		struct hw_zip_layout layout;
		uint64_t size = 0;
		list_make(&list, &prng);
		layout_make(&layout, &list);
		assert_true(layout.is_live);
		open_count += layout.is_open;
		assert_int_equal(run(&layout, &list, &list, bytes, &prng, &size), HW_ZIP_DONE);
		assert_int_equal(hw_zip_size(&layout), layout.is_open ? HW_ZIP_SIZE_UNKNOWN : size);
		archive_check(bytes, size, &list);
	}
	assert_in_range(open_count, 100, 450);
}

enum change { NAME, ROOT, SIZE, TIME, CRC, KIND, ORDER, CHANGE_COUNT };

/* Returns false if such an entry has no such thing to change. */
static bool entry_change(struct list *list, uint32_t index, enum change change)
{
	struct hw_zip_entry *entry = &list->entries[index];
	switch (change) {
	case NAME:
		entry->name = HW_SPAN("file xx");
		return true;
	case ROOT:
		entry->root = g_other_root;
		return entry->kind == HW_ZIP_WHOLE;
	case SIZE:
		entry->size++;
		return true;
	case TIME:
		entry->mtime_s++;
		return true;
	case CRC:
		entry->crc32++;
		return true;
	case KIND:
		entry->kind = (entry->kind + 1) % HW_ZIP_KIND_COUNT;
		return true;
	default:
		if (index + 1 == list->count) {
			return false;
		}
		struct hw_zip_entry next = list->entries[index + 1];
		list->entries[index + 1] = *entry;
		list->entries[index] = next;
		return true;
	}
}

/* What was to come may come as it likes; all else is as it was said, and the directory says what
 * came. */
static void changed_test(void **state)
{
	(void)state;
	static uint8_t bytes[WHOLE_MAX];
	struct hw_prng prng;
	hw_prng_init(&prng, 6);
	for (uint32_t i = 0; i < 300; i++) {
		static struct list list;
		static struct list other;
		struct hw_zip_layout layout;
		uint64_t size = 0;
		list_make(&list, &prng);
		layout_make(&layout, &list);
		for (enum change change = 0; change < CHANGE_COUNT; change++) {
			uint32_t index = (uint32_t)hw_prng_below(&prng, list.count);
			enum hw_zip_kind kind = list.entries[index].kind;
			other = list;
			if (!entry_change(&other, index, change)) {
				continue;
			}
			bool is_free = (change == CRC && kind != HW_ZIP_WHOLE) ||
				       (change == SIZE && kind == HW_ZIP_OPEN);
			assert_int_equal(run(&layout, &other, &other, bytes, &prng, &size),
					 is_free ? HW_ZIP_DONE : HW_ZIP_IS_CHANGED);
			if (change != ROOT) { /* the directory has none */
				assert_int_equal(run(&layout, &list, &other, bytes, &prng, &size),
						 HW_ZIP_IS_CHANGED);
			}
		}
	}
}

/* Around 32 bits: what is said beforehand decides how wide a descriptor is. */
static void large_test(void **state)
{
	(void)state;
	static const struct {
		uint64_t size;
		enum hw_zip_kind kind;
		uint32_t local_size;
		uint32_t descriptor_size;
		uint32_t central_size;
	} rows[] = {
		{UINT32_MAX - 1, HW_ZIP_WHOLE, 40, 0, 56},
		{UINT32_MAX, HW_ZIP_WHOLE, 60, 0, 76},
		{UINT32_MAX - 1, HW_ZIP_SIZED, 40, 16, 56},
		{UINT32_MAX, HW_ZIP_SIZED, 60, 24, 76},
		{0, HW_ZIP_OPEN, 60, 24, 56},
		{UINT32_MAX - 1, HW_ZIP_OPEN, 60, 24, 56},
		{UINT32_MAX, HW_ZIP_OPEN, 60, 24, 76},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_zip_entry entry = {
			.name = {"a", 1}, .size = rows[i].size, .kind = rows[i].kind};
		struct hw_zip_record record = {.size = 0};
		assert_int_equal(hw_zip_local_size(&entry), rows[i].local_size);
		assert_int_equal(hw_zip_descriptor_size(&entry), rows[i].descriptor_size);
		assert_int_equal(hw_zip_central_size(&entry, 0), rows[i].central_size);
		hw_zip_put_local(&record, &entry);
		assert_int_equal(record.size, rows[i].local_size);
		record.size = 0;
		hw_zip_put_central(&record, &entry, 0);
		assert_int_equal(record.size, rows[i].central_size);
		assert_int_equal(number(record.bytes + 6, 2), rows[i].local_size > 40 ? 45 : 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_test),
		cmocka_unit_test(changed_test),
		cmocka_unit_test(large_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
