/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: of two fields that contradict each other, or of one that comes twice, the client is told
 * that and not something else; faults of the message are told before what we merely do not support.
 * The verdicts of all values are in http_malformed_test.c.
 *
 * Method: field lines given straight to the judge, without a parser; verdict and a word of the
 * reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/wire/http_framing.h"

#define HOST                                                                                       \
	{                                                                                          \
		"Host", "h"                                                                        \
	}

struct framing_case {
	const char *fields[3][2]; /* name, value; ends at a NULL */
	uint32_t version_minor;
	enum hw_http_method method;
	enum hw_http_verdict verdict;
	const char *reason; /* a piece of it */
};

static char g_bytes[512];

static struct hw_http_place bytes_add(uint32_t *at, const char *text)
{
	struct hw_http_place place = {(uint16_t)*at, (uint16_t)strlen(text)};
	assert_true(*at + place.size <= sizeof(g_bytes));
	memcpy(g_bytes + *at, text, place.size);
	*at += place.size;
	return place;
}

static struct hw_http_judgement judge(const struct framing_case *c, struct hw_http_request *request)
{
	struct hw_http_framing framing = {0};
	uint32_t at = 0;
	*request = (struct hw_http_request){0};
	request->method = (uint8_t)c->method;
	request->version_minor = (uint8_t)c->version_minor;
	request->target = bytes_add(&at, "/");
	struct hw_http_judgement judgement = hw_http_framing_target(&framing, request, g_bytes);
	for (uint32_t i = 0; i < 3 && c->fields[i][0] != NULL; i++) {
		assert_int_equal(judgement.verdict, HW_HTTP_MORE);
		struct hw_http_field *field = &request->fields[request->field_count++];
		field->name = bytes_add(&at, c->fields[i][0]);
		field->value = bytes_add(&at, c->fields[i][1]);
		judgement = hw_http_framing_field(&framing, request, g_bytes, field);
	}
	return judgement.verdict == HW_HTTP_MORE ? hw_http_framing_end(&framing, request)
						 : judgement;
}

static void reasons_test(void **state)
{
	(void)state;
	static const struct framing_case cases[] = {
		{{HOST}, 1, HW_HTTP_GET, HW_HTTP_DONE, NULL},
		{{{NULL, NULL}}, 0, HW_HTTP_GET, HW_HTTP_DONE, NULL},
		{{{NULL, NULL}}, 1, HW_HTTP_GET, HW_HTTP_BAD, "Host is missing"},
		{{HOST, HOST}, 1, HW_HTTP_GET, HW_HTTP_BAD, "twice"},
		{{HOST, {"Content-Length", "5"}, {"Content-Length", "5"}},
		 1,
		 HW_HTTP_PUT,
		 HW_HTTP_BAD,
		 "Content-Length must not come twice"},
		{{HOST, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
		 1,
		 HW_HTTP_PUT,
		 HW_HTTP_BAD,
		 "Transfer-Encoding must not come twice"},
		{{HOST, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}},
		 1,
		 HW_HTTP_PUT,
		 HW_HTTP_BAD,
		 "exclude each other"},
		{{HOST, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
		 1,
		 HW_HTTP_PUT,
		 HW_HTTP_BAD,
		 "exclude each other"},
		{{HOST, {"Transfer-Encoding", "chunked"}}, 0, HW_HTTP_PUT, HW_HTTP_BAD, "HTTP/1.0"},
		/* what is wrong counts for more than what is not known */
		{{{"Transfer-Encoding", "chunked"}, {"Expect", "x"}},
		 1,
		 HW_HTTP_METHOD_NONE,
		 HW_HTTP_BAD,
		 "Host is missing"},
		{{HOST, {"Transfer-Encoding", "gzip, chunked"}, {"Expect", "x"}},
		 1,
		 HW_HTTP_METHOD_NONE,
		 HW_HTTP_METHOD_UNKNOWN,
		 "method"},
		{{HOST, {"Transfer-Encoding", "gzip, chunked"}, {"Expect", "x"}},
		 1,
		 HW_HTTP_PUT,
		 HW_HTTP_NOT_IMPLEMENTED,
		 "coding"},
		{{HOST, {"Transfer-Encoding", "chunked"}, {"Expect", "x"}},
		 1,
		 HW_HTTP_PUT,
		 HW_HTTP_EXPECTATION_FAILED,
		 "100-continue"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_http_request request;
		struct hw_http_judgement judgement = judge(&cases[i], &request);
		if (judgement.verdict != cases[i].verdict) {
			fail_msg("case %u: verdict %u", i, judgement.verdict);
		}
		const char *expected = cases[i].reason;
		bool is_told = judgement.reason != NULL;
		assert_true(is_told == (expected != NULL));
		if (is_told && expected != NULL && strstr(judgement.reason, expected) == NULL) {
			fail_msg("case %u: %s", i, judgement.reason);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
