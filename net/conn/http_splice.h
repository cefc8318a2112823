/* SPDX-License-Identifier: Apache-2.0
 *
 * http_splice.h - an answer's bytes from the page cache to the socket, without a copy
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_CONN_HTTP_SPLICE_H
#define HW_NET_CONN_HTTP_SPLICE_H

#include <stdbool.h>
#include <stdint.h>

struct hw_http_conn;

/* Bytes of a file that is in a slot of the ring. */
struct hw_http_splice {
	uint64_t offset;
	uint32_t file; /* slot */
	int file_fd;   /* the same file; both lent until send_done */
	uint32_t size; /* bytes */
};

/* Pages of a file instead of memory: the talk knows that they are in memory. What send says holds,
 * but that after -EAGAIN only send_wait is left; and so it is after -ENODATA: what is left of them
 * is not in memory any more. Not where bytes must be looked at before they go
 * out: hw_http_conn_can_splice(). */
void hw_http_conn_splice(struct hw_http_conn *conn, const struct hw_http_splice *splice);
/* Does it speak without TLS? */
bool hw_http_conn_is_plain(const struct hw_http_conn *conn);
/* May @size bytes go to the socket as pages? With TLS only if the kernel seals them. */
bool hw_http_conn_can_splice(const struct hw_http_conn *conn, uint64_t size);

#endif
