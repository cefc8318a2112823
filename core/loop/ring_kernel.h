/* SPDX-License-Identifier: Apache-2.0
 *
 * ring_kernel.h - what only the kernel's side of ring.h needs: what newer kernels have,
 * restrictions, sanitizers
 *
 * Room: core/loop    Thread: any    Blocks: never    Allocates: never
 */
#ifndef HW_CORE_LOOP_RING_KERNEL_H
#define HW_CORE_LOOP_RING_KERNEL_H

#include <liburing.h>

#include "core/base/check.h"

/* Kernel 6.8; Debian 12's header ends before it. */
#define HW_OP_FIXED_FD_INSTALL 54

/* Is a slot's file closed when the slot is, whatever else is in flight? It is tried. */
bool hw_ring_kernel_releases(void);
/* As hw_ring_probe found it. */
bool hw_ring_kernel_has_socket_slots(void);
/* The calling thread becomes the ring's one issuer. */
int hw_ring_kernel_enable(struct io_uring *uring) HW_MUST_CHECK;
/* No operation but those of ring.h and no further registration, once the ring is enabled. */
int hw_ring_kernel_restrict(struct io_uring *uring) HW_MUST_CHECK;

#if defined(__SANITIZE_ADDRESS__)
#define HW_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HW_HAS_ASAN 1
#endif
#endif

#ifdef HW_HAS_ASAN
#include <sanitizer/asan_interface.h>
#define hw_poison(bytes, size)   ASAN_POISON_MEMORY_REGION((bytes), (size))
#define hw_unpoison(bytes, size) ASAN_UNPOISON_MEMORY_REGION((bytes), (size))
#else
#define hw_poison(bytes, size)   ((void)(bytes), (void)(size))
#define hw_unpoison(bytes, size) ((void)(bytes), (void)(size))
#endif

#endif
