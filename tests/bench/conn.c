/* SPDX-License-Identifier: Apache-2.0
 *
 *	hw_conn_begin -> request_send -> parts_gather
 *	hw_conn_turn  -> request_send
 *		      -> (wire.c) -> answer_take -> head_take -> head_done
 *					         -> body_take
 */
#include "tests/bench/conn.h"

#include "tests/bench/body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>

uint64_t hw_conn_now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void conn_fail(struct hw_conn *conn, const char *what)
{
	conn->error = what;
	conn->state = HW_CONN_FAILED;
}

static void conn_watch(struct hw_conn *conn, bool wants_out)
{
	if (conn->wants_out == wants_out) {
		return;
	}
	struct epoll_event event = {.events = EPOLLIN | (wants_out ? (uint32_t)EPOLLOUT : 0U),
				    .data.ptr = conn};
	if (epoll_ctl(conn->epoll, EPOLL_CTL_MOD, conn->wire.fd, &event) < 0) {
		conn_fail(conn, "epoll does not take it");
	}
	conn->wants_out = wants_out;
}

int hw_conn_open(struct hw_conn *conn, int epoll)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
	conn->state = HW_CONN_IDLE;
	conn->epoll = epoll;
	conn->wants_out = false;
	conn->is_closing = false;
	int result = hw_wire_open(&conn->wire);
	if (result == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, conn->wire.fd, &event) < 0) {
		result = -errno;
	}
	return result;
}

int hw_conn_reopen(struct hw_conn *conn)
{
	hw_wire_close(&conn->wire);
	return hw_conn_open(conn, conn->epoll);
}

/* -- requests -- */

/* The next parts of head and body; returns how many. */
static size_t parts_gather(struct hw_conn *conn, struct iovec *ret_parts,
			   struct hw_body_stamps *ret_stamps)
{
	uint64_t end = conn->body_end < conn->body_hold ? conn->body_end : conn->body_hold;
	size_t count = 0;
	if (conn->head_sent < conn->head_size) {
		ret_parts[count].iov_base = conn->head + conn->head_sent;
		ret_parts[count++].iov_len = conn->head_size - conn->head_sent;
	}
	return count +
	       hw_body_parts(conn->number, conn->body_offset, end, ret_parts + count, ret_stamps);
}

static void sent_add(struct hw_conn *conn, uint64_t sent)
{
	uint64_t of_head = conn->head_size - conn->head_sent;
	of_head = sent < of_head ? sent : of_head;
	conn->head_sent += (uint32_t)of_head;
	conn->body_offset += sent - of_head;
}

static void request_send(struct hw_conn *conn)
{
	struct iovec parts[HW_BODY_PART_COUNT + 1U];
	struct hw_body_stamps stamps;
	int64_t sent = hw_wire_flush(&conn->wire);
	while (sent >= 0) {
		size_t count = parts_gather(conn, parts, &stamps);
		if (count == 0) {
			break;
		}
		sent = hw_wire_send(&conn->wire, parts, count);
		sent_add(conn, sent > 0 ? (uint64_t)sent : 0);
	}
	sent = sent >= 0 ? hw_wire_flush(&conn->wire) : sent;
	if (sent < 0 && sent != -EAGAIN) {
		conn_fail(conn, "the connection broke while the request was sent");
		return;
	}
	if (sent >= 0 && conn->body_offset == conn->body_end) {
		conn->state = HW_CONN_HEAD;
	}
	conn_watch(conn, sent == -EAGAIN);
}

void hw_conn_begin(struct hw_conn *conn, const struct hw_request *request)
{
	char length[64] = "";
	if (request->has_body) {
		(void)snprintf(length, sizeof(length), "Content-Length: %llu\r\n",
			       (unsigned long long)(request->body_end - request->body_offset));
	}
	int size =
		snprintf(conn->head, HW_CONN_HEAD_SIZE, "%s %s HTTP/1.1\r\nHost: bench\r\n%s%s\r\n",
			 request->method, request->path, request->fields, length);
	conn->state = HW_CONN_SENDING;
	conn->begun_ns = hw_conn_now_ns();
	conn->is_chunked = false;
	conn->is_verified = request->is_verified;
	conn->number = request->number;
	conn->body_begin = request->body_offset;
	conn->body_offset = request->body_offset;
	conn->body_end = request->body_end;
	conn->body_hold = request->body_hold > 0 ? request->body_hold : UINT64_MAX;
	conn->answer_taken = 0;
	conn->answer_head_size = 0;
	conn->head_sent = 0;
	conn->status = 0;
	if (size < 0 || size >= (int)HW_CONN_HEAD_SIZE) {
		conn_fail(conn, "the head is too long");
		return;
	}
	conn->head_size = (uint32_t)size;
	request_send(conn);
}

void hw_conn_hold(struct hw_conn *conn, uint64_t offset)
{
	conn->body_hold = offset;
	if (conn->state == HW_CONN_SENDING) {
		request_send(conn);
	}
}

/* -- answers -- */

const char *hw_conn_field(const struct hw_conn *conn, const char *name)
{
	const char *end = strstr(conn->answer, "\r\n\r\n");
	for (const char *line = strstr(conn->answer, "\r\n"); line != NULL && line < end;
	     line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) == 0) {
			return line + strlen(name);
		}
	}
	return NULL;
}

/* Does the answer end here? Of a chunked one only the end is looked at: none of ours is long. */
static bool is_complete(struct hw_conn *conn, const uint8_t *bytes, uint64_t size)
{
	if (!conn->is_chunked) {
		return conn->answer_taken == conn->answer_size;
	}
	for (uint64_t i = size < HW_CONN_TAIL_SIZE ? 0 : size - HW_CONN_TAIL_SIZE; i < size; i++) {
		memmove(conn->tail, conn->tail + 1, HW_CONN_TAIL_SIZE - 1U);
		conn->tail[HW_CONN_TAIL_SIZE - 1U] = (char)bytes[i];
	}
	return memcmp(conn->tail, "0\r\n\r\n", HW_CONN_TAIL_SIZE) == 0;
}

static void body_take(struct hw_conn *conn, const uint8_t *bytes, uint64_t size)
{
	if (!conn->is_chunked && size > conn->answer_size - conn->answer_taken) {
		conn_fail(conn, "more bytes than were announced");
		return;
	}
	if (conn->is_verified && !hw_body_verify(conn->number, bytes, conn->answer_taken, size)) {
		conn_fail(conn, "wrong bytes");
		return;
	}
	conn->answer_taken += size;
	if (is_complete(conn, bytes, size)) {
		conn->state = HW_CONN_DONE;
	}
}

/* The head is complete: what does it say? */
static void head_done(struct hw_conn *conn)
{
	bool is_early = conn->state == HW_CONN_SENDING;
	if (strncmp(conn->answer, "HTTP/1.1 ", 9) == 0) {
		conn->status = (int)strtoul(conn->answer + 9, NULL, 10);
	}
	const char *size = hw_conn_field(conn, "Content-Length: ");
	const char *connection = hw_conn_field(conn, "Connection: ");
	const char *coding = hw_conn_field(conn, "Transfer-Encoding: ");
	conn->is_closing = connection != NULL && strncasecmp(connection, "close", 5) == 0;
	conn->is_chunked = coding != NULL && strncasecmp(coding, "chunked", 7) == 0;
	conn->answer_size = size != NULL ? strtoull(size, NULL, 10) : 0;
	bool has_size = size != NULL || conn->is_chunked || conn->status == 204;
	if (conn->status < 200 || conn->status > 299 || !has_size || is_early) {
		conn_fail(conn, is_early ? "answered before the body was sent" : "a bad answer");
		return;
	}
	memset(conn->tail, 0, sizeof(conn->tail));
	conn->state = HW_CONN_BODY;
}

static void head_take(struct hw_conn *conn, const uint8_t *bytes, uint64_t size)
{
	uint32_t before = conn->answer_head_size;
	uint64_t room = HW_CONN_ANSWER_SIZE - before;
	uint64_t copied = size < room ? size : room;
	memcpy(conn->answer + before, bytes, copied);
	conn->answer[before + copied] = '\0';
	const char *end = strstr(conn->answer, "\r\n\r\n");
	if (end == NULL) {
		conn->answer_head_size += (uint32_t)copied;
		if (conn->answer_head_size == HW_CONN_ANSWER_SIZE) {
			conn_fail(conn, "a head too long");
		}
		return;
	}
	conn->answer_head_size = (uint32_t)(end + 4 - conn->answer);
	conn->answer[conn->answer_head_size] = '\0';
	head_done(conn);
	uint32_t used = conn->answer_head_size - before;
	if (conn->state == HW_CONN_BODY) {
		body_take(conn, bytes + used, size - used);
	}
}

static void answer_take(void *user, const uint8_t *bytes, uint64_t size)
{
	struct hw_conn *conn = user;
	switch (conn->state) {
	case HW_CONN_SENDING:
	case HW_CONN_HEAD:
		head_take(conn, bytes, size);
		break;
	case HW_CONN_BODY:
		body_take(conn, bytes, size);
		break;
	case HW_CONN_DONE:
		conn_fail(conn, "more bytes than were announced");
		break;
	default:
		break; /* it has failed, and why is known */
	}
}

static void answer_recv(struct hw_conn *conn)
{
	int result = hw_wire_recv(&conn->wire, answer_take, conn);
	if (result == 0 || conn->state == HW_CONN_FAILED) {
		return;
	}
	if (result == -EBADMSG) {
		conn_fail(conn, "a record of TLS that is not authentic, or an alert");
	} else if (conn->state == HW_CONN_DONE) {
		conn->is_closing = true; /* said, or not said, by the head */
	} else {
		conn_fail(conn, conn->state == HW_CONN_BODY ? "closed before the end of the body"
							    : "closed before the answer");
	}
}

void hw_conn_turn(struct hw_conn *conn, uint32_t events)
{
	if ((events & EPOLLOUT) != 0 && conn->state == HW_CONN_SENDING) {
		request_send(conn);
	}
	if ((events & ~(uint32_t)EPOLLOUT) == 0) {
		return;
	}
	if (conn->state == HW_CONN_IDLE) {
		/* The run is over for it; a server may close idle connections. */
		(void)epoll_ctl(conn->epoll, EPOLL_CTL_DEL, conn->wire.fd, NULL);
		return;
	}
	answer_recv(conn);
}
