/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/failpoint.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINT_NAME(name) #name,
static const char *const g_names[HW_FAILPOINT_COUNT] = {HW_FAILPOINT_LIST(POINT_NAME)};
#undef POINT_NAME

/* Written once by hw_failpoint_start, before threads. */
static enum hw_failpoint g_armed = HW_FAILPOINT_COUNT;
static atomic_uint g_hits_left;

const char *hw_failpoint_name(enum hw_failpoint point)
{
	hw_assert(point < HW_FAILPOINT_COUNT);
	return g_names[point];
}

int hw_failpoint_start(const char *setting)
{
	if (setting == NULL || *setting == '\0') {
		return 0;
	}
	size_t name_size = strcspn(setting, ":");
	unsigned long count = 1;
	if (setting[name_size] == ':') {
		const char *digits = setting + name_size + 1;
		char *end = NULL;
		count = strtoul(digits, &end, 10);
		/* strtoul() itself allows blanks and signs. */
		bool has_digits = *digits >= '0' && *digits <= '9' && *end == '\0';
		if (!has_digits || count == 0 || count > UINT32_MAX) {
			return -EINVAL;
		}
	}
	for (uint32_t i = 0; i < HW_FAILPOINT_COUNT; i++) {
		if (strlen(g_names[i]) == name_size &&
		    memcmp(g_names[i], setting, name_size) == 0) {
			g_armed = (enum hw_failpoint)i;
			atomic_store(&g_hits_left, (unsigned)count);
			return 0;
		}
	}
	return -EINVAL;
}

#if HW_FAILPOINTS
void hw_failpoint_hit(enum hw_failpoint point)
{
	if (point == g_armed && atomic_fetch_sub(&g_hits_left, 1) == 1) {
		(void)kill(getpid(), SIGKILL); /* no handler, no flush: as a power cut would */
		for (;;) {
			(void)pause();
		}
	}
}
#endif
