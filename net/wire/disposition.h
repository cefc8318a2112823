/* SPDX-License-Identifier: Apache-2.0
 *
 * disposition.h - the file name in a Content-Disposition field (RFC 6266, RFC 8187)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_DISPOSITION_H
#define HW_NET_WIRE_DISPOSITION_H

#include "core/base/span.h"

/* hw_disposition_filename - what filename* says, or else filename, with nothing escaped in it
 * @value     the field's value; lent for the call
 * @ret_name  @capacity bytes, the caller's; not terminated; of no meaning after a failure
 * Returns the size; -ENOENT: no name is said; -EINVAL: it is malformed anywhere, a parameter comes
 * twice, or filename* is not UTF-8; -ENAMETOOLONG: more than @capacity. The bytes are not judged:
 * see name.h. */
int hw_disposition_filename(struct hw_span value, char *ret_name, uint32_t capacity) HW_MUST_CHECK;

#endif
