/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_world.h - what the parts of the simulator share; no test includes it
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: yes, it is a test
 *
 * An operation is a flight: QUEUED until its time, attempted, WAITING if it cannot be done yet (a
 * change of its slot wakes it), LANDED when its result stands but has not been told, then moved to
 * the ring's ready queue, from which hw_ring_turn() runs its done.
 */
#ifndef HW_TESTS_SIM_SIM_WORLD_H
#define HW_TESTS_SIM_SIM_WORLD_H

#include "core/base/prng.h"
#include "tests/sim/ring_sim.h"
#include "tests/sim/seal_sim.h"

#define HW_SIM_RINGS_MAX     16U
#define HW_SIM_IOVECS_MAX    64U
#define HW_SIM_SECTOR_SIZE   512U
#define HW_SIM_RING_FD_FIRST 0x51000000 /* no descriptor has such a number */

enum hw_sim_kind {
	HW_SIM_NONE = 0,
	HW_SIM_ACCEPT,
	HW_SIM_RECV_HEAD,
	HW_SIM_RECV,
	HW_SIM_POLL_IN,
	HW_SIM_POLL_OUT,
	HW_SIM_POLL_HANGUP,
	HW_SIM_RECV_COUNT,
	HW_SIM_SEND,
	HW_SIM_SHUTDOWN,
	HW_SIM_CLOSE,
	HW_SIM_FD_INSTALL,
	HW_SIM_SOCKET_PASS,
	HW_SIM_FILE_SET,
	HW_SIM_READ,
	HW_SIM_WRITE,
	HW_SIM_DATASYNC,
	HW_SIM_POLL_FD,
	HW_SIM_CANCEL, /* no op of its own: op and generation are the target's */
	HW_SIM_WAKE,   /* no op */
	HW_SIM_KIND_COUNT,
};

enum hw_sim_phase {
	HW_SIM_QUEUED = 0,
	HW_SIM_WAITING,
	HW_SIM_LANDED,
};

struct hw_sim_flight {
	struct hw_op *op;
	uint64_t due_us;
	uint8_t *into;              /* lent to be written */
	struct iovec *parts;        /* lent to be read: our copy of the list */
	const struct msghdr *given; /* the caller's, of a sendmsg */
	uint64_t sum;               /* over all lent to be read */
	uint64_t offset;            /* in the file */
	uint64_t ticket;            /* write: of its record; datasync: what it covers */
	uint32_t part_count;
	uint32_t size;
	uint32_t moved; /* bytes so far */
	uint32_t slot;
	int fd;
	int32_t res;
	uint16_t generation;
	uint16_t buffer_id;
	uint8_t kind;
	uint8_t phase;
	uint8_t record_type; /* what a keyed socket sends is one of it; 0: data, in any pieces */
	bool is_whole;
	bool is_multishot;
	bool has_more;
	bool is_direct;
};

struct hw_sim_file;

enum hw_sim_slot_kind {
	HW_SIM_SLOT_FREE = 0,
	HW_SIM_SLOT_TAKEN, /* by accept or file_set, whose done has not run yet */
	HW_SIM_SLOT_SOCKET,
	HW_SIM_SLOT_FILE,
	HW_SIM_SLOT_OTHER, /* a listener, a lock: descriptors that are no file of ours */
	HW_SIM_SLOT_CLOSING,
};

struct hw_sim_slot {
	struct hw_sim_peer *peer;
	struct hw_sim_file *file;
	uint32_t in_flight_count;
	uint8_t kind;
	bool is_receiving;
	bool is_sending;
	bool is_direct;
	bool is_read_only;
};

struct hw_sim_flights {
	struct hw_sim_flight *items;
	uint32_t count;
	uint32_t capacity;
};

struct hw_ring {
	struct hw_ring_options options;
	struct hw_prng prng;
	struct hw_sim_slot *slots;
	uint32_t slot_count;
	uint32_t slot_freed; /* the last one given back; UINT32_MAX: none yet */
	struct hw_sim_flights flights;
	struct hw_sim_flights ready; /* oldest at ready_first */
	uint32_t ready_first;
	uint32_t in_flight_count;
	uint16_t *heads_free; /* stack */
	uint32_t heads_free_count;
	char *heads;
	uint64_t wait_until_us; /* under a pump: when its wait ends */
	int fd;
	bool is_enabled;
	bool is_turning;
	bool is_woken;
	bool is_waiting; /* under a pump: it has nothing to do */
	bool has_turned; /* since the pump's round began */
};

struct hw_sim_world {
	struct hw_sim_options options;
	struct hw_ring *rings[HW_SIM_RINGS_MAX];
	uint32_t ring_count;
	uint32_t rings_made;
	struct hw_sim_peer *peers;
	uint64_t trace;
	uint64_t step_count;
	void (*disk_free)(void); /* files_sim.c, once it is used */
	bool is_begun;
	bool is_pumped;
	uint64_t attempt_count;
	uint64_t call_count;
	bool is_loud;
};
extern struct hw_sim_world hw_sim_world;
/* Stop and say why: the caller broke a rule. */
#define hw_sim_unreachable(why) hw_assert_fail(why, __FILE__, __LINE__)

/* ring_sim.c */
void hw_sim_land(struct hw_ring *ring, struct hw_sim_flight *flight, int32_t res);
/* Not now: again at @at_us, or when its slot is kicked. */
void hw_sim_wait(struct hw_sim_flight *flight, uint64_t at_us);
/* Something changed for those that wait on @slot. */
void hw_sim_kick(struct hw_ring *ring, uint32_t slot);
/* One completion of a multishot that goes on; the flight stays. */
void hw_sim_tell_more(struct hw_ring *ring, const struct hw_sim_flight *flight, int32_t res);
uint64_t hw_sim_delay_us(struct hw_ring *ring);

/* trace_sim.c */
void hw_sim_note(struct hw_ring *ring, const char *what, uint64_t a, uint64_t b, int64_t res);

/* life_sim.c */
int hw_sim_loopback_fd(uint32_t slot);

/* socket_sim.c */
void hw_sim_socket_attempt(struct hw_ring *ring, struct hw_sim_flight *flight);
/* As many of the bytes as it takes now; -EAGAIN: none. */
int hw_sim_socket_take(struct hw_ring *ring, struct hw_sim_peer *peer, const uint8_t *bytes,
		       uint32_t size);
void hw_sim_socket_close(struct hw_ring *ring, struct hw_sim_peer *peer);
int hw_sim_socket_pass(struct hw_ring *ring, uint32_t slot, struct hw_ring *target);
void hw_sim_peers_forget(struct hw_ring *ring);
void hw_sim_peers_free(void);

struct hw_sim_seal *hw_sim_socket_seal(struct hw_sim_peer *peer);

/* file_sim.c */
struct hw_sim_file *hw_sim_file_of(int fd); /* NULL: not one of ours */
/* Let @slot be what @fd names; its kind is set by the caller. */
void hw_sim_file_bind(struct hw_sim_slot *slot, int fd);
/* Out of memory, perhaps fewer than asked for; -ENODATA: not there. */
int hw_sim_file_look(struct hw_ring *ring, const struct hw_sim_file *file, uint64_t offset,
		     uint8_t *bytes, uint32_t size);
void hw_sim_file_attempt(struct hw_ring *ring, struct hw_sim_flight *flight);
void hw_sim_file_check(const struct hw_sim_slot *slot, struct hw_sim_flight *flight);
uint64_t hw_sim_file_ticket(const struct hw_sim_file *file);
void hw_sim_file_write_done(struct hw_sim_file *file, uint64_t ticket);
/* Do some of a write that will never be told: power loss. */
void hw_sim_file_write_lost(struct hw_sim_file *file, struct hw_sim_flight *flight, uint32_t size);
void hw_sim_files_free(void);

#endif
