/* SPDX-License-Identifier: Apache-2.0
 *
 * zip_tool - make an archive of the files that a list describes, from any offset on
 *
 * Usage: zip_tool ARCHIVE OFFSET < LIST. Each line of the list is "SIZE CRC32 MTIME KIND NAME",
 * KIND an enum hw_zip_kind (others than 0 with offset 0 only); the contents are holes: whoever
 * wants bytes in the archive writes them there (zip_readers_test.py), and gigabytes cost nothing.
 * Prints what lies where: "OFFSET NAME" for each file.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/wire/zip.h"

#define ENTRIES_MAX 80000U
#define BUFFER_SIZE 100U /* less than a record, so that records come in pieces */

struct line {
	struct hw_zip_entry entry;
	char name[HW_NAME_SIZE_MAX + 1];
};

static struct line g_lines[ENTRIES_MAX];
static uint8_t g_root[HW_HASH_SIZE];

static uint32_t list_read(struct hw_zip_layout *layout)
{
	uint32_t count = 0;
	char text[512];
	while (count < ENTRIES_MAX && fgets(text, sizeof(text), stdin) != NULL) {
		struct line *line = &g_lines[count];
		char *at = text;
		line->entry.size = strtoull(at, &at, 10);
		line->entry.crc32 = (uint32_t)strtoull(at, &at, 10);
		line->entry.mtime_s = strtoull(at, &at, 10);
		at[strcspn(at, "\n")] = '\0';
		line->entry.kind = (enum hw_zip_kind)strtoull(at, &at, 10);
		(void)snprintf(line->name, sizeof(line->name), "%s", at + 1);
		line->entry.name = hw_span_of(line->name);
		line->entry.root = g_root;
		int r = hw_zip_layout_add(layout, &line->entry);
		hw_assert(r == 0);
		count++;
	}
	hw_zip_layout_end(layout);
	return count;
}

/* What is to come of an entry is what its line says. Returns bytes of the archive. */
static uint64_t archive_write(const struct hw_zip_layout *layout, int fd, uint64_t offset)
{
	struct hw_zip_cursor cursor;
	hw_zip_cursor_init(&cursor, layout, offset, hw_zip_size(layout));
	while (cursor.state != HW_ZIP_DONE) {
		uint8_t bytes[BUFFER_SIZE];
		uint64_t at = cursor.offset;
		if (cursor.state == HW_ZIP_WANTS_ENTRY) {
			hw_zip_cursor_entry(&cursor, &g_lines[cursor.entry_index].entry);
		} else if (cursor.state == HW_ZIP_WANTS_END) {
			hw_zip_cursor_end(&cursor, g_lines[cursor.entry_index].entry.crc32);
		} else if (cursor.state == HW_ZIP_WANTS_FILE) {
			uint64_t in_file = 0;
			const struct line *line = &g_lines[cursor.entry_index];
			uint64_t size = hw_zip_cursor_file(&cursor, &in_file);
			size = hw_min(size, line->entry.size - in_file);
			if (size == 0) {
				hw_zip_cursor_file_ends(&cursor);
				continue;
			}
			(void)printf("%" PRIu64 " %s\n", at - in_file, line->name);
			hw_zip_cursor_skip(&cursor, size);
		} else if (cursor.state == HW_ZIP_WANTS_WRITE) {
			uint32_t size = hw_zip_cursor_write(&cursor, bytes, sizeof(bytes));
			ssize_t written = pwrite(fd, bytes, size, (off_t)at);
			hw_assert(written == (ssize_t)size);
		} else {
			hw_assert_fail("the list is its own", __FILE__, __LINE__);
		}
	}
	return cursor.end_offset;
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_WRONLY | O_CREAT, 0600) : -1;
	if (fd < 0) {
		(void)fprintf(stderr, "zip_tool: ARCHIVE OFFSET < LIST\n");
		return 2;
	}
	struct hw_zip_layout layout;
	hw_zip_layout_init(&layout);
	uint32_t count = list_read(&layout);
	uint64_t size = archive_write(&layout, fd, strtoull(argv[2], NULL, 10));
	hw_assert(layout.is_open || size == hw_zip_size(&layout));
	if (ftruncate(fd, (off_t)size) < 0) {
		return 4;
	}
	(void)fprintf(stderr, "%u entries, %" PRIu64 " bytes\n", count, size);
	return close(fd) == 0 ? 0 : 4;
}
