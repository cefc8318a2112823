/* SPDX-License-Identifier: Apache-2.0
 *
 * http_char.h - which byte may stand where in a head: one look into one table
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_HTTP_CHAR_H
#define HW_NET_WIRE_HTTP_CHAR_H

#include "core/base/span.h"

#define HW_HTTP_CHAR_TOKEN                                                                         \
	1U                     /* of a method, a field's name, a list's element (RFC 9110, 5.6.2)  \
				*/
#define HW_HTTP_CHAR_TARGET 2U /* visible, or >= 0x80; no "#", which never leaves a browser */
#define HW_HTTP_CHAR_VALUE  4U /* visible, >= 0x80, space, tab */
#define HW_HTTP_CHAR_HOST   8U /* letters, digits, "-._~": what a host's name is made of */
#define HW_HTTP_CHAR_DIGIT  16U

extern const uint8_t hw_http_char_classes[256];

static inline bool hw_http_char_is(char c, unsigned int class)
{
	return (hw_http_char_classes[(uint8_t)c] & class) != 0;
}

static inline bool hw_http_char_is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Not empty, and every byte of the class. */
bool hw_http_char_all(struct hw_span span, unsigned int class);

/* Without the spaces and tabs at both ends. */
struct hw_span hw_http_char_trim(struct hw_span span);

#endif
