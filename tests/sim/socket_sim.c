/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections: what the kernel does for a socket of ours, and what its peer does.
 *
 *   hw_sim_peer_write -> arrivals (pieces, each with its time) -> in_visible -> a receive takes it
 *   a send -> out, as far as the window goes -> acked (by itself, or by hw_sim_peer_read)
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "tests/sim/lend_sim.h"
#include "tests/sim/sim_world.h"

#define PIECES_MAX 64U /* of one write or send; bounds what a simulated megabyte costs */

struct hw_sim_peer {
	struct hw_sim_peer *next;
	struct hw_ring *ring; /* NULL once that is gone */
	uint32_t listener;
	uint32_t slot;
	uint64_t connect_us;
	/* to the server */
	uint8_t *in;
	uint64_t in_capacity;
	uint64_t in_size;    /* written by the peer */
	uint64_t in_visible; /* arrived */
	uint64_t in_read;    /* received by the server */
	struct hw_sim_arrival {
		uint64_t until; /* in_visible at_us */
		uint64_t at_us;
	} * arrivals;
	uint32_t arrival_first;
	uint32_t arrival_count;
	uint32_t arrival_capacity;
	uint64_t last_us; /* when the last thing so far arrives */
	uint64_t fin_us;
	uint64_t reset_us;
	/* from the server */
	uint8_t *out;
	uint64_t out_capacity;
	uint64_t out_size;  /* sent by the server */
	uint64_t out_read;  /* taken by the test */
	uint64_t out_acked; /* out of the window */
	uint32_t window_size;
	struct hw_sim_seal seal;
	bool is_held;
	bool is_accepted;
	bool is_reset;
	bool is_reset_told;
	bool has_end;
	bool is_closed;
};

/* -- pieces */

/* How much of @rest goes next: small, large or all, but never so small that it takes for ever. */
static uint64_t piece_of(struct hw_ring *ring, uint64_t rest, uint64_t total)
{
	uint64_t most = hw_max((uint64_t)hw_sim_world.options.piece_size_max, total / PIECES_MAX);
	return hw_prng_between(&ring->prng, 1, hw_min(rest, hw_max(most, UINT64_C(1))));
}

static uint64_t gap_us(struct hw_ring *ring)
{
	return hw_prng_below(&ring->prng, (uint64_t)hw_sim_world.options.piece_gap_us_max + 1);
}

static uint64_t after_last(struct hw_sim_peer *peer)
{
	uint64_t from_us = hw_max(peer->last_us, hw_clock_monotonic_us());
	peer->last_us = from_us + gap_us(peer->ring);
	return peer->last_us;
}

static void grow(uint8_t **bytes, uint64_t *capacity, uint64_t size)
{
	if (size <= *capacity) {
		return;
	}
	*capacity = hw_max(size, hw_max(*capacity * 2, UINT64_C(4096)));
	*bytes = realloc(*bytes, *capacity);
	hw_assert(*bytes != NULL);
}

static void kick(struct hw_sim_peer *peer)
{
	if (peer->ring != NULL && !peer->is_closed) {
		hw_sim_kick(peer->ring, peer->is_accepted ? peer->slot : peer->listener);
	}
}

/* -- what the test does */

struct hw_sim_peer *hw_sim_connect(struct hw_ring *ring, uint32_t listener)
{
	hw_assert(listener < ring->slot_count);
	hw_assert(ring->slots[listener].kind == HW_SIM_SLOT_OTHER);
	struct hw_sim_peer *peer = calloc(1, sizeof(*peer));
	hw_assert(peer != NULL);
	peer->ring = ring;
	peer->listener = listener;
	peer->connect_us = hw_clock_monotonic_us() + gap_us(ring);
	peer->last_us = peer->connect_us;
	peer->fin_us = HW_SIM_NEVER_US;
	peer->reset_us = HW_SIM_NEVER_US;
	peer->window_size = hw_sim_world.options.window_size;
	peer->next = hw_sim_world.peers;
	hw_sim_world.peers = peer;
	kick(peer);
	return peer;
}

void hw_sim_peer_write(struct hw_sim_peer *peer, const void *bytes, uint64_t size)
{
	if (peer->ring == NULL || peer->is_reset || size == 0) {
		return; /* a client that writes to what is gone */
	}
	hw_assert(peer->fin_us == HW_SIM_NEVER_US && peer->reset_us == HW_SIM_NEVER_US);
	grow(&peer->in, &peer->in_capacity, peer->in_size + size);
	memcpy(peer->in + peer->in_size, bytes, size);
	for (uint64_t rest = size; rest > 0;) {
		uint64_t piece = piece_of(peer->ring, rest, size);
		rest -= piece;
		peer->in_size += piece;
		if (peer->arrival_count == peer->arrival_capacity) {
			peer->arrival_capacity = hw_max(peer->arrival_capacity * 2, 16U);
			peer->arrivals = realloc(peer->arrivals,
						 peer->arrival_capacity * sizeof(*peer->arrivals));
			hw_assert(peer->arrivals != NULL);
		}
		peer->arrivals[peer->arrival_count++] =
			(struct hw_sim_arrival){peer->in_size, after_last(peer)};
	}
	kick(peer);
}

void hw_sim_peer_pause(struct hw_sim_peer *peer, uint64_t us)
{
	peer->last_us = hw_max(peer->last_us, hw_clock_monotonic_us()) + us;
}

void hw_sim_peer_unsay(struct hw_sim_peer *peer)
{
	peer->in_size = peer->in_visible;
	peer->arrival_first = peer->arrival_count;
	peer->last_us = hw_clock_monotonic_us();
}

void hw_sim_peer_shutdown(struct hw_sim_peer *peer)
{
	if (peer->ring != NULL && peer->fin_us == HW_SIM_NEVER_US) {
		peer->fin_us = after_last(peer);
		kick(peer);
	}
}

void hw_sim_peer_reset(struct hw_sim_peer *peer)
{
	if (peer->ring != NULL && peer->reset_us == HW_SIM_NEVER_US) {
		peer->reset_us = after_last(peer);
		kick(peer);
	}
}

struct hw_span hw_sim_peer_got(const struct hw_sim_peer *peer)
{
	uint64_t size = peer->out_size - peer->out_read;
	hw_assert(size <= UINT32_MAX);
	if (size == 0) {
		return (struct hw_span){NULL, 0};
	}
	return (struct hw_span){(const char *)peer->out + peer->out_read, (uint32_t)size};
}

uint32_t hw_sim_peer_read(struct hw_sim_peer *peer, void *ret_bytes, uint32_t size)
{
	uint32_t count = (uint32_t)hw_min((uint64_t)size, peer->out_size - peer->out_read);
	if (count == 0) {
		return 0;
	}
	memcpy(ret_bytes, peer->out + peer->out_read, count);
	peer->out_read += count;
	peer->out_acked = hw_max(peer->out_acked, peer->out_read);
	kick(peer);
	return count;
}

void hw_sim_peer_hold(struct hw_sim_peer *peer, bool is_held)
{
	peer->is_held = is_held;
	kick(peer);
}

void hw_sim_peer_window_set(struct hw_sim_peer *peer, uint32_t size)
{
	peer->window_size = size;
	kick(peer);
}

bool hw_sim_peer_is_accepted(const struct hw_sim_peer *peer)
{
	return peer->is_accepted;
}

uint32_t hw_sim_peer_slot(const struct hw_sim_peer *peer)
{
	hw_assert(peer->is_accepted);
	return peer->slot;
}

bool hw_sim_peer_has_end(const struct hw_sim_peer *peer)
{
	return peer->has_end;
}

bool hw_sim_peer_is_closed(const struct hw_sim_peer *peer)
{
	return peer->is_closed;
}

bool hw_sim_peer_is_reset(const struct hw_sim_peer *peer)
{
	return peer->is_reset;
}

uint64_t hw_sim_peer_sent_size(const struct hw_sim_peer *peer)
{
	return peer->out_size;
}

uint64_t hw_sim_peer_backlog_size(const struct hw_sim_peer *peer)
{
	return peer->in_size - peer->in_read;
}

void hw_sim_peers_forget(struct hw_ring *ring)
{
	for (struct hw_sim_peer *peer = hw_sim_world.peers; peer != NULL; peer = peer->next) {
		if (peer->ring == ring) {
			peer->ring = NULL;
		}
	}
}

void hw_sim_peers_free(void)
{
	while (hw_sim_world.peers != NULL) {
		struct hw_sim_peer *peer = hw_sim_world.peers;
		hw_sim_world.peers = peer->next;
		free(peer->in);
		free(peer->out);
		free(peer->arrivals);
		free(peer);
	}
}

/* -- what time does */

static void reset_now(struct hw_ring *ring, struct hw_sim_peer *peer)
{
	peer->is_reset = true;
	if (hw_prng_chance(&ring->prng, 50)) {
		peer->in_read = peer->in_visible; /* what lay unread is gone */
	}
	peer->in_size = peer->in_visible; /* what was on its way, too */
	peer->arrival_first = peer->arrival_count;
	hw_sim_note(ring, "reset", peer->slot, peer->in_read, 0);
}

static void settle(struct hw_ring *ring, struct hw_sim_peer *peer)
{
	uint64_t now_us = hw_clock_monotonic_us();
	while (peer->arrival_first < peer->arrival_count &&
	       peer->arrivals[peer->arrival_first].at_us <= now_us) {
		peer->in_visible = peer->arrivals[peer->arrival_first++].until;
	}
	if (!peer->is_reset && peer->reset_us <= now_us) {
		reset_now(ring, peer);
	}
}

static uint64_t next_in_us(const struct hw_sim_peer *peer)
{
	uint64_t now_us = hw_clock_monotonic_us();
	uint64_t next_us = HW_SIM_NEVER_US;
	if (peer->arrival_first < peer->arrival_count) {
		next_us = peer->arrivals[peer->arrival_first].at_us;
	}
	if (peer->fin_us > now_us) {
		next_us = hw_min(next_us, peer->fin_us);
	}
	if (peer->reset_us > now_us) {
		next_us = hw_min(next_us, peer->reset_us);
	}
	return next_us;
}

/* By chance the connection breaks just as an operation begins. */
static void break_maybe(struct hw_ring *ring, const struct hw_sim_flight *flight,
			struct hw_sim_peer *peer)
{
	if (flight->phase == HW_SIM_QUEUED && !peer->is_reset &&
	    hw_prng_chance(&ring->prng, hw_sim_world.options.reset_percent)) {
		reset_now(ring, peer);
	}
}

/* -- receives */

static bool has_fin(const struct hw_sim_peer *peer)
{
	return peer->fin_us <= hw_clock_monotonic_us() && peer->in_visible == peer->in_size;
}

/* A reset is told once; after that a receive finds the end. */
static int32_t reset_tell(struct hw_ring *ring, struct hw_sim_peer *peer)
{
	bool was_told = peer->is_reset_told;
	peer->is_reset_told = true;
	return was_told && hw_prng_chance(&ring->prng, 50) ? 0 : -ECONNRESET;
}

static uint32_t shorten(struct hw_ring *ring, uint32_t size)
{
	if (size > 1 && hw_prng_chance(&ring->prng, hw_sim_world.options.short_percent)) {
		return (uint32_t)hw_prng_between(&ring->prng, 1, size - 1);
	}
	return size;
}

static void recv_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			 struct hw_sim_peer *peer)
{
	uint64_t visible = peer->in_visible - peer->in_read;
	uint32_t count = (uint32_t)hw_min(visible, (uint64_t)(flight->size - flight->moved));
	if (count > 0) {
		count = flight->is_whole ? count : shorten(ring, count);
		hw_sim_lent_write(flight, flight->moved, peer->in + peer->in_read, count);
		peer->in_read += count;
		flight->moved += count;
		if (flight->moved == flight->size || !flight->is_whole) {
			hw_sim_land(ring, flight, (int32_t)flight->moved);
			return;
		}
	}
	if (peer->is_reset) {
		int32_t res = flight->moved > 0 ? (int32_t)flight->moved : reset_tell(ring, peer);
		hw_sim_land(ring, flight, res);
	} else if (has_fin(peer)) {
		hw_sim_land(ring, flight, (int32_t)flight->moved);
	} else {
		hw_sim_wait(flight, next_in_us(peer));
	}
}

static bool is_head_refused(struct hw_ring *ring, bool has_bytes)
{
	if (ring->heads_free_count == 0) {
		/* The kernel may look for a buffer before it looks for bytes. */
		return has_bytes || hw_prng_chance(&ring->prng, 50);
	}
	return ring->heads_free_count < ring->options.head_buffer_count &&
	       hw_prng_chance(&ring->prng, hw_sim_world.options.head_error_percent);
}

static void head_fill(struct hw_ring *ring, struct hw_sim_flight *flight, struct hw_sim_peer *peer)
{
	uint32_t pick = (uint32_t)hw_prng_below(&ring->prng, ring->heads_free_count);
	flight->buffer_id = ring->heads_free[pick];
	ring->heads_free[pick] = ring->heads_free[--ring->heads_free_count];
	uint64_t visible = peer->in_visible - peer->in_read;
	uint32_t count = shorten(ring, (uint32_t)hw_min(visible, (uint64_t)HW_HEAD_BUFFER_SIZE));
	char *bytes = hw_ring_head_bytes(ring, flight->buffer_id);
	hw_sim_show(bytes, HW_HEAD_BUFFER_SIZE);
	memcpy(bytes, peer->in + peer->in_read, count);
	memset(bytes + count, 0xA5, hw_min(HW_HEAD_BUFFER_SIZE - count, 64U));
	peer->in_read += count;
	hw_sim_land(ring, flight, (int32_t)count);
}

static void recv_head_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			      struct hw_sim_peer *peer)
{
	bool has_bytes = peer->in_visible > peer->in_read;
	if (is_head_refused(ring, has_bytes)) {
		hw_sim_land(ring, flight, -ENOBUFS);
	} else if (has_bytes) {
		head_fill(ring, flight, peer);
	} else if (peer->is_reset) {
		hw_sim_land(ring, flight, reset_tell(ring, peer));
	} else if (has_fin(peer)) {
		hw_sim_land(ring, flight, 0);
	} else {
		hw_sim_wait(flight, next_in_us(peer));
	}
}

static void poll_in_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			    const struct hw_sim_peer *peer)
{
	int32_t mask = 0;
	mask |= peer->in_visible > peer->in_read ? POLLIN : 0;
	mask |= has_fin(peer) ? POLLIN | POLLRDHUP : 0;
	mask |= peer->is_reset ? POLLIN | POLLRDHUP | POLLERR | POLLHUP : 0;
	if (mask != 0) {
		hw_sim_land(ring, flight, mask);
	} else {
		hw_sim_wait(flight, next_in_us(peer));
	}
}

static void poll_hangup_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
				const struct hw_sim_peer *peer)
{
	int32_t mask = has_fin(peer) ? POLLRDHUP : 0;
	mask |= peer->is_reset ? POLLRDHUP | POLLERR | POLLHUP : 0;
	if (mask != 0) {
		hw_sim_land(ring, flight, mask);
	} else {
		hw_sim_wait(flight, next_in_us(peer));
	}
}

static void recv_count_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			       const struct hw_sim_peer *peer)
{
	uint64_t count = hw_min(peer->in_visible - peer->in_read, (uint64_t)flight->size);
	int32_t res = count > 0 ? (int32_t)count : peer->is_reset ? -ECONNRESET : -EAGAIN;
	hw_sim_land(ring, flight, res == -EAGAIN && has_fin(peer) ? 0 : res);
}

/* -- sends */

static int32_t send_error(struct hw_sim_peer *peer)
{
	if (peer->has_end || peer->is_reset_told) {
		return -EPIPE;
	}
	peer->is_reset_told = true;
	return -ECONNRESET;
}

/* The peer reads by itself, at its own pace. */
static void ack_some(struct hw_ring *ring, struct hw_sim_peer *peer)
{
	uint64_t unread = peer->out_size - peer->out_acked;
	if (!peer->is_held && unread > 0) {
		peer->out_acked += piece_of(ring, unread, unread);
	}
}

static void poll_out_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			     struct hw_sim_peer *peer)
{
	ack_some(ring, peer);
	bool has_room = peer->out_size - peer->out_acked < peer->window_size;
	if (peer->is_reset || peer->has_end) {
		hw_sim_land(ring, flight, POLLOUT | POLLERR | POLLHUP);
	} else if (has_room || !peer->is_held) {
		hw_sim_land(ring, flight, POLLOUT);
	} else {
		hw_sim_wait(flight, next_in_us(peer));
	}
}

static void out_grow(struct hw_sim_peer *peer, uint64_t size)
{
	grow(&peer->out, &peer->out_capacity,
	     peer->out_size + hw_sim_sealed_size_max(&peer->seal, size));
}

/* They lie behind what was sent. */
static void out_add(struct hw_sim_peer *peer, uint8_t record_type, uint64_t size)
{
	peer->out_size += hw_sim_seal(&peer->seal, record_type, peer->out + peer->out_size, size);
}

struct hw_sim_seal *hw_sim_socket_seal(struct hw_sim_peer *peer)
{
	return &peer->seal;
}

static void send_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			 struct hw_sim_peer *peer)
{
	if (peer->is_reset || peer->has_end) {
		int32_t res = flight->moved > 0 ? (int32_t)flight->moved : send_error(peer);
		hw_sim_land(ring, flight, res);
		return;
	}
	ack_some(ring, peer);
	uint64_t unread = peer->out_size - peer->out_acked;
	/* One that reads by itself does so in bounded time, however small its window. */
	uint64_t window = peer->window_size;
	window = peer->is_held ? window : hw_max(window, (uint64_t)flight->size / PIECES_MAX);
	uint64_t room = window > unread ? window - unread : 0;
	uint64_t rest = flight->size - flight->moved;
	if (room > 0) {
		uint64_t piece = piece_of(ring, rest, flight->size);
		piece = hw_min(piece, room); /* a macro: each argument is asked twice */
		piece = flight->record_type != 0 ? rest : piece;
		out_grow(peer, piece);
		hw_sim_lent_read(flight, flight->moved, peer->out + peer->out_size,
				 (uint32_t)piece);
		out_add(peer, flight->record_type, piece);
		flight->moved += (uint32_t)piece;
		room -= hw_min(piece, room);
	}
	if (flight->moved == flight->size || (flight->moved > 0 && !flight->is_whole)) {
		hw_sim_land(ring, flight, (int32_t)flight->moved);
		return;
	}
	bool is_stalled = peer->is_held && room == 0;
	hw_sim_wait(flight,
		    is_stalled ? next_in_us(peer) : hw_clock_monotonic_us() + 1 + gap_us(ring));
}

int hw_sim_socket_take(struct hw_ring *ring, struct hw_sim_peer *peer, const uint8_t *bytes,
		       uint32_t size)
{
	settle(ring, peer);
	if (!peer->is_reset && hw_prng_chance(&ring->prng, hw_sim_world.options.reset_percent)) {
		reset_now(ring, peer);
	}
	if (peer->is_reset || peer->has_end) {
		return send_error(peer);
	}
	ack_some(ring, peer);
	uint64_t unread = peer->out_size - peer->out_acked;
	uint64_t window = peer->window_size;
	window = peer->is_held ? window : hw_max(window, (uint64_t)size / PIECES_MAX);
	uint64_t room = window > unread ? window - unread : 0;
	if (room == 0) {
		return -EAGAIN;
	}
	uint64_t piece = piece_of(ring, size, size);
	piece = hw_min(piece, room); /* a macro, as above */
	out_grow(peer, piece);
	memcpy(peer->out + peer->out_size, bytes, piece);
	out_add(peer, 0, piece);
	return (int)piece;
}

static void shutdown_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			     struct hw_sim_peer *peer)
{
	if (peer->is_reset) {
		hw_sim_land(ring, flight, -ENOTCONN);
		return;
	}
	peer->has_end = true;
	hw_sim_land(ring, flight, 0);
	hw_sim_kick(ring, flight->slot); /* a stalled send ends now */
}

void hw_sim_socket_close(struct hw_ring *ring, struct hw_sim_peer *peer)
{
	settle(ring, peer);
	bool has_unread = peer->in_size > peer->in_read;
	peer->is_closed = true;
	if (peer->is_reset) {
		return;
	}
	if (!has_unread) {
		peer->has_end = true;
		return;
	}
	/* TCP answers unread bytes with a reset, which may overtake what we sent. */
	peer->is_reset = true;
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.close_loss_percent)) {
		uint64_t kept = hw_max(peer->out_read, peer->out_acked);
		peer->out_size -= hw_prng_between(&ring->prng, 0, peer->out_size - kept);
	}
}

/* -- accept */

static bool has_pending(const struct hw_ring *ring, uint32_t listener)
{
	for (struct hw_sim_peer *peer = hw_sim_world.peers; peer != NULL; peer = peer->next) {
		if (peer->ring == ring && peer->listener == listener && !peer->is_accepted &&
		    !peer->is_closed && peer->connect_us <= hw_clock_monotonic_us()) {
			return true;
		}
	}
	return false;
}

static struct hw_sim_peer *pending_any(struct hw_ring *ring, uint32_t listener, uint64_t *ret_us)
{
	struct hw_sim_peer *found = NULL;
	uint32_t count = 0;
	uint64_t next_us = HW_SIM_NEVER_US;
	for (struct hw_sim_peer *peer = hw_sim_world.peers; peer != NULL; peer = peer->next) {
		if (peer->ring != ring || peer->listener != listener || peer->is_accepted ||
		    peer->is_closed) {
			continue;
		}
		if (peer->connect_us > hw_clock_monotonic_us()) {
			next_us = hw_min(next_us, peer->connect_us);
			continue;
		}
		count++;
		if (hw_prng_below(&ring->prng, count) == 0) {
			found = peer;
		}
	}
	*ret_us = next_us;
	return found;
}

/* The most hostile choice is the slot that was freed last; UINT32_MAX: the table is full. */
static uint32_t slot_choose(struct hw_ring *ring)
{
	uint32_t count = ring->options.socket_slots;
	if (ring->slot_freed != UINT32_MAX &&
	    ring->slots[ring->slot_freed].kind == HW_SIM_SLOT_FREE &&
	    hw_prng_chance(&ring->prng, 70)) {
		return ring->slot_freed;
	}
	uint32_t start = count > 0 ? (uint32_t)hw_prng_below(&ring->prng, count) : 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = (start + i) % count;
		if (ring->slots[slot].kind == HW_SIM_SLOT_FREE) {
			return slot;
		}
	}
	return UINT32_MAX;
}

static void turn_away(struct hw_ring *ring, struct hw_sim_peer *peer)
{
	peer->is_reset = true;
	peer->is_closed = true;
	peer->ring = NULL;
	hw_sim_note(ring, "turn_away", peer->listener, 0, 0);
}

/* The multishot ends. Some errors take the connection with them, others leave it in the queue. */
static void accept_fail(struct hw_ring *ring, struct hw_sim_flight *flight,
			struct hw_sim_peer *peer)
{
	static const int32_t errors[] = {-ENFILE, -ECONNABORTED, -EMFILE, -ENOMEM};
	uint32_t pick = (uint32_t)hw_prng_below(&ring->prng, hw_count_of(errors));
	if (pick < 2) {
		turn_away(ring, peer);
	}
	hw_sim_land(ring, flight, errors[pick]);
}

static void accept_attempt(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	uint64_t next_us = HW_SIM_NEVER_US;
	struct hw_sim_peer *peer = pending_any(ring, flight->slot, &next_us);
	if (peer == NULL) {
		hw_sim_wait(flight, next_us);
		return;
	}
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.accept_error_percent)) {
		accept_fail(ring, flight, peer);
		return;
	}
	uint32_t slot = slot_choose(ring);
	if (slot == UINT32_MAX) {
		turn_away(ring, peer);
		hw_sim_land(ring, flight, -ENFILE);
		return;
	}
	peer->is_accepted = true;
	peer->slot = slot;
	ring->slots[slot] = (struct hw_sim_slot){.peer = peer, .kind = HW_SIM_SLOT_TAKEN};
	if (!flight->is_multishot ||
	    hw_prng_chance(&ring->prng, hw_sim_world.options.accept_end_percent)) {
		hw_sim_land(ring, flight, (int32_t)slot);
		return;
	}
	hw_sim_tell_more(ring, flight, (int32_t)slot);
	uint64_t delay_us = hw_sim_delay_us(ring);
	/* The kernel takes all who wait in one go. */
	bool is_next_at_once = delay_us % 2 == 0 && has_pending(ring, flight->slot);
	hw_sim_wait(flight, hw_clock_monotonic_us() + (is_next_at_once ? 0 : delay_us));
}

/* The peer of @slot has one of @target's now: that, or -ENFILE. */
int hw_sim_socket_pass(struct hw_ring *ring, uint32_t slot, struct hw_ring *target)
{
	struct hw_sim_peer *peer = ring->slots[slot].peer;
	uint32_t taken = slot_choose(target);
	if (taken == UINT32_MAX) {
		return -ENFILE;
	}
	ring->slots[slot].peer = NULL; /* to close it is not to close the connection */
	target->slots[taken] = (struct hw_sim_slot){.peer = peer, .kind = HW_SIM_SLOT_SOCKET};
	peer->ring = target;
	peer->slot = taken;
	return (int)taken;
}

/* -- all */

void hw_sim_socket_attempt(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	if (flight->kind == HW_SIM_ACCEPT) {
		accept_attempt(ring, flight);
		return;
	}
	struct hw_sim_peer *peer = ring->slots[flight->slot].peer;
	hw_assert(peer != NULL);
	settle(ring, peer);
	switch ((enum hw_sim_kind)flight->kind) {
	case HW_SIM_RECV:
		break_maybe(ring, flight, peer);
		recv_attempt(ring, flight, peer);
		break;
	case HW_SIM_RECV_HEAD:
		break_maybe(ring, flight, peer);
		recv_head_attempt(ring, flight, peer);
		break;
	case HW_SIM_POLL_IN:
		poll_in_attempt(ring, flight, peer);
		break;
	case HW_SIM_POLL_HANGUP:
		poll_hangup_attempt(ring, flight, peer);
		break;
	case HW_SIM_RECV_COUNT:
		recv_count_attempt(ring, flight, peer);
		break;
	case HW_SIM_POLL_OUT:
		poll_out_attempt(ring, flight, peer);
		break;
	case HW_SIM_SEND:
		break_maybe(ring, flight, peer);
		send_attempt(ring, flight, peer);
		break;
	case HW_SIM_SHUTDOWN:
		shutdown_attempt(ring, flight, peer);
		break;
	default:
		hw_sim_unreachable("not an operation of sockets");
	}
}
