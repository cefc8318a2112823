/* SPDX-License-Identifier: Apache-2.0
 *
 * http_writer.h - writes a response head, or a small body, into the caller's buffer
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 * Limits: the capacity given at init
 *
 * From the first piece that does not fit on, nothing is written and is_overflowed stays: what is in
 * the buffer is then of no meaning. The caller sizes the buffer for the worst case and asserts
 * !is_overflowed at the end.
 *
 * Values are often made of what a peer said. No value can end its field or begin another: control
 * characters become spaces.
 */
#ifndef HW_NET_WIRE_HTTP_WRITER_H
#define HW_NET_WIRE_HTTP_WRITER_H

#include "core/base/span.h"
#include "net/wire/http_status.h"

/* Bytes of the Content-Disposition field of a name of so many bytes, at most. */
#define HW_HTTP_ATTACHMENT_SIZE(name_size) (65U + 4U * (name_size))

/* size and is_overflowed may be read; written by http_writer.c only. */
struct hw_http_writer {
	char *bytes;
	uint32_t capacity;
	uint32_t size; /* bytes written */
	bool is_overflowed;
};

/* @bytes: lent until the caller is through; @capacity bytes. */
void hw_http_writer_init(struct hw_http_writer *writer, char *bytes, uint32_t capacity);
/* What was written so far; lent from the buffer. */
struct hw_span hw_http_writer_span(const struct hw_http_writer *writer);

/* hw_http_writer_cut - forget what was written behind @size, and that it did not fit
 * For rows of a page: the one that does not fit is taken back whole. @size: a size it had. */
void hw_http_writer_cut(struct hw_http_writer *writer, uint32_t size);

/* Pieces. Bytes go as they are: for literals and for what is known to be clean. */
void hw_http_writer_bytes(struct hw_http_writer *writer, struct hw_span bytes);
void hw_http_writer_text(struct hw_http_writer *writer, const char *text);
void hw_http_writer_number(struct hw_http_writer *writer, uint64_t number); /* decimal */
void hw_http_writer_hex(struct hw_http_writer *writer, const uint8_t *bytes, uint32_t size);
void hw_http_writer_date(struct hw_http_writer *writer, uint64_t unix_seconds); /* IMF-fixdate */
/* A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD; "<" and the two line
 * separators are escaped too, so that the text is harmless inside HTML and scripts. */
void hw_http_writer_json_string(struct hw_http_writer *writer, struct hw_span text);
/* Percent-escaped, all but RFC 3986's unreserved. */
void hw_http_writer_uri(struct hw_http_writer *writer, struct hw_span text);

/* "HTTP/1.1 404 Not Found\r\n". A status without a phrase in our table is a bug. */
void hw_http_writer_status(struct hw_http_writer *writer, uint32_t status);
/* "name: value\r\n" */
void hw_http_writer_field(struct hw_http_writer *writer, struct hw_span name, struct hw_span value);
void hw_http_writer_field_number(struct hw_http_writer *writer, struct hw_span name,
				 uint64_t number);
void hw_http_writer_field_date(struct hw_http_writer *writer, struct hw_span name,
			       uint64_t unix_seconds);
/* ETag: "<hex of bytes>" */
void hw_http_writer_field_etag(struct hw_http_writer *writer, const uint8_t *hash, uint32_t size);
/* Content-Disposition: attachment, with the name in ASCII for old clients and, where that is not
 * the whole truth, as UTF-8 (RFC 6266, RFC 8187). At most
 * HW_HTTP_ATTACHMENT_SIZE bytes. */
void hw_http_writer_field_attachment(struct hw_http_writer *writer, struct hw_span name);
/* Content-Range: bytes first-last/size, and "bytes (star)/size" for 416. */
void hw_http_writer_field_content_range(struct hw_http_writer *writer, uint64_t first,
					uint64_t last, uint64_t size);
void hw_http_writer_field_content_range_none(struct hw_http_writer *writer, uint64_t size);
/* The empty line. */
void hw_http_writer_head_end(struct hw_http_writer *writer);

#endif
