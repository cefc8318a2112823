/* SPDX-License-Identifier: Apache-2.0
 *
 * tus_metadata.h - Upload-Metadata of tus 1.0.0: keys, and values in base64
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: HW_UPLOAD_METADATA_MAX bytes, HW_TUS_METADATA_KEYS_MAX keys
 *
 * The text is kept and given back as it came; its values are decoded when they are asked for.
 */
#ifndef HW_NET_WIRE_TUS_METADATA_H
#define HW_NET_WIRE_TUS_METADATA_H

#include "core/base/limits.h"
#include "core/base/span.h"

#define HW_TUS_METADATA_KEYS_MAX 64U

/* hw_tus_metadata_judge - whether this is "key base64,key,key base64" by tus 1.0.0
 * Keys are not empty, unique, of visible ASCII; a value may be empty, and then its space may be
 * missing. An empty text is no metadata, as clients send it that have none.
 * Returns 0; -EINVAL; -E2BIG: more bytes or keys than the limits. */
int hw_tus_metadata_judge(struct hw_span metadata) HW_MUST_CHECK;

/* hw_tus_metadata_next - the pairs one by one
 * @metadata  good by hw_tus_metadata_judge; shortened by what was taken
 * @ret_value still base64. Returns false at the end. */
bool hw_tus_metadata_next(struct hw_span *metadata, struct hw_span *ret_key,
			  struct hw_span *ret_value);

/* hw_tus_metadata_find - the decoded value of a key, whose case counts
 * @metadata   good by hw_tus_metadata_judge
 * @ret_value  @capacity bytes, the caller's; any bytes may come, a NUL too; not terminated
 * Returns the size; -ENOENT; -ENOBUFS: more than @capacity. */
int hw_tus_metadata_find(struct hw_span metadata, struct hw_span key, char *ret_value,
			 uint32_t capacity) HW_MUST_CHECK;

#endif
