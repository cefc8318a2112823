/* SPDX-License-Identifier: Apache-2.0
 *
 *	hw_session_open -> (greeting.c)
 *	hw_session_seal -> key_renew -> pieces_take -> record_seal ... -> hw_session_flush
 *	hw_session_rest, hw_session_feed -> hw_session_next -> record_open -> event_take
 *							    -> late_judge
 */
#include "tests/bench/session.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "simd/kernels.h"
#include "tests/bench/greeting.h"

#define OUT_SIZE           131072U /* sealed for one call of the kernel */
#define PIECES_MAX         16U     /* of what one record carries; what is more waits for the next */
#define NEW_SESSION_TICKET 4U
#define MESSAGE_HEAD_SIZE  4U

/* Where we are in the handshake messages that come after the handshake, in pieces of any size. */
struct late {
	uint8_t head[MESSAGE_HEAD_SIZE];
	uint32_t head_size;
	uint32_t left_size; /* of a ticket that has begun */
};

struct hw_session {
	struct hw_tls_half in;
	struct hw_tls_half out;
	struct late late;
	bool owes_update; /* of our key, before anything else goes out */
	uint8_t *room;    /* lent by feed */
	uint32_t room_size;
	uint32_t room_used;
	uint32_t rest_size;
	uint32_t out_size;
	uint32_t out_sent;
	uint8_t rest[HW_SESSION_REST_MAX];
	uint8_t sealed[OUT_SIZE];
};

bool hw_session_init(void)
{
	return hw_simd_init(HW_SIMD_AUTO) == 0 && hw_greeting_init();
}

int hw_session_open(int fd, struct hw_session **ret_session)
{
	struct hw_session *session = aligned_alloc(alignof(struct hw_session), sizeof(*session));
	if (session == NULL) {
		return -ENOMEM;
	}
	memset(session, 0, sizeof(*session));
	int r = hw_greeting_run(fd, &session->in, &session->out);
	if (r < 0) {
		free(session);
		return r;
	}
	*ret_session = session;
	return 0;
}

void hw_session_close(struct hw_session *session)
{
	if (session != NULL) {
		hw_tls_half_deinit(&session->in);
		hw_tls_half_deinit(&session->out);
		free(session);
	}
}

/* -- out -- */

static bool record_seal(struct hw_session *session, enum hw_tls_type type,
			const struct iovec *pieces, uint32_t count)
{
	uint32_t size = hw_tls_seal(&session->out, type, pieces, count,
				    session->sealed + session->out_size);
	session->out_size += size;
	return size > 0;
}

/* The server wants it, or the old key has sealed enough. */
static int key_renew(struct hw_session *session)
{
	uint8_t message[HW_TLS_KEY_UPDATE_SIZE];
	if (!session->owes_update && session->out.sequence < HW_TLS_KEY_RECORDS_MAX) {
		return 0;
	}
	session->owes_update = false;
	hw_tls_key_update_write(message);
	if (!record_seal(session, HW_TLS_HANDSHAKE, &(struct iovec){message, sizeof(message)}, 1)) {
		return -EPROTO;
	}
	return hw_tls_half_update(&session->out);
}

/* The next bytes of @parts, as many as a record carries, are used up. Returns how many pieces. */
static uint32_t pieces_take(struct iovec *parts, size_t count, struct iovec *ret_pieces)
{
	size_t room = HW_TLS_PLAIN_SIZE_MAX;
	uint32_t taken = 0;
	for (size_t i = 0; i < count && room > 0 && taken < PIECES_MAX; i++) {
		if (parts[i].iov_len == 0) {
			continue;
		}
		struct iovec piece = {parts[i].iov_base, hw_min(parts[i].iov_len, room)};
		parts[i].iov_base = (uint8_t *)parts[i].iov_base + piece.iov_len;
		parts[i].iov_len -= piece.iov_len;
		room -= piece.iov_len;
		ret_pieces[taken++] = piece;
	}
	return taken;
}

static uint64_t size_of(const struct iovec *parts, size_t count)
{
	uint64_t size = 0;
	for (size_t i = 0; i < count; i++) {
		size += parts[i].iov_len;
	}
	return size;
}

int64_t hw_session_seal(struct hw_session *session, struct iovec *parts, size_t count)
{
	struct iovec pieces[PIECES_MAX];
	uint64_t size = size_of(parts, count);
	hw_assert(session->out_size == 0);
	int r = key_renew(session);
	if (r < 0) {
		return r;
	}
	while (OUT_SIZE - session->out_size >= HW_TLS_RECORD_SIZE_MAX) {
		uint32_t taken = pieces_take(parts, count, pieces);
		if (taken == 0) {
			break;
		}
		if (!record_seal(session, HW_TLS_DATA, pieces, taken)) {
			return -EPROTO;
		}
	}
	return (int64_t)(size - size_of(parts, count));
}

int hw_session_flush(struct hw_session *session, int fd)
{
	while (session->out_sent < session->out_size) {
		ssize_t sent = send(fd, session->sealed + session->out_sent,
				    session->out_size - session->out_sent, MSG_NOSIGNAL);
		if (sent < 0) {
			return -errno;
		}
		session->out_sent += (uint32_t)sent;
	}
	session->out_sent = 0;
	session->out_size = 0;
	return 0;
}

/* -- in -- */

uint32_t hw_session_rest(const struct hw_session *session, uint8_t *ret_bytes)
{
	memcpy(ret_bytes, session->rest, session->rest_size);
	return session->rest_size;
}

void hw_session_feed(struct hw_session *session, uint8_t *bytes, uint32_t size)
{
	session->room = bytes;
	session->room_size = size;
	session->room_used = 0;
}

/* Tickets, whole or in pieces, are skipped; what is none must be a KeyUpdate, and the last of its
 * record. */
static enum hw_tls_event late_judge(struct hw_session *session, const uint8_t *bytes, uint32_t size)
{
	struct late *late = &session->late;
	for (uint32_t at = 0; at < size;) {
		if (late->left_size > 0) {
			uint32_t skipped = hw_min(late->left_size, size - at);
			late->left_size -= skipped;
			at += skipped;
			continue;
		}
		if (late->head_size == 0 && bytes[at] != NEW_SESSION_TICKET) {
			struct hw_tls_opened last = {.size = size - at, .type = HW_TLS_HANDSHAKE};
			return hw_tls_judge(session->in.suite, last, bytes + at);
		}
		late->head[late->head_size++] = bytes[at++];
		if (late->head_size == MESSAGE_HEAD_SIZE) {
			late->head_size = 0;
			late->left_size = (uint32_t)late->head[1] << 16 |
					  (uint32_t)late->head[2] << 8 | late->head[3];
		}
	}
	return HW_TLS_EVENT_NOTHING;
}

static int64_t event_take(struct hw_session *session, enum hw_tls_event event, uint32_t size)
{
	switch (event) {
	case HW_TLS_EVENT_DATA:
		return size;
	case HW_TLS_EVENT_NOTHING:
		return 0;
	case HW_TLS_EVENT_UPDATE_US:
		session->owes_update = true;
		return hw_tls_half_update(&session->in);
	case HW_TLS_EVENT_UPDATE:
		return hw_tls_half_update(&session->in);
	case HW_TLS_EVENT_CLOSED:
		return -ECONNRESET;
	default:
		return -EBADMSG; /* a fatal alert as well */
	}
}

/* Returns the bytes that it carries; 0: none, which is no end; -errno. */
static int64_t record_open(struct hw_session *session, uint8_t *record, uint32_t record_size,
			   const uint8_t **ret_bytes)
{
	struct hw_tls_opened opened = {0};
	uint8_t *place = hw_tls_open_place(session->in.suite, record);
	if (hw_tls_open(&session->in, record, record_size, place, &opened) != HW_TLS_OPENED) {
		return -EBADMSG;
	}
	*ret_bytes = place;
	return event_take(session,
			  opened.type == HW_TLS_HANDSHAKE
				  ? late_judge(session, place, opened.size)
				  : hw_tls_judge(session->in.suite, opened, place),
			  opened.size);
}

int64_t hw_session_next(struct hw_session *session, const uint8_t **ret_bytes)
{
	int64_t size = 0;
	while (size == 0) { /* each turn uses a record of the room up */
		uint8_t *record = session->room + session->room_used;
		uint32_t left_size = session->room_size - session->room_used;
		uint32_t record_size = 0;
		enum hw_tls_frame frame = hw_tls_frame_find(record, left_size, &record_size);
		if (frame == HW_TLS_FRAME_MORE) {
			memcpy(session->rest, record, left_size); /* less than a record */
			session->rest_size = left_size;
			return 0;
		}
		if (frame != HW_TLS_FRAME_WHOLE) {
			return -EBADMSG;
		}
		session->room_used += record_size;
		size = record_open(session, record, record_size, ret_bytes);
	}
	return size;
}
