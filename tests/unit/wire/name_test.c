/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a name that could lead out of a folder, end a line, or read as something else is refused,
 * with the right reason; every honest name passes unchanged.
 *
 * Method: a table of names for hw_name_judge; every code point, alone and in the middle of a name;
 * traversal strings made of parts (RELIABILITY H4) for hw_name_clean, as they would come in a URL;
 * sizes at the limit. Good names go through encode and clean and come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/name.h"
#include "net/wire/uri.h"

static uint32_t g_case_count;

static void judge_check(struct hw_span name, enum hw_name_verdict expected)
{
	g_case_count++;
	enum hw_name_verdict verdict = hw_name_judge(name);
	if (verdict != expected) {
		fail_msg("\"%.*s\": %u, expected %u", (int)name.size, name.bytes, verdict,
			 expected);
	}
	/* The same name out of a URL. */
	static char segment[4096];
	char clean[HW_NAME_SIZE_MAX];
	uint32_t size = 0;
	int segment_size = hw_uri_encode(name, segment, sizeof(segment));
	assert_true(segment_size >= 0);
	verdict = hw_name_clean((struct hw_span){segment, (uint32_t)segment_size}, clean, &size);
	assert_int_equal(verdict, expected);
	if (verdict == HW_NAME_GOOD) {
		assert_true(hw_span_equal((struct hw_span){clean, size}, name));
	}
	assert_true((hw_name_reason(verdict) == NULL) == (verdict == HW_NAME_GOOD));
}

#define T(literal)                                                                                 \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static const struct {
	struct hw_span name;
	enum hw_name_verdict verdict;
} g_names[] = {
	{T("a"), HW_NAME_GOOD},
	{T("report.pdf"), HW_NAME_GOOD},
	{T("a b  c.txt"), HW_NAME_GOOD},
	{T("..."), HW_NAME_GOOD},
	{T("..a"), HW_NAME_GOOD},
	{T("a.."), HW_NAME_GOOD},
	{T(".hidden"), HW_NAME_GOOD},
	{T("-rf"), HW_NAME_GOOD},
	{T("100%.txt"), HW_NAME_GOOD},
	{T("%2e%2e"), HW_NAME_GOOD},
	{T("a?b*c|d:e"), HW_NAME_GOOD},
	{T("\"quoted\" 'name'"), HW_NAME_GOOD},
	{T("<script>alert(1)<"), HW_NAME_GOOD},
	{T("$(reboot);`id`&"), HW_NAME_GOOD},
	{T("' OR 1=1 --"), HW_NAME_GOOD},
	{T("{{7*7}}${x}"), HW_NAME_GOOD},
	{T("na\xc3\xafve.txt"), HW_NAME_GOOD},
	{T("\xe6\x97\xa5\xe6\x9c\xac.txt"), HW_NAME_GOOD},
	{T("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.txt"), HW_NAME_GOOD},
	{T("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"), HW_NAME_GOOD},
	{T("e\xcc\x81"), HW_NAME_GOOD},
	{T("\xef\xbc\x8f"), HW_NAME_GOOD}, /* the wide slash is no separator */
	{T("\xe2\x88\x95"), HW_NAME_GOOD}, /* nor is the division slash */
	{T("\xef\xbb\xbf"
	   "a"),
	 HW_NAME_GOOD},           /* a byte order mark */
	{T("con"), HW_NAME_GOOD}, /* Windows' devices are its own affair */
	{T(""), HW_NAME_EMPTY},
	{T("."), HW_NAME_DOTS},
	{T(".."), HW_NAME_DOTS},
	{T("/"), HW_NAME_SEPARATOR},
	{T("a/b"), HW_NAME_SEPARATOR},
	{T("/etc/passwd"), HW_NAME_SEPARATOR},
	{T("../x"), HW_NAME_SEPARATOR},
	{T("a/"), HW_NAME_SEPARATOR},
	{T("\\"), HW_NAME_SEPARATOR},
	{T("..\\x"), HW_NAME_SEPARATOR},
	{T("C:\\x"), HW_NAME_SEPARATOR},
	{T("\\\\host\\share"), HW_NAME_SEPARATOR},
	{T("\0"), HW_NAME_CONTROL},
	{T("a\0.txt"), HW_NAME_CONTROL},
	{T("a\r\nX: y"), HW_NAME_CONTROL},
	{T("a\n"), HW_NAME_CONTROL},
	{T("\t"), HW_NAME_CONTROL},
	{T("\x1b[31m"), HW_NAME_CONTROL},
	{T("\x7f"), HW_NAME_CONTROL},
	{T("\xc2\x85"), HW_NAME_CONTROL},
	{T("\xc2\x9b"
	   "31m"),
	 HW_NAME_CONTROL},
	{T("a\xe2\x80\xa8"
	   "b"),
	 HW_NAME_CONTROL},
	{T("a\xe2\x80\xa9"
	   "b"),
	 HW_NAME_CONTROL},
	{T("photo_\xe2\x80\xaegpj.exe"), HW_NAME_DIRECTION},
	{T("a\xe2\x80\xaa"), HW_NAME_DIRECTION},
	{T("a\xe2\x81\xa6"), HW_NAME_DIRECTION},
	{T("a\xe2\x81\xa9"), HW_NAME_DIRECTION},
	{T("\xff"), HW_NAME_NOT_UTF8},
	{T("a\xe4"
	   "b"),
	 HW_NAME_NOT_UTF8},
	{T("\xc3"), HW_NAME_NOT_UTF8},
	{T("\x80"), HW_NAME_NOT_UTF8},
	{T("\xc0\x80"), HW_NAME_NOT_UTF8},
	{T("\xc0\xaf"), HW_NAME_NOT_UTF8},
	{T("..\xc0\xaf.."), HW_NAME_NOT_UTF8},
	{T("\xe0\x80\xaf"), HW_NAME_NOT_UTF8},
	{T("\xf0\x80\x80\xaf"), HW_NAME_NOT_UTF8},
	{T("\xc1\x9c"), HW_NAME_NOT_UTF8},
	{T("\xed\xa0\x80"), HW_NAME_NOT_UTF8},
	{T("\xf4\x90\x80\x80"), HW_NAME_NOT_UTF8},
	{T("\xf8\x88\x80\x80\x80"), HW_NAME_NOT_UTF8},
	/* the first fault counts */
	{T("a/\xff"), HW_NAME_SEPARATOR},
	{T("\xff/"), HW_NAME_NOT_UTF8},
};

static void table_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_names); i++) {
		judge_check(g_names[i].name, g_names[i].verdict);
	}
}

static enum hw_name_verdict code_verdict(uint32_t code)
{
	if (code == '/' || code == '\\') {
		return HW_NAME_SEPARATOR;
	}
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029) {
		return HW_NAME_CONTROL;
	}
	bool is_override = code >= 0x202a && code <= 0x202e;
	return is_override || (code >= 0x2066 && code <= 0x2069) ? HW_NAME_DIRECTION : HW_NAME_GOOD;
}

static void codes_test(void **state)
{
	(void)state;
	for (uint32_t code = 1; code < 0x3000; code++) {
		char name[8] = "x";
		uint32_t size = 1;
		if (code < 0x80) {
			name[size++] = (char)code;
		} else if (code < 0x800) {
			name[size++] = (char)(0xc0 | code >> 6);
			name[size++] = (char)(0x80 | (code & 63));
		} else {
			name[size++] = (char)(0xe0 | code >> 12);
			name[size++] = (char)(0x80 | (code >> 6 & 63));
			name[size++] = (char)(0x80 | (code & 63));
		}
		name[size++] = 'y';
		judge_check((struct hw_span){name, size}, code_verdict(code));
		if (code != '.') {
			judge_check((struct hw_span){name + 1, size - 2}, code_verdict(code));
		}
	}
}

/* Ways up times separators times ends, as they stand in a request's target. None may be good. */
static void traversal_test(void **state)
{
	(void)state;
	static const char *const ups[] = {"..",         "%2e%2e", "%2E.",  ".%2e", "%c0%ae%c0%ae",
					  "%e0%80%ae.", "C:",     "%00..", "",     "etc",
					  "..%00"};
	static const char *const separators[] = {"%2f",    "%2F",          "\\",     "%5c",
						 "%5C",    "%c0%af",       "%c1%9c", "%e0%80%af",
						 "%2f%2f", "%f0%80%80%af", "%5c%2f", "%00%2f"};
	static const char *const ends[] = {"", "etc%2fpasswd", "passwd", "%2e%2e", "x.txt%00.png"};
	uint32_t count = 0;
	for (uint32_t up = 0; up < hw_count_of(ups); up++) {
		for (uint32_t sep = 0; sep < hw_count_of(separators); sep++) {
			for (uint32_t end = 0; end < hw_count_of(ends); end++) {
				char segment[128];
				char clean[HW_NAME_SIZE_MAX];
				uint32_t size = 0;
				int r = snprintf(segment, sizeof(segment), "%s%s%s", ups[up],
						 separators[sep], ends[end]);
				enum hw_name_verdict verdict = hw_name_clean(
					(struct hw_span){segment, (uint32_t)r}, clean, &size);
				if (verdict != HW_NAME_SEPARATOR && verdict != HW_NAME_CONTROL &&
				    verdict != HW_NAME_NOT_UTF8) {
					fail_msg("%s: %u", segment, verdict);
				}
				count++;
			}
		}
	}
	assert_true(count >= 600);
}

static void clean_test(void **state)
{
	(void)state;
	static const struct {
		const char *segment;
		enum hw_name_verdict verdict;
		const char *name;
	} cases[] = {
		{"a%20b", HW_NAME_GOOD, "a b"},
		{"a+b", HW_NAME_GOOD, "a+b"},
		{"%252e%252e", HW_NAME_GOOD, "%2e%2e"},
		{"%252f", HW_NAME_GOOD, "%2f"},
		{"\xc3\xa4", HW_NAME_GOOD, "\xc3\xa4"},
		{"", HW_NAME_EMPTY, NULL},
		{"%2e", HW_NAME_DOTS, NULL},
		{".%2E", HW_NAME_DOTS, NULL},
		{"%", HW_NAME_BAD_ESCAPE, NULL},
		{"%zz", HW_NAME_BAD_ESCAPE, NULL},
		{"a%2", HW_NAME_BAD_ESCAPE, NULL},
		{"%u002e", HW_NAME_BAD_ESCAPE, NULL},
		{"%00", HW_NAME_CONTROL, NULL},
		{"a%0d%0aX:%20y", HW_NAME_CONTROL, NULL},
		{"%e2%80%ae", HW_NAME_DIRECTION, NULL},
		{"%ff", HW_NAME_NOT_UTF8, NULL},
		{"a/b", HW_NAME_SEPARATOR, NULL},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		char clean[HW_NAME_SIZE_MAX];
		uint32_t size = 0;
		assert_int_equal(hw_name_clean(hw_span_of(cases[i].segment), clean, &size),
				 cases[i].verdict);
		if (cases[i].name != NULL) {
			assert_true(hw_span_equal((struct hw_span){clean, size},
						  hw_span_of(cases[i].name)));
		}
	}
}

static void sizes_test(void **state)
{
	(void)state;
	static char name[1000];
	memset(name, 'a', sizeof(name));
	judge_check((struct hw_span){name, 255}, HW_NAME_GOOD);
	judge_check((struct hw_span){name, 256}, HW_NAME_TOO_LONG);
	judge_check((struct hw_span){name, 1000}, HW_NAME_TOO_LONG);
	for (uint32_t i = 0; i + 1 < 256; i += 2) {
		memcpy(name + i, "\xc3\xa4", 2);
	}
	judge_check((struct hw_span){name, 254}, HW_NAME_GOOD);
	judge_check((struct hw_span){name, 255}, HW_NAME_NOT_UTF8); /* cut within a character */
	judge_check((struct hw_span){name, 256}, HW_NAME_TOO_LONG);
	print_message("%u names\n", g_case_count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_test),     cmocka_unit_test(codes_test),
		cmocka_unit_test(traversal_test), cmocka_unit_test(clean_test),
		cmocka_unit_test(sizes_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
