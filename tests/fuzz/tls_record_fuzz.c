/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever is taken for a record: framing says the same of a beginning as of the whole, opening
 * reads and writes nothing outside, and nobody's bytes are authentic but ours. What we sealed is
 * opened to the same, with any type and any padding, and judged without a look behind its end.
 * The first byte says which suite.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire/tls_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hw_tls_suite g_suites[] = {
	{HW_TLS_AES_128_GCM, false, true},       {HW_TLS_AES_256_GCM, true, true},
	{HW_TLS_CHACHA20_POLY1305, false, true}, {HW_TLS_AES_128_GCM, false, false},
	{HW_TLS_AES_256_GCM, true, false},       {HW_TLS_CHACHA20_POLY1305, false, false},
};

static const uint8_t g_secret[HW_TLS_SECRET_SIZE_MAX] = {42};

static void half_open(struct hw_tls_half *half, struct hw_tls_suite suite, bool is_sealing)
{
	int r = suite.is_13 ? hw_tls_half_init_13(half, suite, g_secret, is_sealing, 0)
			    : hw_tls_half_init_12(half, suite, g_secret, g_secret, is_sealing, 0);
	hw_assert(r == 0);
}

/* Memory of its own size, so that ASan sees its end. */
static uint8_t *exact(const uint8_t *bytes, uint32_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	hw_assert(copy != NULL);
	if (size > 0) {
		memcpy(copy, bytes, size);
	}
	return copy;
}

static void beginnings_agree(const uint8_t *data, uint32_t size, enum hw_tls_frame whole,
			     uint32_t record_size)
{
	for (uint32_t count = 0; count <= hw_min(size, 64U); count++) {
		uint8_t *copy = exact(data, count);
		uint32_t found = 0;
		enum hw_tls_frame frame = hw_tls_frame_find(copy, count, &found);
		bool is_same = frame == whole && found == record_size;
		hw_assert(frame == HW_TLS_FRAME_MORE || is_same);
		free(copy);
	}
}

static void strangers_open(const uint8_t *data, uint32_t size, struct hw_tls_suite suite)
{
	uint32_t record_size = 0;
	enum hw_tls_frame frame = hw_tls_frame_find(data, size, &record_size);
	beginnings_agree(data, size, frame, record_size);
	if (frame != HW_TLS_FRAME_WHOLE) {
		return;
	}
	struct hw_tls_half half;
	struct hw_tls_opened opened = {0};
	uint32_t most = hw_tls_open_size(suite, record_size);
	uint8_t *record = exact(data, record_size);
	uint8_t *bytes = malloc(most > 0 ? most : 1);
	hw_assert(bytes != NULL);
	half_open(&half, suite, false);
	hw_assert(hw_tls_open(&half, record, record_size, bytes, &opened) != HW_TLS_OPENED);
	hw_tls_half_deinit(&half);
	free(record);
	free(bytes);
}

static void ours_open(const uint8_t *data, uint32_t size, struct hw_tls_suite suite, uint8_t type)
{
	struct hw_tls_half in;
	struct hw_tls_half out;
	struct hw_tls_opened opened = {0};
	uint8_t *bytes = exact(data, size);
	struct iovec pieces[2] = {{bytes, size / 2}, {bytes + size / 2, size - size / 2}};
	uint8_t *record = malloc(size + hw_tls_overhead(suite));
	uint8_t *back = malloc(size > 0 ? size : 1);
	hw_assert(record != NULL && back != NULL);
	half_open(&in, suite, false);
	half_open(&out, suite, true);
	uint32_t record_size = hw_tls_seal(&out, (enum hw_tls_type)type, pieces, 2, record);
	hw_assert(record_size == size + hw_tls_overhead(suite));
	enum hw_tls_verdict verdict = hw_tls_open(&in, record, record_size, back, &opened);
	if (verdict == HW_TLS_OPENED) {
		hw_assert(opened.size <= size);
		hw_assert(opened.size == 0 || memcmp(back, bytes, opened.size) == 0);
		uint8_t *content = exact(back, opened.size);
		(void)hw_tls_judge(suite, opened, content);
		free(content);
	} else { /* nothing but padding */
		hw_assert(verdict == HW_TLS_UNEXPECTED && type == 0);
	}
	hw_tls_half_deinit(&in);
	hw_tls_half_deinit(&out);
	free(record);
	free(back);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2) {
		return 0;
	}
	struct hw_tls_suite suite = g_suites[data[0] % hw_count_of(g_suites)];
	strangers_open(data + 1, (uint32_t)size - 1, suite);
	ours_open(data + 2, hw_min((uint32_t)size - 2, HW_TLS_PLAIN_SIZE_MAX), suite, data[1]);
	return 0;
}
