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

/* A socket that listens on @address (SO_REUSEPORT; port 0 is replaced in @address by what the
 * kernel chose, so that the next reactor gets the same). @congestion: algorithm, or "". Returns the
 * descriptor (the caller's); -EADDRINUSE; -ENOENT for an unknown @congestion; or what the kernel
 * said. */
int hw_listen_open(struct hw_config_address *address, const char *congestion) HW_MUST_CHECK;

#endif
