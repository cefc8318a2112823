/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever the entries and wherever a range begins and ends, the cursor gives exactly its
 * bytes: those that a walk from the beginning gives; entries that changed on the way are noticed,
 * and no byte is given outside the range.
 *
 * Method: the input says how many entries there are, and size and name of each, small or at the end
 * of 32 or 64 bits; which range is read, in which pieces; and whether one entry changes between
 * layout and walk. Contents of files are a function of entry and offset. An archive that is small
 * is made whole first and compared; of a large one only what is not a file is written, and files
 * are skipped.
 */
#include <stdlib.h>

#include "net/wire/zip.h"

#define ENTRIES_MAX 12U
#define HEAD_SIZE   8U
#define ENTRY_SIZE  4U
#define SMALL_MAX   65536U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct list {
	struct hw_zip_entry entries[ENTRIES_MAX];
	char names[ENTRIES_MAX][HW_NAME_SIZE_MAX];
	uint32_t count;
};

static const uint8_t g_root[HW_HASH_SIZE] = {9};

static uint64_t size_make(uint8_t kind, uint8_t number)
{
	switch (kind % 6) {
	case 0:
		return 0;
	case 1:
		return number;
	case 2:
		return UINT64_C(0xffffffff) - 2 + number % 5;
	case 3:
		return UINT64_C(0xffffffff) -
		       number * UINT64_C(20); /* so that a sum is at 32 bits */
	case 4:
		return HW_ZIP_SIZE_MAX - number * UINT64_C(3);
	default:
		return (uint64_t)number << 45;
	}
}

static void list_make(struct list *list, const uint8_t *data, size_t size)
{
	list->count = 0;
	for (; list->count < ENTRIES_MAX && size >= ENTRY_SIZE; size -= ENTRY_SIZE) {
		struct hw_zip_entry *entry = &list->entries[list->count];
		char *name = list->names[list->count];
		uint32_t name_size = data[2] % HW_NAME_SIZE_MAX + 1;
		memset(name, 'a' + (int)list->count, name_size);
		*entry = (struct hw_zip_entry){
			.name = {name, name_size},
			.root = g_root,
			.size = size_make(data[0], data[1]),
			.mtime_s = (uint64_t)data[3] << data[3] % 40,
			.crc32 = data[3],
		};
		list->count++;
		data += ENTRY_SIZE;
	}
}

static uint8_t content(uint32_t index, uint64_t offset)
{
	return (uint8_t)(index * 13 + offset * 5);
}

/* @bytes: of the range, or NULL to skip files and look at records only. */
static enum hw_zip_state walk(struct hw_zip_cursor *cursor, const struct list *list, uint8_t *bytes,
			      uint32_t piece)
{
	uint64_t begin = cursor->offset;
	uint64_t given = 0;
	uint8_t record[HW_ZIP_RECORD_SIZE_MAX];
	while (cursor->state != HW_ZIP_DONE && cursor->state != HW_ZIP_IS_CHANGED) {
		hw_assert(cursor->offset == begin + given && cursor->offset <= cursor->end_offset);
		uint64_t size = 0;
		uint64_t offset = 0;
		switch (cursor->state) {
		case HW_ZIP_WANTS_ENTRY:
			hw_assert(cursor->entry_index < list->count);
			hw_zip_cursor_entry(cursor, &list->entries[cursor->entry_index]);
			break;
		case HW_ZIP_WANTS_WRITE:
			size = hw_zip_cursor_write(cursor, record, hw_min(piece, sizeof(record)));
			hw_assert(size > 0 && size <= piece);
			if (bytes != NULL) {
				memcpy(bytes + given, record, size);
			}
			break;
		default:
			hw_assert(cursor->state == HW_ZIP_WANTS_FILE);
			size = hw_zip_cursor_file(cursor, &offset);
			size = bytes == NULL ? size : hw_min(size, piece);
			for (uint64_t i = 0; bytes != NULL && i < size; i++) {
				bytes[given + i] = content(cursor->entry_index, offset + i);
			}
			hw_zip_cursor_skip(cursor, size);
		}
		given += size;
		hw_assert(cursor->offset == begin + given);
	}
	return cursor->state;
}

static void compare(const struct hw_zip_layout *layout, const struct list *list, uint64_t offset,
		    uint64_t end, uint32_t piece)
{
	uint64_t size = hw_zip_size(layout);
	struct hw_zip_cursor cursor;
	uint8_t *whole = malloc(size);
	uint8_t *part = malloc(end - offset);
	hw_assert(whole != NULL && part != NULL);
	hw_zip_cursor_init(&cursor, layout, 0, size);
	hw_assert(walk(&cursor, list, whole, UINT32_MAX) == HW_ZIP_DONE);
	hw_zip_cursor_init(&cursor, layout, offset, end);
	hw_assert(walk(&cursor, list, part, piece) == HW_ZIP_DONE);
	hw_assert(memcmp(whole + offset, part, end - offset) == 0);
	free(part);
	free(whole);
}

static void change(struct list *list, uint8_t how, uint8_t which)
{
	struct hw_zip_entry *entry = &list->entries[which % list->count];
	if (how % 3 == 0) {
		entry->size = size_make((uint8_t)(how + 1), how) + 1;
	} else if (how % 3 == 1) {
		entry->name.size = entry->name.size == 1 ? 2 : entry->name.size - 1;
	} else {
		entry->crc32++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct list list;
	if (size < HEAD_SIZE || size > 4096) {
		return 0;
	}
	list_make(&list, data + HEAD_SIZE, size - HEAD_SIZE);
	struct hw_zip_layout layout;
	hw_zip_layout_init(&layout);
	for (uint32_t i = 0; i < list.count; i++) {
		if (hw_zip_layout_add(&layout, &list.entries[i]) < 0) {
			list.count = i; /* as far as it fits */
		}
	}
	hw_zip_layout_end(&layout);
	uint64_t whole_size = hw_zip_size(&layout);
	hw_assert(whole_size <= HW_ZIP_SIZE_MAX);
	uint64_t a = (uint64_t)((double)whole_size * data[0] / 256) + data[1];
	uint64_t b = (uint64_t)((double)whole_size * data[2] / 256) + data[3];
	a = hw_min(a, whole_size - 1);
	b = hw_min(b, whole_size - 1);
	uint64_t offset = hw_min(a, b);
	uint64_t end = hw_max(a, b) + 1;
	uint32_t piece = data[4] + 1U;
	struct hw_zip_cursor cursor;
	if (whole_size <= SMALL_MAX) {
		compare(&layout, &list, offset, end, piece);
	}
	hw_zip_cursor_init(&cursor, &layout, offset, end);
	hw_assert(walk(&cursor, &list, NULL, piece) == HW_ZIP_DONE);
	hw_assert(cursor.offset == end);
	if (data[5] % 2 == 1 && list.count > 0) {
		change(&list, data[6], data[7]);
		struct hw_zip_layout other;
		hw_zip_layout_init(&other);
		bool fits = true;
		for (uint32_t i = 0; i < list.count; i++) {
			fits = fits && hw_zip_layout_add(&other, &list.entries[i]) == 0;
		}
		hw_zip_layout_end(&other);
		if (fits && hw_hash_equal(&other.tag, &layout.tag)) {
			return 0; /* changed into what it was */
		}
		hw_zip_cursor_init(&cursor, &layout, offset, end);
		hw_assert(walk(&cursor, &list, NULL, piece) == HW_ZIP_IS_CHANGED);
	}
	return 0;
}
