/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: certificates are taken in PEM with their key, and what cannot be used is refused with a
 * reason and leaves nothing behind.
 *
 * Method: good pairs in one file and in two; pairs that do not belong together, files that are
 * empty, cut or rubbish; more than there may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/conn/tls_client.h"

static void pairs_are_taken(void **state)
{
	(void)state;
	struct hw_tls_contexts contexts = {0};
	const char *reason = NULL;
	for (uint32_t i = 0; i < HW_TLS_CERTIFICATE_COUNT_MAX; i++) {
		struct hw_span pem = tls_client_pem("one.example", i % 2 == 1);
		assert_int_equal(hw_tls_contexts_add(&contexts, pem, pem, &reason), 0);
	}
	struct hw_span pem = tls_client_pem("one.example", false);
	assert_int_equal(hw_tls_contexts_add(&contexts, pem, pem, &reason), -ENOSPC);
	assert_non_null(reason);
	hw_tls_contexts_deinit(&contexts);
	assert_int_equal(contexts.count, 0);
	hw_tls_contexts_deinit(&contexts);
}

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	struct hw_span one = tls_client_pem("one.example", false);
	struct hw_span two = tls_client_pem("two.example", false);
	struct hw_span rsa = tls_client_pem("one.example", true);
	struct hw_span half = {one.bytes, one.size / 3};
	const char *key = memmem(one.bytes, one.size, "-----BEGIN PRIVATE", 18);
	assert_non_null(key);
	struct hw_span no_key = {one.bytes, (uint32_t)(key - one.bytes)};
	struct hw_span only_key = hw_span_skip(one, no_key.size);
	const struct {
		struct hw_span chain;
		struct hw_span key;
	} rows[] = {
		{one, two},
		{one, rsa},
		{half, one},
		{one, half},
		{no_key, no_key},
		{only_key, only_key},
		{HW_SPAN(""), one},
		{one, HW_SPAN("")},
		{HW_SPAN("rubbish"), one},
		{one, HW_SPAN("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_tls_contexts contexts = {0};
		const char *reason = NULL;
		assert_int_equal(
			hw_tls_contexts_add(&contexts, rows[i].chain, rows[i].key, &reason),
			-EINVAL);
		assert_non_null(reason);
		assert_int_equal(contexts.count, 0);
	}
	struct hw_tls_contexts contexts = {0};
	const char *reason = NULL;
	assert_int_equal(hw_tls_contexts_add(&contexts, no_key, only_key, &reason), 0);
	hw_tls_contexts_deinit(&contexts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_taken),
		cmocka_unit_test(what_is_wrong_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
