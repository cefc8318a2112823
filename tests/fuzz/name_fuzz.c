/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: no bytes become a name that could lead out of a folder or end a line; a good name survives
 * the URL, Content-Disposition and JSON unharmed; the text codecs have one text for each content.
 *
 * Method: the input as a segment of a URL, as a name, as the texts of the codecs, and as bytes that
 * are encoded and must come back.
 */
#include <stdlib.h>

#include "net/wire/base32.h"
#include "net/wire/base64.h"
#include "net/wire/hex.h"
#include "net/wire/http_writer.h"
#include "net/wire/name.h"
#include "net/wire/uri.h"
#include "net/wire/utf8.h"

#define INPUT_SIZE_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void good_name_check(struct hw_span name)
{
	hw_assert(name.size > 0 && name.size <= HW_NAME_SIZE_MAX);
	hw_assert(!hw_span_equal(name, HW_SPAN(".")) && !hw_span_equal(name, HW_SPAN("..")));
	for (uint32_t i = 0; i < name.size; i++) {
		uint8_t byte = (uint8_t)name.bytes[i];
		hw_assert(byte >= 0x20 && byte != 0x7f && byte != '/' && byte != '\\');
	}
	char segment[3 * HW_NAME_SIZE_MAX];
	char back[HW_NAME_SIZE_MAX];
	uint32_t back_size = 0;
	int size = hw_uri_encode(name, segment, sizeof(segment));
	hw_assert(size > 0);
	struct hw_span encoded = {segment, (uint32_t)size};
	hw_assert(hw_name_clean(encoded, back, &back_size) == HW_NAME_GOOD);
	hw_assert(hw_span_equal((struct hw_span){back, back_size}, name));
}

/* Any bytes, good name or not. */
static void writer_check(struct hw_span text)
{
	static char bytes[65 + 8 * INPUT_SIZE_MAX];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, HW_HTTP_ATTACHMENT_SIZE(text.size));
	hw_http_writer_field_attachment(&writer, text);
	hw_assert(!writer.is_overflowed);
	hw_assert(memchr(bytes, '\n', writer.size) == bytes + writer.size - 1);
	hw_http_writer_init(&writer, bytes, 2 + 6 * text.size);
	hw_http_writer_json_string(&writer, text);
	hw_assert(!writer.is_overflowed);
	struct hw_span json = hw_http_writer_span(&writer);
	while (json.size > 0) {
		uint32_t code = 0;
		int size = hw_utf8_next(json, &code);
		hw_assert(size > 0 && code >= 0x20 && code != '<');
		json = hw_span_skip(json, (uint32_t)size);
	}
	hw_http_writer_init(&writer, bytes, 5 + text.size);
	hw_http_writer_field(&writer, HW_SPAN("X"), text);
	hw_assert(!writer.is_overflowed);
	hw_assert(memchr(bytes, '\r', writer.size) == bytes + writer.size - 2);
}

static void texts_check(struct hw_span text)
{
	static uint8_t bytes[INPUT_SIZE_MAX];
	static char again[2 * INPUT_SIZE_MAX];
	for (uint32_t size = 0; size <= HW_HASH_SIZE; size++) {
		if (hw_base32_decode(text, bytes, size) == 0) {
			hw_base32_encode(bytes, size, again);
			hw_assert(memcmp(again, text.bytes, text.size) == 0);
		}
		if (hw_base64url_decode(text, bytes, size) == 0) {
			hw_base64url_encode(bytes, size, again);
			hw_assert(memcmp(again, text.bytes, text.size) == 0);
		}
		(void)hw_hex_decode(text, bytes, size); /* two cases: no one text */
	}
	int size = hw_base64_decode(text, bytes, sizeof(bytes));
	if (size >= 0) {
		hw_base64_encode(bytes, (uint32_t)size, again);
		hw_assert(HW_BASE64_SIZE((uint32_t)size) == text.size);
		hw_assert(memcmp(again, text.bytes, text.size) == 0);
	}
}

static void bytes_check(const uint8_t *data, uint32_t size)
{
	char text[64];
	uint8_t back[HW_HASH_SIZE];
	size = hw_min(size, HW_HASH_SIZE);
	hw_base32_encode(data, size, text);
	hw_assert(hw_base32_decode((struct hw_span){text, HW_BASE32_SIZE(size)}, back, size) == 0);
	hw_assert(memcmp(back, data, size) == 0);
	hw_hex_encode(data, size, text);
	hw_assert(hw_hex_decode((struct hw_span){text, 2 * size}, back, size) == 0);
	hw_assert(memcmp(back, data, size) == 0);
	hw_base64url_encode(data, size, text);
	struct hw_span url = {text, HW_BASE64URL_SIZE(size)};
	hw_assert(hw_base64url_decode(url, back, size) == 0);
	hw_assert(memcmp(back, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_SIZE_MAX) {
		return 0;
	}
	char *copy = malloc(size == 0 ? 1 : size);
	hw_assert(copy != NULL);
	memcpy(copy, data, size);
	struct hw_span input = {copy, (uint32_t)size};
	char name[HW_NAME_SIZE_MAX];
	uint32_t name_size = 0;
	if (hw_name_clean(input, name, &name_size) == HW_NAME_GOOD) {
		good_name_check((struct hw_span){name, name_size});
	}
	if (hw_name_judge(input) == HW_NAME_GOOD) {
		good_name_check(input);
	}
	writer_check(input);
	texts_check(input);
	bytes_check(data, (uint32_t)size);
	free(copy);
	return 0;
}
