/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel_tls.h - can this kernel seal what TLS connections send?
 *
 * Room: core/main    Thread: main, before the others    Blocks: yes, while a module is loaded
 * Allocates: never
 */
#ifndef HW_CORE_MAIN_KERNEL_TLS_H
#define HW_CORE_MAIN_KERNEL_TLS_H

#include "core/base/check.h"

/* Which ciphers, a bit for each enum hw_tls_cipher. The kernel loads the modules that they need
 * now, so that none is asked for on a reactor. Returns > 0; -ENOENT: it has no TLS, or no AES-GCM
 * for it, or does not load them for this user; or what a socket on loopback said. */
int hw_kernel_tls_probe(void) HW_MUST_CHECK;

#endif
