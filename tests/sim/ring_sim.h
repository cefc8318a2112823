/* SPDX-License-Identifier: Apache-2.0
 *
 * ring_sim.h - a seeded adversary behind core/loop/ring.h, and the world around it: peers, files
 *
 * Room: tests/sim    Thread: one (any number of rings, all turned by it)    Blocks: never
 * Allocates: yes, it is a test    Owns: virtual time, peers, the contents of files
 *
 * What it does to the code above: completions come late and in any order; receives, reads and
 * writes are cut short where ring.h allows it; sockets are reset, files fail, cancels lose their
 * race; accepted slots are the most recently freed ones. What it asserts: one receive and one send
 * for each socket, nothing on a slot that is closed or not there, close only when nothing else is
 * in flight, no op submitted twice or reused, lent memory neither written (sends, writes: checked
 * by sum) nor touched (receives, reads: poisoned with ASan) nor freed, everything quiet at the end.
 * Memory that a kernel would leave alone past a short receive or read is spoiled on purpose.
 *
 * Time is virtual: hw_ring_turn() never sleeps but moves hw_clock_monotonic_us() to the next event.
 * A run is a function of its options: equal seeds give equal hw_sim_trace().
 *
 * A conversation, a thousand seeds, a close before every step:
 *
 *	static void kill_at(void *user, uint64_t step) { if (step == g_step) conn_close(user); }
 *
 *	for (uint64_t seed = 1; seed <= 1000; seed++) {
 *		struct hw_sim_options options = hw_sim_chaos(seed);
 *		options.before_step = kill_at;
 *		options.before_step_user = &conn;
 *		hw_sim_begin(&options);                       // a new world at time zero
 *		... hw_reactor_init, hw_ring_enable ...       // rings take their faults from it
 *		uint32_t listener = hw_ring_file_slot(ring, 0);
 *		... hw_ring_file_register(ring, listener, hw_sim_listener_fd()) before enable ...
 *		struct hw_sim_peer *peer = hw_sim_connect(ring, listener);
 *		hw_sim_peer_write(peer, request, request_size); // arrives in pieces, over time
 *		hw_sim_peer_shutdown(peer);                     // FIN after the last of them
 *		struct hw_sim_pump pump = {.actors = {hw_sim_actor_reactor(&reactor)},
 *					   .count = 1, .is_finished = conn_is_free, .user = &conn};
 *		assert_int_equal(hw_sim_pump(&pump), 0);        // pump_sim.h
 *		struct hw_span answer = hw_sim_peer_got(peer);
 *		... hw_reactor_deinit ...
 *		hw_sim_end();                                   // asserts that nothing is left
 *	}
 *
 * hw_sim_seed() names the seed in a failure; HW_SIM_TRACE=1 in the environment prints every event.
 */
#ifndef HW_TESTS_SIM_RING_SIM_H
#define HW_TESTS_SIM_RING_SIM_H

#include "core/base/span.h"
#include "core/loop/ring.h"
#include "tests/sim/clock_sim.h"

#define HW_SIM_NEVER_US UINT64_MAX

/* Kernel TLS: one record of @type, of up to HW_SIM_RECORD_SIZE bytes. @keys: the simulator's copy
 * of what TLS_TX was set to; to be changed. Returns the bytes at @ret_record: HW_SIM_SEALED_MORE
 * more at most. */
typedef uint32_t hw_sim_seal_fn(void *keys, uint8_t type, const void *bytes, uint32_t size,
				uint8_t *ret_record);
#define HW_SIM_RECORD_SIZE 16384U
#define HW_SIM_SEALED_MORE 64U

/* Percentages are chances for each operation unless said otherwise; 0 switches a fault off. */
struct hw_sim_options {
	uint64_t seed;
	uint32_t delay_percent;        /* it takes up to delay_us_max instead of up to 20 us */
	uint32_t delay_us_max;         /* us; both to begin and to be told of */
	uint32_t short_percent;        /* receive, read or write of less than could be had */
	uint32_t reset_percent;        /* a receive or send finds the connection reset */
	uint32_t accept_error_percent; /* accept ends: -ENFILE, -EMFILE, -ECONNABORTED, -ENOMEM */
	uint32_t accept_end_percent;   /* accept ends with a good connection */
	uint32_t head_error_percent;   /* -ENOBUFS while somebody holds a head buffer */
	uint32_t read_error_percent;   /* -EIO */
	uint32_t evict_percent;        /* pages that are to be sent are not in memory: -ENODATA */
	uint32_t write_error_percent;  /* -EIO or -ENOSPC, with a part of it written */
	uint32_t sync_error_percent;   /* -EIO; what it should have covered is never durable */
	uint32_t disk_error_percent;   /* a call of files_sim.h: -EIO */
	uint32_t set_error_percent;   /* hw_ring_file_set: -ENOMEM, -EBADF; of an option: -ENOMEM */
	uint32_t interrupt_percent;   /* read, write or sync: -EINTR, nothing done */
	uint32_t cancel_late_percent; /* a cancel lets a receive or send go on where it can */
	uint32_t close_loss_percent;  /* closing with unread bytes: what the peer had not read yet
					* is lost, as TCP's reset does it */
	uint32_t piece_size_max;      /* bytes that arrive, or are sent, in one go */
	uint32_t piece_gap_us_max;    /* us between two pieces */
	uint32_t window_size;         /* bytes a peer takes before it has read; changeable */
	bool has_fixed_buffers;
	hw_sim_seal_fn *seal; /* NULL: a kernel without TLS */
	/* Runs before each done, and may do what any caller may: "a close at every step". */
	void (*before_step)(void *user, uint64_t step);
	void *before_step_user;
	/* Only this one fails, for certain; 1 is the first, 0 is none. STYLE 10.4: for every n. */
	uint64_t fail_attempt; /* of receives, sends, reads, writes, syncs and file_sets */
	uint64_t fail_call;    /* of files_sim.h */
};

/* Nothing fails and nothing is shortened; order and time are still the seed's. */
struct hw_sim_options hw_sim_calm(uint64_t seed);
/* Each seed has its own mixture of faults, mild to heavy, some switched off altogether. Faults of
 * files are not in it: add them where the store is under test. */
struct hw_sim_options hw_sim_chaos(uint64_t seed);

/* -- the world */

/* A new world: time zero, seeded chance, no files. Rings made from now on have these options. */
void hw_sim_begin(const struct hw_sim_options *options);
/* Asserts that all rings are gone; frees peers and files. */
void hw_sim_end(void);
uint64_t hw_sim_seed(void);
/* The options of rings made later, and of all that are there; to be changed at any time ("let it
 * finish in peace"). */
struct hw_sim_options *hw_sim_options(void);
/* Steps run since begin, of all rings. */
uint64_t hw_sim_step_count(void);
/* What fail_attempt and fail_call count: so many there were since begin. */
uint64_t hw_sim_attempt_count(void);
uint64_t hw_sim_call_count(void);
/* A sum over all that happened: equal for equal seeds. */
uint64_t hw_sim_trace(void);
/* The next moment at which some ring has something to do; HW_SIM_NEVER_US: none. */
uint64_t hw_sim_next_us(void);
/* Power loss or SIGKILL: what is in flight ends without a done. Writes may have been done in part,
 * lent memory is its owner's again, every op has in_flight false; hw_ring_deinit() is then allowed.
 */
void hw_sim_ring_abandon(struct hw_ring *ring);

/* -- peers: the other end of a connection; they live until hw_sim_end() */

struct hw_sim_peer;

/* A descriptor for a listener (never closed, the same each time). */
int hw_sim_listener_fd(void);
/* A client connects; accept gets it when one is armed. */
struct hw_sim_peer *hw_sim_connect(struct hw_ring *ring, uint32_t listener);
/* Send @size bytes (copied); they arrive in pieces, after all that was written before. */
void hw_sim_peer_write(struct hw_sim_peer *peer, const void *bytes, uint64_t size);
/* FIN, after all that was written. */
void hw_sim_peer_shutdown(struct hw_sim_peer *peer);
/* What was written and has not arrived yet never will; what comes next comes at once. */
void hw_sim_peer_unsay(struct hw_sim_peer *peer);
/* RST, after what was written; unread bytes may be lost. The server may get it as -ECONNRESET,
 * -EPIPE, and after that as end. */
void hw_sim_peer_reset(struct hw_sim_peer *peer);
/* Do nothing for @us: what is written after it arrives that much later. */
void hw_sim_peer_pause(struct hw_sim_peer *peer, uint64_t us);

/* Bytes that hw_ring_pages_send() has taken out of files so far. */
uint64_t hw_sim_looked_size(void);
/* All that the server has sent and that was not read here yet; lent until the next turn. */
struct hw_span hw_sim_peer_got(const struct hw_sim_peer *peer);
/* Take up to @size bytes of it. Returns the count; 0: nothing there, see hw_sim_peer_has_end(). */
uint32_t hw_sim_peer_read(struct hw_sim_peer *peer, void *ret_bytes, uint32_t size);
/* By default a peer reads all by itself, at the pace of the pieces. Held back, its window opens
 * only with hw_sim_peer_read(): the server's sends stall. */
void hw_sim_peer_hold(struct hw_sim_peer *peer, bool is_held);
void hw_sim_peer_window_set(struct hw_sim_peer *peer, uint32_t size);

bool hw_sim_peer_is_accepted(const struct hw_sim_peer *peer);
uint32_t hw_sim_peer_slot(const struct hw_sim_peer *peer);  /* once accepted; may be reused later */
bool hw_sim_peer_has_end(const struct hw_sim_peer *peer);   /* FIN came after what was sent */
bool hw_sim_peer_is_closed(const struct hw_sim_peer *peer); /* the server closed its slot */
bool hw_sim_peer_is_reset(const struct hw_sim_peer *peer);  /* by either side, or by chance */
uint64_t hw_sim_peer_sent_size(const struct hw_sim_peer *peer); /* bytes the server sent so far */
/* Bytes written that the server has not received: backpressure shows here. */
uint64_t hw_sim_peer_backlog_size(const struct hw_sim_peer *peer);

/* -- files: contents behind descriptors; they live until hw_sim_end() */

/* An empty file. Returns a real descriptor (of an empty memfd) that names it: for hw_ring_file_set,
 * dup and close. The contents stay without it: hw_sim_file_open(). */
int hw_sim_file_create(void);
/* One more descriptor of the file that @fd names. */
int hw_sim_file_reopen(int fd);
/* As if opened with O_DIRECT: slots set from this descriptor from now on assert alignment, and are
 * cut short only at sectors. */
void hw_sim_file_direct_set(int fd, bool is_direct);
/* As if opened with O_RDONLY: a write through it is a bug. */
void hw_sim_file_read_only_set(int fd, bool is_read_only);
/* What a reader would see, without time or faults. Returns the count (short at the end). */
uint32_t hw_sim_file_peek(int fd, void *ret_bytes, uint32_t size, uint64_t offset);
/* Change bytes behind everybody's back, durably: bit rot, or a test's first contents. */
void hw_sim_file_poke(int fd, const void *bytes, uint32_t size, uint64_t offset);
bool hw_sim_file_is_poked(int fd);
uint64_t hw_sim_file_size(int fd);
/* Bytes of writes that no sync has made durable. */
uint64_t hw_sim_file_unsynced_size(int fd);
/* Power loss: each 512-byte sector of what was not synced is there or not, as @seed has it. */
void hw_sim_file_crash(int fd, uint64_t seed);
/* As the calls of core/store/files.h do it to a real file; durable only after sync or datasync. */
void hw_sim_file_truncate(int fd, uint64_t size);
/* Grow to @size, zeros, durable at once. */
void hw_sim_file_allocate(int fd, uint64_t size);
void hw_sim_file_punch(int fd, uint64_t offset, uint64_t size);
int hw_sim_file_sync(int fd) HW_MUST_CHECK;

#endif
