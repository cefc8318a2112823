/* SPDX-License-Identifier: Apache-2.0
 *
 * zip_content.h - is this answer the whole ZIP of these files, or a beginning of it?
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 *
 * Reads an archive as a program would that was told nothing: by the directory at its end.
 */
#ifndef HW_TESTS_UNIT_TALK_ZIP_CONTENT_H
#define HW_TESTS_UNIT_TALK_ZIP_CONTENT_H

#include "simd/crc32.h"
#include "tests/unit/talk/talk_table.h"

struct zip_file {
	const char *name;
	uint64_t size;
	uint64_t shift; /* of its content */
};

static inline uint64_t zip_number(const char *bytes, uint32_t size)
{
	uint64_t value = 0;
	for (uint32_t i = size; i > 0; i--) {
		value = value << 8 | (uint8_t)bytes[i - 1];
	}
	return value;
}

/* One entry of the directory. Returns bytes of it; asserts that it and its file are right. */
static inline uint64_t zip_entry_check(struct hw_span zip, uint64_t at, const struct zip_file *file)
{
	const char *record = zip.bytes + at;
	uint64_t name_size = strlen(file->name);
	hw_assert(at + 46 + name_size <= zip.size && zip_number(record, 4) == 0x02014b50);
	hw_assert(zip_number(record + 28, 2) == name_size);
	hw_assert(memcmp(record + 46, file->name, name_size) == 0);
	hw_assert(zip_number(record + 20, 4) == file->size);
	hw_assert(zip_number(record + 24, 4) == file->size);
	uint64_t local_offset = zip_number(record + 42, 4);
	hw_assert(local_offset + 30 < at);
	const char *local = zip.bytes + local_offset;
	hw_assert(zip_number(local, 4) == 0x04034b50);
	hw_assert(zip_number(local + 6, 2) == zip_number(record + 8, 2));
	hw_assert(zip_number(local + 10, 4) == zip_number(record + 12, 4)); /* times */
	uint64_t offset = local_offset + 30 + zip_number(local + 26, 2) + zip_number(local + 28, 2);
	hw_assert(offset + file->size <= at);
	const char *bytes = zip.bytes + offset;
	hw_assert(talk_content_equal(bytes, file->size, file->shift, 0));
	uint32_t crc32 = hw_crc32(0, bytes, file->size);
	hw_assert(zip_number(record + 16, 4) == crc32);
	if ((zip_number(local + 6, 2) & 8) != 0) {
		hw_assert(zip_number(bytes + file->size, 4) == 0x08074b50);
		hw_assert(zip_number(bytes + file->size + 4, 4) == crc32);
		hw_assert(zip_number(bytes + file->size + 8, 4) == file->size);
	}
	return 46 + name_size + zip_number(record + 30, 2) + zip_number(record + 32, 2);
}

/* Returns false if it is not the end of an archive that @zip ends with. */
static inline bool zip_is_whole(struct hw_span zip, const struct zip_file *files, uint32_t count)
{
	if (zip.size < 22 || zip_number(zip.bytes + zip.size - 22, 4) != 0x06054b50) {
		return false;
	}
	const char *end = zip.bytes + zip.size - 22;
	uint64_t at = zip_number(end + 16, 4);
	hw_assert(zip_number(end + 10, 2) == count);
	hw_assert(at + zip_number(end + 12, 4) == zip.size - 22);
	for (uint32_t i = 0; i < count; i++) {
		at += zip_entry_check(zip, at, &files[i]);
	}
	hw_assert(at == zip.size - 22);
	return true;
}

/* What the transfer coding's chunks hold, as far as it came, into memory of the caller's to free.
 * @ret_has_end: the last one is there. */
static inline struct hw_span zip_unchunk(struct hw_span body, bool *ret_has_end)
{
	char *bytes = malloc(body.size + 1);
	uint32_t size = 0;
	hw_assert(bytes != NULL);
	*ret_has_end = false;
	while (body.size > 0) {
		const char *line_end = memmem(body.bytes, body.size, "\r\n", 2);
		if (line_end == NULL) {
			break;
		}
		uint32_t left = (uint32_t)strtoul(body.bytes, NULL, 16);
		body = hw_span_skip(body, (uint32_t)(line_end - body.bytes) + 2);
		*ret_has_end = left == 0 && body.size >= 2;
		uint32_t part = hw_min(left, body.size);
		memcpy(bytes + size, body.bytes, part);
		size += part;
		body = hw_span_skip(body, part);
		if (body.size < 2) {
			break;
		}
		hw_assert(body.bytes[0] == '\r' && body.bytes[1] == '\n');
		body = hw_span_skip(body, 2);
		hw_assert(!*ret_has_end || body.size == 0);
	}
	return (struct hw_span){bytes, size};
}

/* The answer is complete, as its framing says; then it is the archive of @files, or it is the error
 * that @ret_status says. */
static inline bool zip_answer_is_whole(struct hw_span answer, const struct zip_file *files,
				       uint32_t count, uint32_t *ret_status)
{
	*ret_status = talk_answer_status(answer);
	if (answer.size == 0 || memmem(answer.bytes, answer.size, "\r\n\r\n", 4) == NULL) {
		return false;
	}
	struct hw_span body = talk_answer_body(answer);
	struct hw_span length = talk_answer_field(answer, "Content-Length");
	if (*ret_status != 200) {
		return length.size > 0 && body.size >= talk_number(length);
	}
	if (talk_answer_field(answer, "Transfer-Encoding").size > 0) {
		bool has_end = false;
		struct hw_span zip = zip_unchunk(body, &has_end);
		bool is_whole = zip_is_whole(zip, files, count);
		hw_assert(!has_end || is_whole);
		talk_text_free(zip);
		return has_end;
	}
	if (length.size > 0) {
		hw_assert(body.size <= talk_number(length));
		bool is_whole = body.size == talk_number(length);
		hw_assert(!is_whole || zip_is_whole(body, files, count));
		return is_whole;
	}
	return zip_is_whole(body, files, count); /* HTTP/1.0 */
}

#endif
