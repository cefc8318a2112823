/* SPDX-License-Identifier: Apache-2.0
 *
 * What this kernel offers, and what we allow ourselves of it.
 */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/loop/ring.h"
#include "core/loop/ring_kernel.h"

/* Every operation of ring.h; nothing that opens, connects, renames or unlinks. */
static const uint8_t g_operations[] = {
	IORING_OP_ACCEPT,   IORING_OP_RECV,         IORING_OP_POLL_ADD,     IORING_OP_SEND,
	IORING_OP_SENDMSG,  IORING_OP_SHUTDOWN,     IORING_OP_CLOSE,        IORING_OP_READ,
	IORING_OP_WRITE,    IORING_OP_READ_FIXED,   IORING_OP_WRITE_FIXED,  IORING_OP_FSYNC,
	IORING_OP_MSG_RING, IORING_OP_FILES_UPDATE, IORING_OP_ASYNC_CANCEL, IORING_OP_NOP,
};

/* Written once by hw_ring_probe, before any ring is made. */
static bool g_has_socket_slots;

static bool all_supported(const struct io_uring_probe *probe)
{
	for (uint32_t i = 0; i < hw_count_of(g_operations); i++) {
		if (!io_uring_opcode_supported(probe, g_operations[i])) {
			return false;
		}
	}
	return true;
}

/* HW_PLAIN_SOCKETS=1 in the environment: as on a kernel before 6.13. For tests. */
static bool is_told_not_to(void)
{
#if HW_FAILPOINTS
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before threads */
	const char *text = getenv("HW_PLAIN_SOCKETS");
	return text != NULL && *text == '1';
#else
	return false;
#endif
}

int hw_ring_probe(struct hw_ring_probe *ret_probe)
{
	struct io_uring uring;
	int r = io_uring_queue_init(8, &uring,
				    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
					    IORING_SETUP_R_DISABLED);
	if (r < 0) {
		return r == -EINVAL ? -ENOTSUP : r;
	}
	struct io_uring_probe *probe = io_uring_get_probe_ring(&uring);
	if (probe == NULL || !all_supported(probe)) {
		io_uring_free_probe(probe);
		io_uring_queue_exit(&uring);
		return -ENOTSUP;
	}
	bool has_fd_install = probe->last_op >= HW_OP_FIXED_FD_INSTALL &&
			      io_uring_opcode_supported(probe, HW_OP_FIXED_FD_INSTALL) != 0;
	g_has_socket_slots = has_fd_install && hw_ring_kernel_releases() && !is_told_not_to();
	struct utsname system;
	int named = uname(&system);
	*ret_probe = (struct hw_ring_probe){
		.has_socket_slots = g_has_socket_slots,
	};
	(void)snprintf(ret_probe->text, sizeof(ret_probe->text),
		       "kernel %s, %u operations, sockets in %s",
		       named == 0 ? system.release : "unknown", probe->last_op + 1U,
		       g_has_socket_slots ? "the ring's table" : "descriptors"); /* cut is fine */
	io_uring_free_probe(probe);
	io_uring_queue_exit(&uring);
	return 0;
}

bool hw_ring_kernel_has_socket_slots(void)
{
	return g_has_socket_slots;
}

/* Debian 12's liburing declares the functions for these two and does not export them. */
static int ring_register(struct io_uring *uring, uint32_t what, const void *bytes, uint32_t count)
{
	long r = syscall(SYS_io_uring_register, uring->ring_fd, what, bytes, count);
	return r < 0 ? -errno : (int)r;
}

int hw_ring_kernel_enable(struct io_uring *uring)
{
	return ring_register(uring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

int hw_ring_kernel_restrict(struct io_uring *uring)
{
	struct io_uring_restriction rules[hw_count_of(g_operations) + 2];
	uint32_t count = 0;
	memset(rules, 0, sizeof(rules));
	for (uint32_t i = 0; i < hw_count_of(g_operations); i++) {
		rules[count].opcode = IORING_RESTRICTION_SQE_OP;
		rules[count++].sqe_op = g_operations[i];
	}
	if (g_has_socket_slots) {
		rules[count].opcode = IORING_RESTRICTION_SQE_OP;
		rules[count++].sqe_op = HW_OP_FIXED_FD_INSTALL;
	}
	rules[count].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	rules[count++].sqe_flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
	return ring_register(uring, IORING_REGISTER_RESTRICTIONS, rules, count);
}
