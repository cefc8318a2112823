/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/tus_metadata.h"

#include "core/base/error.h"
#include "net/wire/base64.h"
#include "net/wire/http_char.h"

#define HW_VALUE_SIZE_MAX (HW_UPLOAD_METADATA_MAX / 4 * 3) /* bytes decoded */

static struct hw_span pair_take(struct hw_span *metadata);
static void pair_split(struct hw_span pair, struct hw_span *ret_key, struct hw_span *ret_value);
static bool key_is_good(struct hw_span key);
static bool keys_have(const struct hw_span *keys, uint32_t count, struct hw_span key);

int hw_tus_metadata_judge(struct hw_span metadata)
{
	struct hw_span keys[HW_TUS_METADATA_KEYS_MAX];
	uint32_t count = 0;
	uint8_t bytes[HW_VALUE_SIZE_MAX];
	if (metadata.size > HW_UPLOAD_METADATA_MAX) {
		return -E2BIG;
	}
	bool has_more = metadata.size > 0;
	while (has_more) {
		uint32_t size = metadata.size;
		struct hw_span key;
		struct hw_span value;
		struct hw_span pair = pair_take(&metadata);
		has_more = pair.size < size; /* it ended at a comma: even an empty pair follows */
		pair_split(hw_http_char_trim(pair), &key, &value);
		if (!key_is_good(key) || hw_base64_decode(value, bytes, sizeof(bytes)) < 0 ||
		    keys_have(keys, count, key)) {
			return -EINVAL;
		}
		if (count == HW_TUS_METADATA_KEYS_MAX) {
			return -E2BIG;
		}
		keys[count++] = key;
	}
	return 0;
}

/* Up to the first comma, which is taken too. */
static struct hw_span pair_take(struct hw_span *metadata)
{
	const char *comma =
		metadata->size == 0 ? NULL : memchr(metadata->bytes, ',', metadata->size);
	uint32_t size = comma == NULL ? metadata->size : (uint32_t)(comma - metadata->bytes);
	struct hw_span pair = {metadata->bytes, size};
	*metadata = hw_span_skip(*metadata, comma == NULL ? size : size + 1);
	return pair;
}

/* At the first space. A second one is left in the value, which it spoils. */
static void pair_split(struct hw_span pair, struct hw_span *ret_key, struct hw_span *ret_value)
{
	const char *space = pair.size == 0 ? NULL : memchr(pair.bytes, ' ', pair.size);
	uint32_t size = space == NULL ? pair.size : (uint32_t)(space - pair.bytes);
	*ret_key = (struct hw_span){pair.bytes, size};
	*ret_value = hw_span_skip(pair, space == NULL ? size : size + 1);
}

static bool key_is_good(struct hw_span key)
{
	for (uint32_t i = 0; i < key.size; i++) {
		if (key.bytes[i] <= ' ' || key.bytes[i] > '~') {
			return false;
		}
	}
	return key.size > 0;
}

static bool keys_have(const struct hw_span *keys, uint32_t count, struct hw_span key)
{
	for (uint32_t i = 0; i < count; i++) {
		if (hw_span_equal(keys[i], key)) {
			return true;
		}
	}
	return false;
}

bool hw_tus_metadata_next(struct hw_span *metadata, struct hw_span *ret_key,
			  struct hw_span *ret_value)
{
	if (metadata->size == 0) {
		return false;
	}
	pair_split(hw_http_char_trim(pair_take(metadata)), ret_key, ret_value);
	return true;
}

int hw_tus_metadata_find(struct hw_span metadata, struct hw_span key, char *ret_value,
			 uint32_t capacity)
{
	struct hw_span name;
	struct hw_span value;
	while (hw_tus_metadata_next(&metadata, &name, &value)) {
		if (hw_span_equal(name, key)) {
			int r = hw_base64_decode(value, (uint8_t *)ret_value, capacity);
			hw_assert(r != -EINVAL); /* it was judged */
			return r;
		}
	}
	return -ENOENT;
}
