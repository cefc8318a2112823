/* SPDX-License-Identifier: Apache-2.0
 *
 * fields.h - the input of a fuzzer as the field lines of a request, read by the real parser
 *
 * Room: tests/fuzz    Thread: main    Blocks: never    Allocates: the head, of exactly its size
 */
#ifndef HW_TESTS_FUZZ_FIELDS_H
#define HW_TESTS_FUZZ_FIELDS_H

#include <stdlib.h>

#include "net/wire/http_parser.h"

struct fields {
	struct hw_http_parser parser;
	char *bytes; /* of exactly the head's size, so that a read behind it is found */
	uint32_t size;
};

static inline void fields_free(struct fields *fields)
{
	free(fields->bytes);
	fields->bytes = NULL;
}

/* @first: "GET /". The lines of @data end in LF here, as that is easier to hit upon than CR LF.
 * False, and nothing to free, when it is no good request. */
static inline bool fields_make(struct fields *fields, const char *first, const uint8_t *data,
			       size_t size)
{
	static const char host[] = " HTTP/1.1\r\nHost: h.example\r\n";
	uint32_t at = 0;
	if (size > HW_HEAD_SIZE_MAX) {
		return false;
	}
	char *bytes = malloc(strlen(first) + sizeof(host) + 2 * size + 4);
	hw_assert(bytes != NULL);
	memcpy(bytes, first, strlen(first));
	at += (uint32_t)strlen(first);
	memcpy(bytes + at, host, sizeof(host) - 1);
	at += (uint32_t)sizeof(host) - 1;
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			bytes[at++] = '\r';
		}
		bytes[at++] = (char)data[i];
	}
	if (size > 0 && data[size - 1] != '\n') {
		memcpy(bytes + at, "\r\n", 2);
		at += 2;
	}
	memcpy(bytes + at, "\r\n", 2);
	at += 2;
	fields->bytes = malloc(at);
	hw_assert(fields->bytes != NULL);
	memcpy(fields->bytes, bytes, at);
	free(bytes);
	fields->size = at;
	hw_http_parser_init(&fields->parser);
	if (hw_http_parser_feed(&fields->parser, fields->bytes, at) == HW_HTTP_DONE &&
	    fields->parser.request.head_size == at) {
		return true;
	}
	fields_free(fields);
	return false;
}

#endif
