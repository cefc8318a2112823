/* SPDX-License-Identifier: Apache-2.0
 *
 * One byte, one step; framing is a few bytes a chunk, and the data never comes here:
 *
 *   SIZE -> (EXTENSION ->) SIZE_LF -> (data) DATA_CR -> DATA_LF -> SIZE          size > 0
 *                          SIZE_LF -> TRAILER (-> NAME -> VALUE -> VALUE_LF -> TRAILER)
 *                                     TRAILER -> END_LF -> END                   size = 0
 */
#include "net/wire/http_chunked.h"

#include "net/wire/hex.h"
#include "net/wire/http_char.h"

#define HW_CHUNKED_DIGIT_MAX     16U    /* 64 bits */
#define HW_CHUNKED_EXTENSION_MAX 256U   /* bytes a chunk; a signature needs about 90 */
#define HW_CHUNKED_DEBT_MAX      16384U /* bytes of extension for which no data came */
#define HW_CHUNKED_TRAILER_MAX   8192U  /* bytes */

enum state {
	STATE_SIZE = 0,
	STATE_EXTENSION_BEGIN, /* behind the semicolon: a name must come */
	STATE_EXTENSION,
	STATE_SIZE_LF,
	STATE_DATA_CR, /* behind the data, once data_left is 0 */
	STATE_DATA_LF,
	STATE_TRAILER, /* at the beginning of a trailer line */
	STATE_NAME,
	STATE_VALUE,
	STATE_VALUE_LF,
	STATE_END_LF,
	STATE_END,
	STATE_BAD,
};

static void step(struct hw_http_chunked *decoder, char c);
static void size_step(struct hw_http_chunked *decoder, char c);
static void extension_step(struct hw_http_chunked *decoder, char c);
static void lf_step(struct hw_http_chunked *decoder, char c, enum state next);
static void trailer_step(struct hw_http_chunked *decoder, char c);

void hw_http_chunked_init(struct hw_http_chunked *decoder)
{
	*decoder = (struct hw_http_chunked){.state = STATE_SIZE};
}

static void bad(struct hw_http_chunked *decoder, const char *reason)
{
	decoder->state = STATE_BAD;
	decoder->data_left = 0;
	decoder->reason = reason;
}

enum hw_http_chunked_verdict hw_http_chunked_feed(struct hw_http_chunked *decoder,
						  const char *bytes, uint32_t size,
						  uint32_t *ret_consumed)
{
	uint32_t consumed = 0;
	while (consumed < size && decoder->data_left == 0 && decoder->state < STATE_END) {
		step(decoder, bytes[consumed]);
		/* The byte that is refused is not consumed. */
		consumed += decoder->state == STATE_BAD ? 0 : 1;
	}
	*ret_consumed = consumed;
	if (decoder->data_left > 0) {
		return HW_HTTP_CHUNKED_DATA;
	}
	if (decoder->state == STATE_BAD) {
		return HW_HTTP_CHUNKED_BAD;
	}
	return decoder->state == STATE_END ? HW_HTTP_CHUNKED_DONE : HW_HTTP_CHUNKED_MORE;
}

void hw_http_chunked_data_taken(struct hw_http_chunked *decoder, uint64_t size)
{
	hw_assert(decoder->state == STATE_DATA_CR);
	hw_assert(size <= decoder->data_left);
	decoder->data_left -= size;
	decoder->extension_debt -= (uint32_t)hw_min(size, decoder->extension_debt);
}

static void step(struct hw_http_chunked *decoder, char c)
{
	switch ((enum state)decoder->state) {
	case STATE_SIZE:
		size_step(decoder, c);
		break;
	case STATE_EXTENSION_BEGIN:
	case STATE_EXTENSION:
		extension_step(decoder, c);
		break;
	case STATE_SIZE_LF:
		/* Only now: data_left > 0 is what says "data" to the caller. */
		decoder->data_left = decoder->size;
		lf_step(decoder, c, decoder->size > 0 ? STATE_DATA_CR : STATE_TRAILER);
		break;
	case STATE_DATA_CR:
		if (c != '\r') {
			bad(decoder, "a chunk's data must end with CR LF");
			break;
		}
		decoder->state = STATE_DATA_LF;
		break;
	case STATE_DATA_LF:
		decoder->size = 0;
		decoder->digit_count = 0;
		lf_step(decoder, c, STATE_SIZE);
		break;
	case STATE_TRAILER:
	case STATE_NAME:
	case STATE_VALUE:
		trailer_step(decoder, c);
		break;
	case STATE_VALUE_LF:
		lf_step(decoder, c, STATE_TRAILER);
		break;
	case STATE_END_LF:
		lf_step(decoder, c, STATE_END);
		break;
	case STATE_END:
	case STATE_BAD:
		break;
	}
}

static void size_step(struct hw_http_chunked *decoder, char c)
{
	int digit = hw_hex_digit(c);
	if (digit >= 0) {
		if (decoder->digit_count == HW_CHUNKED_DIGIT_MAX) {
			bad(decoder, "a chunk's size has too many digits");
			return;
		}
		decoder->digit_count++;
		decoder->size = decoder->size << 4 | (uint64_t)digit;
		return;
	}
	if (decoder->digit_count == 0 || (c != '\r' && c != ';')) {
		bad(decoder, "a chunk's size must be a hexadecimal number and end with CR LF");
		return;
	}
	if (decoder->size > (uint64_t)INT64_MAX) {
		bad(decoder, "a chunk's size is too large a number");
		return;
	}
	decoder->extension_size = 0;
	decoder->state = c == '\r' ? STATE_SIZE_LF : STATE_EXTENSION_BEGIN;
}

/* Known by nobody and ignored; but small ones, again and again, would make us read much framing for
 * little data, so they are counted against the data that came. */
static void extension_step(struct hw_http_chunked *decoder, char c)
{
	bool is_named = decoder->state == STATE_EXTENSION;
	if (c == '\r' && is_named) {
		decoder->state = STATE_SIZE_LF;
		return;
	}
	if (!hw_http_char_is(c, is_named ? HW_HTTP_CHAR_VALUE : HW_HTTP_CHAR_TOKEN)) {
		bad(decoder, "a chunk's extension is malformed");
		return;
	}
	decoder->state = STATE_EXTENSION;
	decoder->extension_size++;
	decoder->extension_debt++;
	if (decoder->extension_size > HW_CHUNKED_EXTENSION_MAX ||
	    decoder->extension_debt > HW_CHUNKED_DEBT_MAX) {
		bad(decoder, "the chunks' extensions are too large");
	}
}

static void lf_step(struct hw_http_chunked *decoder, char c, enum state next)
{
	if (c != '\n') {
		bad(decoder, "a CR must be followed by LF");
		return;
	}
	decoder->state = (uint8_t)next;
}

static void trailer_step(struct hw_http_chunked *decoder, char c)
{
	if (++decoder->trailer_size > HW_CHUNKED_TRAILER_MAX) {
		bad(decoder, "the trailer is too large");
		return;
	}
	bool is_value = decoder->state == STATE_VALUE;
	if (hw_http_char_is(c, is_value ? HW_HTTP_CHAR_VALUE : HW_HTTP_CHAR_TOKEN)) {
		decoder->state = is_value ? STATE_VALUE : STATE_NAME;
	} else if (c == '\r' && is_value) {
		decoder->state = STATE_VALUE_LF;
	} else if (c == '\r' && decoder->state == STATE_TRAILER) {
		decoder->state = STATE_END_LF;
	} else if (c == ':' && decoder->state == STATE_NAME) {
		decoder->state = STATE_VALUE;
	} else {
		bad(decoder, "a line of the trailer is malformed");
	}
}
