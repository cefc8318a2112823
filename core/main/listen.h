/* SPDX-License-Identifier: Apache-2.0
 *
 * listen.h - listening sockets, one for each reactor and address
 *
 * Room: core/main    Thread: main, before the others    Blocks: up to 5 s, for a predecessor's port
 * Allocates: never
 */
#ifndef HW_CORE_MAIN_LISTEN_H
#define HW_CORE_MAIN_LISTEN_H

#include "core/base/config.h"

/* Is @address free? SO_REUSEPORT would let two daemons share it without a word. Waits for a
 * predecessor that is going. Returns 0 or -EADDRINUSE, or what the kernel said. */
int hw_listen_probe(const struct hw_config_address *address) HW_MUST_CHECK;
/* A socket bound to @address (SO_REUSEPORT; port 0 is replaced in @address by what the kernel
 * chose, so that the next reactor gets the same); it takes no connections yet. @congestion:
 * algorithm, or "": the system's, or on loopback cubic or reno. Returns the descriptor (the
 * caller's); -EADDRINUSE; -ENOENT for an unknown @congestion; or what the kernel said. */
int hw_listen_open(struct hw_config_address *address, const char *congestion) HW_MUST_CHECK;
/* From now on clients may connect: when all that could fail has been done. */
int hw_listen_begin(int fd) HW_MUST_CHECK;

#define HW_LISTEN_BACKLOG 4096U /* connections that wait for one listener's accept */
/* Those, and who comes while they are taken: what an accept of many brings in one go. */
#define HW_LISTEN_BURST_MAX (HW_LISTEN_BACKLOG + HW_LISTEN_BACKLOG / 4)
#define HW_LISTEN_COUNT_MAX (2U * HW_CONFIG_LISTEN_COUNT_MAX)

/* All addresses of the configuration, the plain ones first. */
uint32_t hw_listen_count(const struct hw_config *config);
bool hw_listen_has_tls(const struct hw_config *config, uint32_t index);
struct hw_config_address *hw_listen_address(struct hw_config *config, uint32_t index);

/* Say on the log where clients find us. */
void hw_listen_announce(struct hw_config *config, uint32_t node_count);

/* The same for all addresses and all nodes; what fails is said on the log.
 * @ret_fds: one row for each node. */
int hw_listen_open_all(struct hw_config *config, uint32_t node_count,
		       int ret_fds[][HW_LISTEN_COUNT_MAX]) HW_MUST_CHECK;
int hw_listen_begin_all(const struct hw_config *config, uint32_t node_count,
			int fds[][HW_LISTEN_COUNT_MAX]) HW_MUST_CHECK;

#endif
