/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/descriptor.h"

#include <sys/resource.h>

bool hw_descriptor_is_scarce(int fd)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_NOFILE, &limit) < 0 || (rlim_t)fd >= limit.rlim_cur / 2;
}
