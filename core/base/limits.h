/* SPDX-License-Identifier: Apache-2.0
 *
 * limits.h - the limits that cost memory or relate to each other: name, unit, reason
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 *
 * What an operator may change is in config.def; what stands here is fixed, because formats, pools
 * or other limits are built on it. Purely local limits stand at the top of their .c.
 */
#ifndef HW_CORE_BASE_LIMITS_H
#define HW_CORE_BASE_LIMITS_H

#include <assert.h>
#include <stdint.h>

/* The tree (DESIGN: vocabulary). On disk and in links: never changes. */
#define HW_HASH_SIZE    32U                              /* bytes of a SHA-256 */
#define HW_BLOCK_SIZE   16384U                           /* bytes; BEP 52's leaf */
#define HW_SLAB_SIZE    262144U                          /* bytes; 16 blocks, one hash batch */
#define HW_CHUNK_SIZE   4194304U                         /* bytes; unit of storage and dedup */
#define HW_SLAB_BLOCKS  (HW_SLAB_SIZE / HW_BLOCK_SIZE)   /* 16 */
#define HW_CHUNK_BLOCKS (HW_CHUNK_SIZE / HW_BLOCK_SIZE)  /* 256 */
#define HW_CHUNK_SLABS  (HW_CHUNK_SIZE / HW_SLAB_SIZE)   /* 16 */
#define HW_LEAVES_SIZE  (HW_CHUNK_BLOCKS * HW_HASH_SIZE) /* 8 KiB: leaves of a full chunk */
#define HW_PAGE_SIZE    4096U                            /* bytes; alignment of O_DIRECT */

/* The longest file: the tree keeps one hash a level, and 2^48 blocks are more than any disk. */
#define HW_FILE_SIZE_MAX (UINT64_C(1) << 53) /* bytes; exact in JSON numbers */

/* Names (RELIABILITY 2.6, H4): as file systems have it. */
#define HW_NAME_SIZE_MAX 255U /* bytes of UTF-8 */
#define HW_SHARE_ID_SIZE 16U  /* bytes; 128 random bits */
#define HW_TOKEN_SIZE    32U  /* bytes; 256 random bits */

/* Requests (RELIABILITY H3). */
#define HW_HEAD_SIZE_MAX    32768U /* bytes of one request head; else 431 */
#define HW_TARGET_SIZE_MAX  8192U  /* bytes of a request target; else 414 */
#define HW_FIELD_COUNT_MAX  100U   /* header fields; else 431 */
#define HW_RANGE_COUNT_MAX  16U    /* ranges of one request; more: the whole */
#define HW_HEAD_BUFFER_SIZE 8192U  /* bytes; most heads come whole in one */

/* Bytes of an answer that the kernel takes before they can be on their way (TCP_NOTSENT_LOWAT).
 * Half of it must go within stall_timeout, or the client is cut: narrow is some 1 KiB/s. */
#define HW_UNSENT_NARROW 131072
#define HW_UNSENT_WIDE   2097152 /* for pages of a file, while the client is fast */

/* Shares and uploads: what the wire takes is what the catalog keeps. */
#define HW_LINK_NAME_SIZE_MIN  3U    /* bytes of a link's own name */
#define HW_LINK_NAME_SIZE_MAX  64U   /* [a-z0-9_-], and never what a share id looks like */
#define HW_MESSAGE_SIZE_MAX    1000U /* bytes of UTF-8 from the sender to the receivers */
#define HW_UPLOAD_METADATA_MAX 4096U /* bytes of Upload-Metadata, kept as it came */
#define HW_UPLOAD_PARTS_MAX    64U   /* partial uploads of one final one */
#define HW_LENGTH_UNKNOWN      UINT64_MAX

/* What one mail to the catalog carries. */
#define HW_EXTENT_BATCH_MAX 16U /* chunks; 64 MiB between two syncs */

#define HW_REACTOR_COUNT_MAX 64U
#define HW_SHARD_COUNT_MAX   HW_REACTOR_COUNT_MAX

static_assert(HW_SLAB_SIZE % HW_BLOCK_SIZE == 0, "a slab is whole blocks");
static_assert(HW_CHUNK_SIZE % HW_SLAB_SIZE == 0, "a chunk is whole slabs");
static_assert((HW_CHUNK_BLOCKS & (HW_CHUNK_BLOCKS - 1)) == 0, "BEP 52: a power of two");
static_assert(HW_BLOCK_SIZE % HW_PAGE_SIZE == 0, "a block is whole pages");
static_assert(HW_LEAVES_SIZE % HW_PAGE_SIZE == 0, "the leaves of a chunk are whole pages");
static_assert(HW_HEAD_BUFFER_SIZE <= HW_HEAD_SIZE_MAX, "a head may need more than one buffer");
static_assert(HW_TARGET_SIZE_MAX < HW_HEAD_SIZE_MAX, "the target is a part of the head");

#endif
