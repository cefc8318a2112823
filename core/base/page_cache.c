/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/page_cache.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/limits.h"

#define SYS_CACHESTAT 451 /* Debian 12's headers end before it */

struct cachestat_range {
	uint64_t offset;
	uint64_t size;
};

struct cachestat { /* pages */
	uint64_t cached_count;
	uint64_t dirty_count;
	uint64_t writeback_count;
	uint64_t evicted_count;
	uint64_t recently_evicted_count;
};

bool hw_page_cache_has(int fd, uint64_t offset, uint64_t size)
{
	struct cachestat_range range = {offset, size};
	struct cachestat found = {0};
	uint64_t page_count = (offset % HW_PAGE_SIZE + size + HW_PAGE_SIZE - 1) / HW_PAGE_SIZE;
	return syscall(SYS_CACHESTAT, fd, &range, &found, 0) == 0 &&
	       found.cached_count >= page_count;
}

bool hw_page_cache_is_known(void)
{
	return syscall(SYS_CACHESTAT, -1, NULL, NULL, 0) < 0 && errno == EBADF;
}
