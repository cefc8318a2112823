/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: no body does harm; a good wish keeps its limits, a bad one has a sentence; what a wish says
 * is written as JSON that parses again to the same.
 *
 * Method: the input as the body of a creation and of a change; a good wish is written as JSON by
 * hand and parsed again.
 */
#include <stdlib.h>

#include "net/wire/http_writer.h"
#include "net/wire/link_name.h"
#include "net/wire/share_wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_write(struct hw_http_writer *writer, const char *key, const char *text,
		       uint32_t size)
{
	hw_http_writer_text(writer, key);
	if (size == 0) {
		hw_http_writer_text(writer, "null");
		return;
	}
	hw_http_writer_json_string(writer, (struct hw_span){text, size});
}

/* The texts of the wish. */
static void again_check(const struct hw_share_wish *wish)
{
	static char bytes[16384];
	static struct hw_share_wish again;
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	text_write(&writer, "{\"password\":", wish->password, wish->password_size);
	text_write(&writer, ",\"message\":", wish->message, wish->message_size);
	text_write(&writer, ",\"link_name\":", wish->link_name, wish->link_name_size);
	hw_http_writer_text(&writer, ",\"mode\":\"");
	hw_http_writer_text(&writer, hw_share_json_mode_name(wish->mode));
	hw_http_writer_text(&writer, "\"}");
	hw_assert(!writer.is_overflowed);
	hw_assert(hw_share_wish_parse(hw_http_writer_span(&writer), false, &again, sentence) ==
		  HW_SHARE_WISH_GOOD);
	hw_assert(again.mode == wish->mode && again.password_size == wish->password_size);
	hw_assert(again.message_size == wish->message_size);
	hw_assert(memcmp(again.password, wish->password, sizeof(again.password)) == 0);
	hw_assert(memcmp(again.message, wish->message, sizeof(again.message)) == 0);
	hw_assert(memcmp(again.link_name, wish->link_name, sizeof(again.link_name)) == 0);
}

static enum hw_share_wish_verdict body_check(struct hw_span body, bool is_change)
{
	static struct hw_share_wish wish;
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	memset(sentence, '!', sizeof(sentence));
	enum hw_share_wish_verdict verdict = hw_share_wish_parse(body, is_change, &wish, sentence);
	if (verdict != HW_SHARE_WISH_GOOD) {
		uint32_t size = (uint32_t)strnlen(sentence, sizeof(sentence));
		hw_assert(size > 0 && size < sizeof(sentence) && sentence[size - 1] == '.');
		hw_assert(memchr(sentence, '\n', size) == NULL);
		return verdict;
	}
	hw_assert(wish.password_size <= sizeof(wish.password));
	hw_assert(wish.message_size <= sizeof(wish.message));
	hw_assert(wish.mode < HW_SHARE_JSON_MODE_COUNT);
	hw_assert(wish.link_name_size == 0 ||
		  hw_link_name_judge((struct hw_span){wish.link_name, wish.link_name_size}) ==
			  HW_LINK_NAME_GOOD);
	uint32_t fixed = HW_SHARE_WISH_LINK_NAME | HW_SHARE_WISH_MODE;
	hw_assert(!is_change || (wish.given & fixed) == 0);
	again_check(&wish);
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_seeded = false;
	if (!is_seeded) {
		is_seeded = true;
		hw_share_wish_seed(1);
	}
	if (size > 2 * HW_SHARE_WISH_SIZE_MAX) {
		return 0;
	}
	char *copy = malloc(size == 0 ? 1 : size);
	hw_assert(copy != NULL);
	memcpy(copy, data, size);
	struct hw_span body = {copy, (uint32_t)size};
	enum hw_share_wish_verdict created = body_check(body, false);
	enum hw_share_wish_verdict changed = body_check(body, true);
	hw_assert(changed == created || changed == HW_SHARE_WISH_FIXED);
	free(copy);
	return 0;
}
