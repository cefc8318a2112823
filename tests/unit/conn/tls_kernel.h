/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_kernel.h - a simulated kernel that seals, and a TLS client that gets the file of file_talk.h
 *
 * Room: tests/unit/conn    Thread: one    Blocks: never    Allocates: yes, it is a test
 *
 * The kernel's records are of OpenSSL's ciphers over what TLS_TX was given: nothing of ours.
 */
#ifndef HW_TESTS_UNIT_CONN_TLS_KERNEL_H
#define HW_TESTS_UNIT_CONN_TLS_KERNEL_H

#include "tests/unit/conn/file_talk.h"
#include "tests/unit/conn/tls_far.h"

#define TLS_KERNEL_PIECE_SIZE (1U << 20) /* of the file; as much is worth the kernel's key */
#define TLS_KERNEL_CIPHERS                                                                         \
	(1U << HW_TLS_AES_128_GCM | 1U << HW_TLS_AES_256_GCM | 1U << HW_TLS_CHACHA20_POLY1305)

/* hw_sim_calm() with a kernel that seals. */
struct hw_sim_options tls_kernel_calm(uint64_t seed);
/* A new world, with the file's talk in it. @ciphers: those that the kernel has. */
void tls_kernel_start(const struct hw_sim_options *sim, struct conn_world *world,
		      struct file_talk *talk, const struct hw_tls_contexts *contexts,
		      uint32_t ciphers);
/* It stops now, whatever is under way. */
void tls_kernel_cut(struct conn_world *world);
/* The client, and the world of the talk, are over. */
void tls_kernel_end(struct far *far, struct file_talk *talk);
/* The file is the last thing that came. */
bool tls_kernel_has_file(const struct far *far, const struct file_talk *talk);
/* Until the answer with the file is over. */
void tls_kernel_pass(struct far *far, const struct file_talk *talk);

#endif
