/* SPDX-License-Identifier: Apache-2.0
 *
 * page_cache.h - what of a file is in memory: cachestat(2), Linux 6.5
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 */
#ifndef HW_CORE_BASE_PAGE_CACHE_H
#define HW_CORE_BASE_PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/* Are all pages with these bytes there? Never waits for the disk; false where the kernel cannot
 * tell. @size > 0. */
bool hw_page_cache_has(int fd, uint64_t offset, uint64_t size);
/* Can it tell? */
bool hw_page_cache_is_known(void);

#endif
