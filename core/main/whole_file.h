/* SPDX-License-Identifier: Apache-2.0
 *
 * whole_file.h - a small file that is there whole and durable, or as it was before
 *
 * Room: core/main    Thread: main    Blocks: yes    Allocates: never
 */
#ifndef HW_CORE_MAIN_WHOLE_FILE_H
#define HW_CORE_MAIN_WHOLE_FILE_H

#include "core/base/check.h"

#define HW_WHOLE_FILE_NAME_SIZE_MAX 200U /* bytes, of a literal of ours */

/* hw_whole_file_write - for its owner alone (0600), synced, then renamed over what was there
 * The directory is not synced: the caller does, where the name must last.
 * @owner_fd  whoever owns this directory gets the file, when root writes it; -1: nobody else
 * Returns 0, -ENOSPC, or what the kernel said. */
int hw_whole_file_write(int dir_fd, const char *name, const void *bytes, uint64_t size,
			int owner_fd) HW_MUST_CHECK;

#endif
