/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever the fields say, a good tus head keeps what its header promises, and a bad one has
 * its answer.
 *
 * Method: the input as field lines of a request, and as a metadata text by itself,
 * which is taken apart, written again and must be taken apart the same.
 */
#include "net/wire/base64.h"
#include "net/wire/tus_head.h"
#include "net/wire/tus_metadata.h"
#include "tests/fuzz/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every pair again, with one comma between them. */
static struct hw_span metadata_write(struct hw_span metadata)
{
	static char text[HW_UPLOAD_METADATA_MAX + HW_TUS_METADATA_KEYS_MAX];
	char value[HW_UPLOAD_METADATA_MAX];
	uint32_t at = 0;
	uint32_t count = 0;
	struct hw_span rest = metadata;
	struct hw_span key;
	struct hw_span encoded;
	while (hw_tus_metadata_next(&rest, &key, &encoded)) {
		hw_assert(key.size > 0 && ++count <= HW_TUS_METADATA_KEYS_MAX);
		int size = hw_tus_metadata_find(metadata, key, value, sizeof(value));
		hw_assert(size >= 0 && HW_BASE64_SIZE((uint32_t)size) == encoded.size);
		text[at] = ',';
		at += count > 1 ? 1 : 0;
		memcpy(text + at, key.bytes, key.size);
		at += key.size;
		text[at] = ' ';
		at += size > 0 ? 1 : 0;
		hw_base64_encode((const uint8_t *)value, (uint32_t)size, text + at);
		at += encoded.size;
	}
	return (struct hw_span){text, at};
}

static void metadata_check(struct hw_span metadata)
{
	if (hw_tus_metadata_judge(metadata) < 0) {
		return;
	}
	hw_assert(metadata.size <= HW_UPLOAD_METADATA_MAX);
	struct hw_span again = metadata_write(metadata);
	hw_assert(again.size <= metadata.size);
	hw_assert(hw_tus_metadata_judge(again) == 0);
	struct hw_span key;
	struct hw_span value;
	struct hw_span same_key;
	struct hw_span same_value;
	while (hw_tus_metadata_next(&metadata, &key, &value)) {
		hw_assert(hw_tus_metadata_next(&again, &same_key, &same_value));
		hw_assert(hw_span_equal(key, same_key) && hw_span_equal(value, same_value));
	}
	hw_assert(again.size == 0);
}

static void good_check(struct hw_tus_head *head)
{
	hw_assert(!head->has_length || head->length <= HW_FILE_SIZE_MAX);
	hw_assert(!head->has_offset || head->offset <= HW_FILE_SIZE_MAX);
	hw_assert(!(head->has_length && head->defers_length));
	hw_assert(head->method > HW_HTTP_METHOD_NONE && head->method < HW_HTTP_METHOD_COUNT);
	hw_assert(head->checksum < HW_TUS_CHECKSUM_COUNT);
	hw_assert((head->checksum == HW_TUS_CHECKSUM_NONE) == (head->digest_size == 0));
	hw_assert(head->digest_size <= sizeof(head->digest));
	metadata_check(head->metadata);
	uint32_t count = 0;
	struct hw_span path;
	while (hw_tus_part_next(&head->part_links, &path)) {
		hw_assert(path.size > 0 && path.bytes[0] == '/');
		count++;
	}
	hw_assert((head->concat_kind == HW_TUS_FINAL) == (count > 0));
	hw_assert(count <= HW_UPLOAD_PARTS_MAX);
	hw_assert(head->concat_kind != HW_TUS_FINAL || !(head->has_length || head->defers_length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fields fields;
	struct hw_tus_head head;
	if (fields_make(&fields, "POST /f", data, size)) {
		enum hw_tus_verdict verdict =
			hw_tus_head_parse(&fields.parser.request, fields.bytes, &head);
		hw_assert((verdict == HW_TUS_GOOD) == (hw_tus_reason(verdict) == NULL));
		if (verdict == HW_TUS_GOOD) {
			good_check(&head);
		}
		fields_free(&fields);
	}
	if (size <= 2 * HW_UPLOAD_METADATA_MAX) {
		char *copy = malloc(size == 0 ? 1 : size);
		hw_assert(copy != NULL);
		memcpy(copy, data, size);
		metadata_check((struct hw_span){copy, (uint32_t)size});
		free(copy);
	}
	return 0;
}
