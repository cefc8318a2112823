/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void hw_assert_fail(const char *expr, const char *file, int line)
{
	(void)fprintf(stderr, "assert: %s at %s:%d\n", expr, file, line);
	abort();
}
