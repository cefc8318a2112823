/* SPDX-License-Identifier: Apache-2.0
 *
 * descriptor.h - which descriptors may be kept for convenience
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 */
#ifndef HW_CORE_BASE_DESCRIPTOR_H
#define HW_CORE_BASE_DESCRIPTOR_H

#include <stdbool.h>

/* Half of what the process may have is in use: @fd, just opened, is better closed than kept, so
 * that what must be opened can be. (The kernel gives the lowest number that is free.) */
bool hw_descriptor_is_scarce(int fd);

#endif
