/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the fields of tus 1.0.0 are read as the protocol says, and each wrong one gives its own
 * verdict.
 *
 * Method: heads of each request of the protocol through the real HTTP parser; tables of one wrong
 * field each; every field of them twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/tus_head.h"
#include "tests/unit/wire/request_head.h"

#define TUS "Tus-Resumable: 1.0.0\r\n"

static struct request_head g_request;
static struct hw_tus_head g_head;

static enum hw_tus_verdict parse(const char *first, const char *fields)
{
	if (!request_head_make(&g_request, hw_span_of(first), hw_span_of(fields))) {
		fail_msg("no request: %s", fields);
	}
	return hw_tus_head_parse(g_request.request, g_request.bytes, &g_head);
}

static void assert_span(struct hw_span span, const char *text)
{
	if (!hw_span_equal(span, hw_span_of(text))) {
		fail_msg("\"%.*s\" is not \"%s\"", (int)span.size, span.bytes, text);
	}
}

static void create_test(void **state)
{
	(void)state;
	assert_int_equal(parse("POST /files",
			       TUS "Upload-Length: 9007199254740992\r\n"
				   "Upload-Metadata: filename YS5i,is_confidential\r\n"
				   "Content-Type: application/offset+octet-stream\r\n"),
			 HW_TUS_GOOD);
	assert_int_equal(g_head.method, HW_HTTP_POST);
	assert_true(g_head.has_length && g_head.length == HW_FILE_SIZE_MAX);
	assert_false(g_head.has_offset || g_head.defers_length);
	assert_true(g_head.has_offset_type);
	assert_span(g_head.metadata, "filename YS5i,is_confidential");
	assert_int_equal(g_head.checksum, HW_TUS_CHECKSUM_NONE);
	assert_int_equal(g_head.concat_kind, HW_TUS_CONCAT_NONE);

	assert_int_equal(parse("POST /files", TUS "Upload-Defer-Length: 1\r\nUpload-Metadata:\r\n"),
			 HW_TUS_GOOD);
	assert_true(g_head.defers_length);
	assert_false(g_head.has_length || g_head.has_offset_type);
	assert_int_equal(g_head.metadata.size, 0);
}

static void patch_test(void **state)
{
	(void)state;
	assert_int_equal(parse("PATCH /files/x",
			       TUS "Upload-Offset: 70\r\nUpload-Length: 100\r\n"
				   "Content-Type: Application/Offset+Octet-Stream\r\n"
				   "Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n"),
			 HW_TUS_GOOD);
	assert_true(g_head.has_offset && g_head.offset == 70);
	assert_true(g_head.has_length && g_head.length == 100);
	assert_true(g_head.has_offset_type);
	assert_int_equal(g_head.checksum, HW_TUS_SHA1);
	assert_int_equal(g_head.digest_size, 20);
	static const uint8_t sha1[20] = {0x2a, 0xae, 0x6c, 0x35, 0xc9, 0x4f, 0xcf,
					 0xb4, 0x15, 0xdb, 0xe9, 0x5f, 0x40, 0x8b,
					 0x9c, 0xe9, 0x1e, 0xe8, 0x46, 0xed}; /* of "hello world" */
	assert_memory_equal(g_head.digest, sha1, sizeof(sha1));
	assert_int_equal(
		parse("PATCH /files/x", TUS
		      "Upload-Checksum: sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n"),
		HW_TUS_GOOD);
	assert_int_equal(g_head.checksum, HW_TUS_SHA256);
	assert_int_equal(g_head.digest_size, 32);
	assert_int_equal(g_head.digest[0], 0xe3);
}

static void concat_test(void **state)
{
	(void)state;
	assert_int_equal(parse("POST /f", TUS "Upload-Concat: partial\r\nUpload-Length: 5\r\n"),
			 HW_TUS_GOOD);
	assert_int_equal(g_head.concat_kind, HW_TUS_PARTIAL);
	assert_span(g_head.concat, "partial");
	assert_int_equal(g_head.part_links.size, 0);
	assert_int_equal(parse("POST /f", TUS "Upload-Concat: final;/files/a  http://h:1/files/b "
					      "HTTPS://h/c?x /files/a\r\n"),
			 HW_TUS_GOOD);
	assert_int_equal(g_head.concat_kind, HW_TUS_FINAL);
	assert_span(g_head.concat, "final;/files/a  http://h:1/files/b HTTPS://h/c?x /files/a");
	static const char *const paths[] = {"/files/a", "/files/b", "/c?x", "/files/a"};
	struct hw_span path;
	for (uint32_t i = 0; i < hw_count_of(paths); i++) {
		assert_true(hw_tus_part_next(&g_head.part_links, &path));
		assert_span(path, paths[i]);
	}
	assert_false(hw_tus_part_next(&g_head.part_links, &path));
}

static void parts_count_test(void **state)
{
	(void)state;
	char fields[1024] = TUS "Upload-Concat: final;";
	for (uint32_t i = 1; i <= HW_UPLOAD_PARTS_MAX + 1; i++) {
		uint32_t size = (uint32_t)strlen(fields);
		(void)snprintf(fields + size, sizeof(fields) - size, "/%u \r\n", i);
		assert_int_equal(parse("POST /f", fields),
				 i <= HW_UPLOAD_PARTS_MAX ? HW_TUS_GOOD : HW_TUS_TOO_MANY_PARTS);
		fields[strlen(fields) - 2] = '\0';
	}
}

static void method_test(void **state)
{
	(void)state;
	assert_int_equal(parse("POST /f", TUS "X-HTTP-Method-Override: PATCH\r\n"), HW_TUS_GOOD);
	assert_int_equal(g_head.method, HW_HTTP_PATCH);
	assert_int_equal(parse("POST /f", TUS "X-HTTP-Method-Override: DELETE\r\n"), HW_TUS_GOOD);
	assert_int_equal(g_head.method, HW_HTTP_DELETE);
	/* Whoever does not speak tus has no override. */
	assert_int_equal(parse("POST /f", "X-HTTP-Method-Override: DELETE\r\n"), HW_TUS_NO_VERSION);
	assert_int_equal(g_head.method, HW_HTTP_POST);
	/* Neither version nor anything else is asked of OPTIONS. */
	assert_int_equal(parse("OPTIONS /f", "Tus-Resumable: 0.1\r\nUpload-Length: x\r\n"),
			 HW_TUS_GOOD);
	assert_int_equal(g_head.method, HW_HTTP_OPTIONS);
	/* The draft's fields of the same names are not ours to judge. */
	assert_int_equal(parse("PATCH /f", "Upload-Offset: 5;a=b\r\nUpload-Complete: ?1\r\n"),
			 HW_TUS_NO_VERSION);
	assert_false(g_head.has_offset);
}

static const struct {
	const char *fields;
	enum hw_tus_verdict verdict;
} g_wrong[] = {
	{"Tus-Resumable: 1.0\r\n", HW_TUS_BAD_VERSION},
	{"Tus-Resumable: 1.0.0, 1.0.0\r\n", HW_TUS_BAD_VERSION},
	{"Tus-Resumable:\r\n", HW_TUS_BAD_VERSION},
	{TUS TUS, HW_TUS_BAD_VERSION},
	{TUS "X-HTTP-Method-Override: patch\r\n", HW_TUS_BAD_METHOD},
	{TUS "X-HTTP-Method-Override: ?\r\n", HW_TUS_BAD_METHOD},
	{TUS "X-HTTP-Method-Override:\r\n", HW_TUS_BAD_METHOD},
	{TUS "X-HTTP-Method-Override: TRACE\r\n", HW_TUS_BAD_METHOD},
	{TUS "Upload-Length: -1\r\n", HW_TUS_BAD_LENGTH},
	{TUS "Upload-Length: +1\r\n", HW_TUS_BAD_LENGTH},
	{TUS "Upload-Length: 1 2\r\n", HW_TUS_BAD_LENGTH},
	{TUS "Upload-Length: 1,1\r\n", HW_TUS_BAD_LENGTH},
	{TUS "Upload-Length: 0x1\r\n", HW_TUS_BAD_LENGTH},
	{TUS "Upload-Length:\r\n", HW_TUS_BAD_LENGTH},
	{TUS "Upload-Length: 9007199254740993\r\n", HW_TUS_TOO_LARGE},
	{TUS "Upload-Length: 18446744073709551617\r\n", HW_TUS_TOO_LARGE},
	{TUS "Upload-Offset: -0\r\n", HW_TUS_BAD_OFFSET},
	{TUS "Upload-Offset: 9007199254740993\r\n", HW_TUS_BAD_OFFSET},
	{TUS "Upload-Defer-Length: 0\r\n", HW_TUS_BAD_DEFER},
	{TUS "Upload-Defer-Length: 2\r\n", HW_TUS_BAD_DEFER},
	{TUS "Upload-Defer-Length: true\r\n", HW_TUS_BAD_DEFER},
	{TUS "Upload-Defer-Length: 1\r\nUpload-Length: 5\r\n", HW_TUS_BAD_DEFER},
	{TUS "Upload-Metadata: a,a\r\n", HW_TUS_BAD_METADATA},
	{TUS "Upload-Metadata: a !\r\n", HW_TUS_BAD_METADATA},
	{TUS "Upload-Checksum: sha1\r\n", HW_TUS_BAD_CHECKSUM},
	{TUS "Upload-Checksum:\r\n", HW_TUS_BAD_CHECKSUM},
	{TUS "Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu\r\n", HW_TUS_BAD_CHECKSUM},
	{TUS "Upload-Checksum: sha1  Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n", HW_TUS_BAD_CHECKSUM},
	{TUS "Upload-Checksum: sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n", HW_TUS_BAD_CHECKSUM},
	{TUS "Upload-Checksum: sha1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n",
	 HW_TUS_BAD_CHECKSUM},
	{TUS "Upload-Checksum: md5 XrY7u+Ae7tCTyyK7j1rNww==\r\n", HW_TUS_UNKNOWN_CHECKSUM},
	{TUS "Upload-Checksum: SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n", HW_TUS_UNKNOWN_CHECKSUM},
	{TUS "Upload-Concat:\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: Partial\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: partial;/a\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;a\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;/a b\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;http://h\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;http:///a\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;ftp://h/a\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;/a\t/b\r\n", HW_TUS_BAD_CONCAT},
	{TUS "Upload-Concat: final;/a\r\nUpload-Length: 5\r\n", HW_TUS_FINAL_LENGTH},
	{TUS "Upload-Concat: final;/a\r\nUpload-Defer-Length: 1\r\n", HW_TUS_FINAL_LENGTH},
};

static void wrong_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_wrong); i++) {
		enum hw_tus_verdict verdict = parse("POST /f", g_wrong[i].fields);
		if (verdict != g_wrong[i].verdict) {
			fail_msg("%s is %d", g_wrong[i].fields, (int)verdict);
		}
	}
}

static void twice_test(void **state)
{
	(void)state;
	static const struct {
		const char *field;
		enum hw_tus_verdict verdict;
	} fields[] = {
		{"X-HTTP-Method-Override: PATCH\r\n", HW_TUS_BAD_METHOD},
		{"Upload-Length: 5\r\n", HW_TUS_BAD_LENGTH},
		{"Upload-Offset: 5\r\n", HW_TUS_BAD_OFFSET},
		{"Upload-Defer-Length: 1\r\n", HW_TUS_BAD_DEFER},
		{"Upload-Metadata: a\r\n", HW_TUS_BAD_METADATA},
		{"Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n", HW_TUS_BAD_CHECKSUM},
		{"Upload-Concat: partial\r\n", HW_TUS_BAD_CONCAT},
	};
	for (uint32_t i = 0; i < hw_count_of(fields); i++) {
		char text[256];
		(void)snprintf(text, sizeof(text), TUS "%s", fields[i].field);
		assert_int_equal(parse("POST /f", text), HW_TUS_GOOD);
		(void)snprintf(text, sizeof(text), TUS "%s%s", fields[i].field, fields[i].field);
		assert_int_equal(parse("POST /f", text), fields[i].verdict);
	}
}

static void big_metadata_test(void **state)
{
	(void)state;
	static char fields[HW_UPLOAD_METADATA_MAX + 100];
	int size = snprintf(fields, sizeof(fields), TUS "Upload-Metadata: ab ");
	memset(fields + size, 'A', HW_UPLOAD_METADATA_MAX);
	memcpy(fields + size + HW_UPLOAD_METADATA_MAX, "\r\n", 3);
	assert_int_equal(parse("POST /f", fields), HW_TUS_METADATA_TOO_BIG);
}

static void answers_test(void **state)
{
	(void)state;
	assert_null(hw_tus_reason(HW_TUS_GOOD));
	assert_int_equal(hw_tus_status(HW_TUS_GOOD), 0);
	for (uint32_t v = HW_TUS_GOOD + 1; v < HW_TUS_VERDICT_COUNT; v++) {
		assert_non_null(hw_tus_reason((enum hw_tus_verdict)v));
		assert_in_range(hw_tus_status((enum hw_tus_verdict)v), 400, 499);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_test),  cmocka_unit_test(patch_test),
		cmocka_unit_test(concat_test),  cmocka_unit_test(parts_count_test),
		cmocka_unit_test(method_test),  cmocka_unit_test(wrong_test),
		cmocka_unit_test(twice_test),   cmocka_unit_test(big_metadata_test),
		cmocka_unit_test(answers_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
