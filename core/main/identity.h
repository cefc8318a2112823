/* SPDX-License-Identifier: Apache-2.0
 *
 * identity.h - the name of a node among others: random, made once, kept with its data
 *
 * Room: core/main    Thread: main    Blocks: yes    Allocates: never
 *
 * It is in the data directory, so a node that comes back after a restart, under another address or
 * on another machine, is the same one: what it stores is what makes it itself.
 */
#ifndef HW_CORE_MAIN_IDENTITY_H
#define HW_CORE_MAIN_IDENTITY_H

#include "core/base/check.h"

#define HW_IDENTITY_FILE      "node-id"
#define HW_IDENTITY_TEXT_SIZE 26U /* base32 of 128 bits */

/* hw_identity_load - read it, or make it when there is none
 * @ret_text  HW_IDENTITY_TEXT_SIZE + 1 bytes, the caller's; terminated
 * Returns 0; -EBADMSG: the file holds something else; or what the kernel said. */
int hw_identity_load(int dir_fd, char *ret_text) HW_MUST_CHECK;

#endif
