/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"

#include <string.h>

const char *hw_error_name(int error)
{
	const char *name = strerrorname_np(error < 0 ? -error : error);
	return name != NULL ? name : "UNKNOWN";
}
