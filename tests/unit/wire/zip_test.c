/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an archive is the same bytes from whatever offset it is read, in whatever pieces; its size
 * and tag are known before; entries that are not those of the layout are noticed.
 *
 * Method: a small archive made in one go is the reference for each [offset, end) of it and for
 * buffers of several sizes; sizes and offsets around 32 bits by arithmetic only, with what ZIP64
 * adds counted by hand; each field of an entry changed, entries exchanged, between layout and
 * cursor. That others read the archives is seen in zip_readers_test.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "net/wire/zip.h"

#define WHOLE_MAX 4096U
#define FULL_32   UINT64_C(0xffffffff)
#define UT_SIZE   9U

static const uint8_t g_root[HW_HASH_SIZE] = {1, 2, 3};

static const struct hw_zip_entry g_small[] = {
	{{"a", 1}, g_root, 5, 1700000000, 0x11111111, HW_ZIP_WHOLE},
	{{"empty", 5}, g_root, 0, 0, 0, HW_ZIP_WHOLE},
	{{"folder/b.txt", 12}, g_root, 100, 1700000001, 0x22222222, HW_ZIP_WHOLE},
	{{"\xc3\xbc", 2}, g_root, 1, 1700000002, 0x33333333, HW_ZIP_WHOLE},
};

static void layout_make(struct hw_zip_layout *layout, const struct hw_zip_entry *entries,
			uint32_t count)
{
	hw_zip_layout_init(layout);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(hw_zip_layout_add(layout, &entries[i]), 0);
	}
	hw_zip_layout_end(layout);
}

/* A byte of a file's content, for the reference. */
static uint8_t content(const struct hw_zip_cursor *cursor, uint64_t offset)
{
	return (uint8_t)(cursor->entry_index * UINT64_C(31) + offset * 7 + 1);
}

/* Bytes [offset, end) of the archive into @bytes, in pieces of at most @piece. */
static enum hw_zip_state run(const struct hw_zip_layout *layout, const struct hw_zip_entry *entries,
			     uint64_t offset, uint64_t end, uint8_t *bytes, uint32_t piece)
{
	struct hw_zip_cursor cursor;
	hw_zip_cursor_init(&cursor, layout, offset, end);
	while (cursor.state != HW_ZIP_DONE && cursor.state != HW_ZIP_IS_CHANGED) {
		uint8_t *at = bytes + (cursor.offset - offset);
		uint64_t left = end - cursor.offset;
		uint64_t before = cursor.offset;
		if (cursor.state == HW_ZIP_WANTS_ENTRY) {
			hw_zip_cursor_entry(&cursor, &entries[cursor.entry_index]);
			assert_int_equal(cursor.offset, before);
		} else if (cursor.state == HW_ZIP_WANTS_WRITE) {
			uint32_t size = hw_zip_cursor_write(&cursor, at, piece);
			assert_in_range(size, 1, piece);
			assert_true(size <= left);
			assert_int_equal(cursor.offset, before + size);
		} else {
			uint64_t in_file = 0;
			uint64_t size = hw_zip_cursor_file(&cursor, &in_file);
			size = size < piece ? size : piece;
			assert_true(size > 0 && size <= left);
			for (uint64_t i = 0; i < size; i++) {
				at[i] = content(&cursor, in_file + i);
			}
			hw_zip_cursor_skip(&cursor, size);
		}
	}
	if (cursor.state == HW_ZIP_DONE) {
		assert_int_equal(cursor.offset, end);
	}
	return cursor.state;
}

static void every_range_test(void **state)
{
	(void)state;
	static uint8_t whole[WHOLE_MAX];
	static uint8_t part[WHOLE_MAX];
	struct hw_zip_layout layout;
	layout_make(&layout, g_small, hw_count_of(g_small));
	uint64_t size = hw_zip_size(&layout);
	uint64_t names = 1 + 5 + 12 + 2;
	assert_int_equal(layout.central_offset, UINT64_C(4) * (30 + UT_SIZE) + names + 106);
	assert_int_equal(layout.central_size, UINT64_C(4) * (46 + UT_SIZE) + names);
	assert_int_equal(size, layout.central_offset + layout.central_size + 22);
	assert_int_equal(run(&layout, g_small, 0, size, whole, WHOLE_MAX), HW_ZIP_DONE);
	assert_memory_equal(whole, "PK\x03\x04", 4);
	assert_memory_equal(whole + layout.central_offset, "PK\x01\x02", 4);
	assert_memory_equal(whole + size - 22, "PK\x05\x06", 4);
	for (uint64_t offset = 0; offset < size; offset++) {
		for (uint64_t end = offset + 1; end <= size; end += 1 + end % 3) {
			memset(part, 0xee, sizeof(part));
			assert_int_equal(run(&layout, g_small, offset, end, part,
					     1 + (uint32_t)(offset + end) % 90),
					 HW_ZIP_DONE);
			assert_memory_equal(part, whole + offset, end - offset);
			assert_int_equal(part[end - offset], 0xee);
		}
	}
}

static void nothing_test(void **state)
{
	(void)state;
	uint8_t bytes[23] = {0};
	struct hw_zip_layout layout;
	layout_make(&layout, NULL, 0);
	assert_int_equal(hw_zip_size(&layout), 22);
	assert_int_equal(run(&layout, NULL, 0, 22, bytes, 5), HW_ZIP_DONE);
	assert_memory_equal(bytes, "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
}

/* What ZIP64 adds, at the very sizes where it begins. */
static void large_test(void **state)
{
	(void)state;
	static const struct {
		uint64_t size; /* of the first of two files, as is local_extra */
		uint64_t local_extra;
		uint64_t central_extra; /* of both: what the first is long, the second is behind */
		uint64_t end_size;
	} cases[] = {
		{0, 0, 0, 22},
		{FULL_32 - 30 - UT_SIZE - 1 - 1, 0, 0, 22 + 76}, /* the directory is behind 4 GiB */
		{FULL_32 - 30 - UT_SIZE - 1, 0, 12, 22 + 76},    /* and the second file */
		{FULL_32 - 1, 0, 12, 22 + 76},
		{FULL_32, 20, 20 + 12, 22 + 76},
		{UINT64_C(1) << 53, 20, 20 + 12, 22 + 76},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_zip_entry entries[] = {
			{{"a", 1}, g_root, cases[i].size, 0, 0, HW_ZIP_WHOLE},
			{{"b", 1}, g_root, 1, 0, 0, HW_ZIP_WHOLE},
		};
		struct hw_zip_layout layout;
		layout_make(&layout, entries, 2);
		assert_int_equal(layout.central_offset,
				 2 * (30 + UT_SIZE + 1) + 1 + cases[i].size + cases[i].local_extra);
		assert_int_equal(layout.central_size,
				 UINT64_C(2) * (46 + UT_SIZE + 1) + cases[i].central_extra);
		uint64_t size = hw_zip_size(&layout);
		assert_int_equal(size - layout.central_offset - layout.central_size,
				 cases[i].end_size);
		static uint8_t bytes[WHOLE_MAX];
		assert_int_equal(run(&layout, entries, layout.central_offset - 1, size, bytes, 64),
				 HW_ZIP_DONE);
		assert_memory_equal(bytes + 1, "PK\x01\x02", 4);
	}
}

static void too_large_test(void **state)
{
	(void)state;
	struct hw_zip_entry entry = {{"a", 1}, g_root, HW_ZIP_SIZE_MAX / 2, 0, 0, HW_ZIP_WHOLE};
	struct hw_zip_layout layout;
	hw_zip_layout_init(&layout);
	assert_int_equal(hw_zip_layout_add(&layout, &entry), 0);
	assert_int_equal(hw_zip_layout_add(&layout, &entry), -EFBIG);
	entry.size = UINT64_MAX;
	assert_int_equal(hw_zip_layout_add(&layout, &entry), -EFBIG);
	assert_int_equal(layout.entry_count, 1);
	entry.size = HW_ZIP_SIZE_MAX / 4;
	assert_int_equal(hw_zip_layout_add(&layout, &entry), 0);
}

/* Anything else in an entry is another tag, and is noticed by a cursor wherever it reads. */
static void changed_test(void **state)
{
	(void)state;
	static uint8_t bytes[WHOLE_MAX];
	static const uint8_t other_root[HW_HASH_SIZE] = {1, 2, 4};
	struct hw_zip_layout layout;
	layout_make(&layout, g_small, hw_count_of(g_small));
	uint64_t size = hw_zip_size(&layout);
	for (uint32_t change = 0; change < 7; change++) {
		struct hw_zip_entry entries[hw_count_of(g_small)];
		memcpy(entries, g_small, sizeof(g_small));
		struct hw_zip_entry *entry = &entries[change % 2 == 0 ? 2 : 3];
		entry->name = change == 0 ? HW_SPAN("folder/c.txt") : entry->name;
		entry->root = change == 1 ? other_root : entry->root;
		entry->size += change == 2 ? 1 : 0;
		entry->size = change == 3 ? UINT64_MAX : entry->size;
		entry->mtime_s += change == 4 ? 1 : 0;
		entry->crc32 ^= change == 5 ? 1 : 0;
		if (change == 6) { /* no byte more or less, only where they are */
			entries[2] = g_small[3];
			entries[3] = g_small[2];
		}
		struct hw_zip_layout other;
		if (change != 3) {
			layout_make(&other, entries, hw_count_of(entries));
			assert_false(hw_hash_equal(&other.tag, &layout.tag));
		}
		assert_int_equal(run(&layout, entries, 0, size, bytes, 64), HW_ZIP_IS_CHANGED);
		assert_int_equal(run(&layout, entries, 0, 1, bytes, 64), HW_ZIP_IS_CHANGED);
		assert_int_equal(run(&layout, entries, size - 1, size, bytes, 64),
				 HW_ZIP_IS_CHANGED);
	}
	/* A name and what follows it are told apart. */
	struct hw_zip_layout first;
	struct hw_zip_layout second;
	struct hw_zip_entry joint = {{"ab", 2}, g_root, 0, 0, 0, HW_ZIP_WHOLE};
	layout_make(&first, &joint, 1);
	layout_make(&second, &g_small[1], 1);
	assert_false(hw_hash_equal(&first.tag, &second.tag));
}

/* A cursor that was copied goes on from where it was. */
static void copy_test(void **state)
{
	(void)state;
	uint8_t first[64];
	uint8_t second[64];
	struct hw_zip_layout layout;
	struct hw_zip_cursor cursor;
	layout_make(&layout, g_small, hw_count_of(g_small));
	hw_zip_cursor_init(&cursor, &layout, 3, hw_zip_size(&layout));
	hw_zip_cursor_entry(&cursor, &g_small[0]);
	struct hw_zip_cursor copy = cursor;
	uint32_t size = hw_zip_cursor_write(&cursor, first, sizeof(first));
	assert_int_equal(hw_zip_cursor_write(&copy, second, sizeof(second)), size);
	assert_memory_equal(first, second, size);
	assert_int_equal(cursor.state, copy.state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_range_test), cmocka_unit_test(nothing_test),
		cmocka_unit_test(large_test),       cmocka_unit_test(too_large_test),
		cmocka_unit_test(changed_test),     cmocka_unit_test(copy_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
