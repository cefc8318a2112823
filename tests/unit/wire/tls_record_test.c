/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a record is opened to what was sealed, wherever it came in pieces, and never when a bit of
 * it was changed; nothing is written outside the place that was given; limits are kept.
 *
 * Method: our own halves against each other, all suites, sizes around every edge; framing with a
 * cut at every byte; each byte of a record changed; records that are too short, too long, only
 * padding; what each content means. Against OpenSSL: tests/unit/conn/tls_handshake_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire/tls_record.h"
#include "simd/kernels.h"

static const struct hw_tls_suite g_suites[] = {
	{HW_TLS_AES_128_GCM, false, true},       {HW_TLS_AES_256_GCM, true, true},
	{HW_TLS_CHACHA20_POLY1305, false, true}, {HW_TLS_AES_128_GCM, false, false},
	{HW_TLS_AES_256_GCM, true, false},       {HW_TLS_CHACHA20_POLY1305, false, false},
};

static const uint8_t g_secret[HW_TLS_SECRET_SIZE_MAX] = {1, 2, 3, 4};

struct halves {
	struct hw_tls_half in;
	struct hw_tls_half out;
};

static void halves_open(struct halves *halves, struct hw_tls_suite suite, uint64_t sequence)
{
	if (suite.is_13) {
		assert_int_equal(hw_tls_half_init_13(&halves->in, suite, g_secret, false, sequence),
				 0);
		assert_int_equal(hw_tls_half_init_13(&halves->out, suite, g_secret, true, sequence),
				 0);
		return;
	}
	assert_int_equal(
		hw_tls_half_init_12(&halves->in, suite, g_secret, g_secret + 20, false, sequence),
		0);
	assert_int_equal(
		hw_tls_half_init_12(&halves->out, suite, g_secret, g_secret + 20, true, sequence),
		0);
}

static void halves_close(struct halves *halves)
{
	hw_tls_half_deinit(&halves->in);
	hw_tls_half_deinit(&halves->out);
}

static uint32_t seal(struct halves *halves, enum hw_tls_type type, const void *bytes, uint32_t size,
		     uint8_t *ret_record)
{
	uint8_t copy[HW_TLS_PLAIN_SIZE_MAX];
	memcpy(copy, bytes, size);
	struct iovec piece = {copy, size};
	return hw_tls_seal(&halves->out, type, &piece, 1, ret_record);
}

static void sizes_go_there_and_back(void **state)
{
	static const uint32_t sizes[] = {0, 1, 15, 16, 17, 255, 4096, 16383, 16384};
	static uint8_t bytes[HW_TLS_PLAIN_SIZE_MAX];
	(void)state;
	for (uint32_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 13 + 1);
	}
	for (uint32_t i = 0; i < hw_count_of(g_suites) * hw_count_of(sizes); i++) {
		struct hw_tls_suite suite = g_suites[i / hw_count_of(sizes)];
		uint32_t size = sizes[i % hw_count_of(sizes)];
		struct halves halves;
		struct hw_tls_opened opened = {0};
		uint32_t frame_size = 0;
		halves_open(&halves, suite, UINT64_C(0x123456789a));
		uint32_t record_size = size + hw_tls_overhead(suite);
		uint8_t *record = malloc(record_size); /* exact: ASan sees the end */
		uint8_t *back = malloc(size > 0 ? size : 1);
		assert_non_null(record);
		assert_non_null(back);
		assert_true(hw_tls_overhead(suite) <= HW_TLS_OVERHEAD_MAX);
		assert_int_equal(seal(&halves, HW_TLS_DATA, bytes, size, record), record_size);
		assert_int_equal(hw_tls_frame_find(record, record_size, &frame_size),
				 HW_TLS_FRAME_WHOLE);
		assert_int_equal(frame_size, record_size);
		assert_int_equal(hw_tls_open_size(suite, record_size), size);
		assert_int_equal(hw_tls_open(&halves.in, record, record_size, back, &opened),
				 HW_TLS_OPENED);
		assert_int_equal(opened.size, size);
		assert_int_equal(opened.type, HW_TLS_DATA);
		assert_memory_equal(back, bytes, size);
		assert_int_equal(seal(&halves, HW_TLS_DATA, bytes, size, record), record_size);
		uint8_t *place = hw_tls_open_place(suite, record);
		assert_int_equal(hw_tls_open(&halves.in, record, record_size, place, &opened),
				 HW_TLS_OPENED);
		assert_memory_equal(place, bytes, size);
		free(record);
		free(back);
		halves_close(&halves);
	}
}

static void framing_is_cut_anywhere(void **state)
{
	uint8_t record[200];
	uint32_t size = 0;
	struct halves halves;
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_suites); i++) {
		halves_open(&halves, g_suites[i], 0);
		uint32_t record_size = seal(&halves, HW_TLS_DATA, "hello", 5, record);
		for (uint32_t cut = 0; cut < record_size; cut++) {
			uint8_t *piece = malloc(cut > 0 ? cut : 1);
			assert_non_null(piece);
			memcpy(piece, record, cut);
			assert_int_equal(hw_tls_frame_find(piece, cut, &size), HW_TLS_FRAME_MORE);
			free(piece);
		}
		halves_close(&halves);
	}
	static const struct {
		uint8_t head[5];
		enum hw_tls_frame frame;
	} rows[] = {
		{"GET /", HW_TLS_FRAME_FOREIGN},
		{{0x16, 2, 1, 0, 1}, HW_TLS_FRAME_FOREIGN},
		{{0x16, 3, 9, 0, 1}, HW_TLS_FRAME_FOREIGN},
		{{0x13, 3, 3, 0, 1}, HW_TLS_FRAME_FOREIGN},
		{{0x18, 3, 3, 0, 1}, HW_TLS_FRAME_FOREIGN},
		{{0x80, 0x2e, 1, 3, 1}, HW_TLS_FRAME_FOREIGN}, /* SSL 2 */
		{{0x17, 3, 3, 0x41, 0}, HW_TLS_FRAME_MORE},
		{{0x17, 3, 3, 0x41, 1}, HW_TLS_FRAME_TOO_LONG},
		{{0x17, 3, 3, 0xff, 0xff}, HW_TLS_FRAME_TOO_LONG},
		{{0x16, 3, 1, 0, 0}, HW_TLS_FRAME_WHOLE},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		assert_int_equal(hw_tls_frame_find(rows[i].head, 5, &size), rows[i].frame);
	}
}

static void changed_bytes_are_seen(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_suites); i++) {
		struct halves halves;
		uint8_t record[200];
		uint8_t back[200];
		struct hw_tls_opened opened = {0};
		halves_open(&halves, g_suites[i], 5);
		uint32_t size = seal(&halves, HW_TLS_DATA, "some words", 10, record);
		for (uint32_t bit = 0; bit < size * 8; bit++) {
			if (bit / 8 == 3 || bit / 8 == 4) {
				continue; /* its size, which is what framing went by */
			}
			record[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_int_not_equal(hw_tls_open(&halves.in, record, size, back, &opened),
					     HW_TLS_OPENED);
			record[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		for (uint32_t cut = HW_TLS_HEAD_SIZE; cut < size; cut++) {
			record[4] = (uint8_t)(cut - HW_TLS_HEAD_SIZE);
			assert_int_not_equal(hw_tls_open(&halves.in, record, cut, back, &opened),
					     HW_TLS_OPENED);
		}
		record[4] = (uint8_t)(size - HW_TLS_HEAD_SIZE);
		/* Not counted: it is still the next one. Then it never is again. */
		assert_int_equal(hw_tls_open(&halves.in, record, size, back, &opened),
				 HW_TLS_OPENED);
		assert_memory_equal(back, "some words", 10);
		assert_int_equal(hw_tls_open(&halves.in, record, size, back, &opened),
				 HW_TLS_BAD_MAC);
		halves_close(&halves);
	}
}

/* What TLS 1.3 hides can be made by hand: the type and its padding are bytes like others. */
static enum hw_tls_verdict padded_open(uint32_t size, uint8_t type, uint32_t padding,
				       struct hw_tls_opened *ret_opened)
{
	static const struct hw_tls_suite suite = {HW_TLS_AES_128_GCM, false, true};
	struct halves halves;
	uint8_t *record = malloc(65536);
	uint8_t *back = malloc(65536);
	assert_non_null(record);
	assert_non_null(back);
	halves_open(&halves, suite, 0);
	memset(back, 'a', 65536);
	back[size] = type;
	memset(back + size + 1, 0, padding + 1);
	/* The last of the padding is where seal puts its type: 0 makes it one more byte of it. */
	uint32_t inner_size = size + 1 + padding;
	struct iovec pieces[2] = {{back, inner_size - 1}, {NULL, 0}};
	enum hw_tls_type last = padding > 0 ? (enum hw_tls_type)0 : (enum hw_tls_type)type;
	enum hw_tls_verdict verdict = HW_TLS_VERDICT_COUNT;
	if (inner_size - 1 <= HW_TLS_PLAIN_SIZE_MAX) {
		uint32_t record_size = hw_tls_seal(&halves.out, last, pieces, 1, record);
		uint32_t most = hw_tls_open_size(suite, record_size);
		uint8_t *exact = malloc(most > 0 ? most : 1);
		assert_non_null(exact);
		verdict = hw_tls_open(&halves.in, record, record_size, exact, ret_opened);
		free(exact);
	}
	halves_close(&halves);
	free(record);
	free(back);
	return verdict;
}

static void padding_is_taken_off(void **state)
{
	(void)state;
	struct hw_tls_opened opened = {0};
	static const uint32_t paddings[] = {0, 1, 2, 100, 10000};
	for (uint32_t i = 0; i < hw_count_of(paddings); i++) {
		for (uint32_t size = 0; size < 40; size++) {
			assert_int_equal(padded_open(size, HW_TLS_DATA, paddings[i], &opened),
					 HW_TLS_OPENED);
			assert_int_equal(opened.size, size);
			assert_int_equal(opened.type, HW_TLS_DATA);
		}
	}
	assert_int_equal(padded_open(0, 0, 0, &opened), HW_TLS_UNEXPECTED);
	assert_int_equal(padded_open(0, 0, 1000, &opened), HW_TLS_UNEXPECTED);
	assert_int_equal(padded_open(16384, HW_TLS_DATA, 0, &opened), HW_TLS_OPENED);
}

static void new_keys_begin_anew(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct halves halves;
		uint8_t record[100];
		uint8_t back[100];
		struct hw_tls_opened opened = {0};
		halves_open(&halves, g_suites[i], 77);
		assert_int_equal(hw_tls_half_update(&halves.out), 0);
		assert_int_equal(halves.out.sequence, 0);
		uint32_t size = seal(&halves, HW_TLS_DATA, "x", 1, record);
		assert_int_equal(hw_tls_open(&halves.in, record, size, back, &opened),
				 HW_TLS_BAD_MAC);
		assert_int_equal(hw_tls_half_update(&halves.in), 0);
		assert_int_equal(hw_tls_open(&halves.in, record, size, back, &opened),
				 HW_TLS_OPENED);
		halves_close(&halves);
	}
}

static void contents_are_judged(void **state)
{
	static const struct {
		uint8_t type;
		uint8_t size;
		uint8_t bytes[6];
		enum hw_tls_event event_13;
		enum hw_tls_event event_12;
	} rows[] = {
		{23, 1, {0}, HW_TLS_EVENT_DATA, HW_TLS_EVENT_DATA},
		{23, 0, {0}, HW_TLS_EVENT_NOTHING, HW_TLS_EVENT_NOTHING},
		{21, 2, {1, 0}, HW_TLS_EVENT_CLOSED, HW_TLS_EVENT_CLOSED},
		{21, 2, {2, 0}, HW_TLS_EVENT_CLOSED, HW_TLS_EVENT_CLOSED},
		{21, 2, {1, 90}, HW_TLS_EVENT_NOTHING, HW_TLS_EVENT_NOTHING},
		{21, 2, {1, 100}, HW_TLS_EVENT_FATAL, HW_TLS_EVENT_NOTHING},
		{21, 2, {2, 20}, HW_TLS_EVENT_FATAL, HW_TLS_EVENT_FATAL},
		{21, 1, {1}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD},
		{21, 4, {1, 0, 1, 0}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD},
		{22, 5, {24, 0, 0, 1, 0}, HW_TLS_EVENT_UPDATE, HW_TLS_EVENT_BAD},
		{22, 5, {24, 0, 0, 1, 1}, HW_TLS_EVENT_UPDATE_US, HW_TLS_EVENT_BAD},
		{22, 5, {24, 0, 0, 1, 2}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD},
		{22, 5, {24, 0, 0, 2, 1}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD},
		{22, 4, {24, 0, 0, 1}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD},
		{22, 6, {24, 0, 0, 1, 0, 0}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD},
		{22, 4, {1, 0, 0, 0}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD}, /* a new hello */
		{20, 1, {1}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD},
		{24, 3, {1, 0, 9}, HW_TLS_EVENT_BAD, HW_TLS_EVENT_BAD}, /* a heartbeat */
	};
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_tls_opened opened = {rows[i].size, rows[i].type};
		assert_int_equal(hw_tls_judge(g_suites[0], opened, rows[i].bytes),
				 rows[i].event_13);
		assert_int_equal(hw_tls_judge(g_suites[3], opened, rows[i].bytes),
				 rows[i].event_12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_go_there_and_back),
		cmocka_unit_test(framing_is_cut_anywhere),
		cmocka_unit_test(changed_bytes_are_seen),
		cmocka_unit_test(padding_is_taken_off),
		cmocka_unit_test(new_keys_begin_anew),
		cmocka_unit_test(contents_are_judged),
	};
	/* OpenSSL's AES, then ours where there is one. */
	int failed = hw_simd_init(HW_SIMD_SCALAR);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	failed += hw_simd_init(HW_SIMD_AUTO);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
