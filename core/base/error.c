/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"

#include <limits.h>
#include <string.h>

const char *hw_error_name(int error)
{
	/* INT_MIN has no positive twin. */
	const char *name = strerrorname_np(error < 0 && error != INT_MIN ? -error : error);
	return name != NULL ? name : "UNKNOWN";
}
