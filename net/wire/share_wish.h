/* SPDX-License-Identifier: Apache-2.0
 *
 * share_wish.h - what a client wants of a share: the JSON that creates or changes one
 *
 * Room: net/wire    Thread: any    Blocks: never
 * Allocates: in jansson, and gives it back before it returns; bounded by the limits below
 * Limits: HW_SHARE_WISH_SIZE_MAX bytes, HW_SHARE_WISH_VALUES_MAX values, each field's own
 *
 * One object of known fields, each at most once. A field that we do not know is an error and not
 * passed over: a misspelled "pasword" must not become a share that anybody can open.
 */
#ifndef HW_NET_WIRE_SHARE_WISH_H
#define HW_NET_WIRE_SHARE_WISH_H

#include "core/base/limits.h"
#include "core/base/span.h"
#include "net/wire/share_json.h"

#define HW_SHARE_WISH_SIZE_MAX     65536U /* bytes of the body */
#define HW_SHARE_WISH_VALUES_MAX   64U    /* values in it, nested ones too */
#define HW_SHARE_WISH_DEPTH_MAX    8U     /* jansson parses by recursion */
#define HW_SHARE_WISH_SENTENCE_MAX 256U   /* bytes of a sentence and its NUL */
#define HW_PASSWORD_SIZE_MAX       256U   /* bytes of a password in plain UTF-8 */

/* Which fields were given: bits. */
#define HW_SHARE_WISH_EXPIRES_IN 1U
#define HW_SHARE_WISH_EXPIRES_AT 2U
#define HW_SHARE_WISH_DOWNLOADS  4U
#define HW_SHARE_WISH_PASSWORD   8U
#define HW_SHARE_WISH_MESSAGE    16U
#define HW_SHARE_WISH_LINK_NAME  32U
#define HW_SHARE_WISH_MODE       64U

enum hw_share_wish_verdict {
	HW_SHARE_WISH_GOOD = 0,
	HW_SHARE_WISH_TOO_LARGE, /* 413 */
	HW_SHARE_WISH_NOT_JSON,  /* 400: no JSON, a field twice, no object */
	HW_SHARE_WISH_UNKNOWN,   /* 422: a field that there is not */
	HW_SHARE_WISH_BAD_VALUE, /* 422 */
	HW_SHARE_WISH_FIXED,     /* 422: a field that only creation may set */
	HW_SHARE_WISH_NO_MEMORY, /* 503 */
	HW_SHARE_WISH_VERDICT_COUNT
};

struct hw_share_wish {
	uint32_t given;         /* HW_SHARE_WISH_* */
	uint32_t downloads_max; /* 0: no limit */
	uint64_t expires_in_ms; /* from now, or HW_DURATION_NEVER */
	uint64_t expires_at_ms; /* wall clock, or HW_DURATION_NEVER; may be in the past */
	uint8_t mode;           /* enum hw_share_json_mode */
	uint8_t link_name_size; /* 0: none */
	uint16_t password_size; /* 0: none */
	uint16_t message_size;  /* 0: none */
	char link_name[HW_LINK_NAME_SIZE_MAX];
	char password[HW_PASSWORD_SIZE_MAX]; /* plain: hash it, then wipe it */
	char message[HW_MESSAGE_SIZE_MAX];
};

/* hw_share_wish_seed - once, before threads: a random number that is not 0
 * jansson's tables need it against chosen keys, and would otherwise open /dev/urandom themselves at
 * the first parse. */
void hw_share_wish_seed(uint64_t seed);

/* hw_share_wish_parse - the body of POST /api/v1/shares, or with @is_change of PATCH
 * @body   lent; empty: nothing is wished
 * @ret_wish      written when GOOD; the caller wipes it (explicit_bzero) for the password's sake
 * @ret_sentence  HW_SHARE_WISH_SENTENCE_MAX bytes, the caller's; written unless GOOD: a sentence
 *                that names the field, with its NUL
 *
 *   expires_in     "24h", seconds as a number, "never", null (never)
 *   expires_at     "2026-11-25T17:38:00Z", null (never); not together with expires_in
 *   downloads_max  1 to 4294967295, null (no limit)
 *   password       1 to HW_PASSWORD_SIZE_MAX bytes, null (none)
 *   message        up to HW_MESSAGE_SIZE_MAX bytes, null (none)
 *   link_name      as link_name.h says, null (none); creation only
 *   mode           "stored", "live", "spill"; creation only */
enum hw_share_wish_verdict hw_share_wish_parse(struct hw_span body, bool is_change,
					       struct hw_share_wish *ret_wish, char *ret_sentence);

/* Whether people may be shown this as a share's message: UTF-8 up to HW_MESSAGE_SIZE_MAX bytes,
 * without control characters but tabs and the ends of lines. */
bool hw_share_wish_message_is_good(struct hw_span text);

/* The status of the answer; 0 for GOOD. */
uint32_t hw_share_wish_status(enum hw_share_wish_verdict verdict);

#endif
