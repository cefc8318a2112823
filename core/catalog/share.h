/* SPDX-License-Identifier: Apache-2.0
 *
 * share.h - what a link names: its policy, its owner, how often it was taken
 *
 * Room: core/catalog    Thread: any (values)    Blocks: never    Allocates: never
 * Limits: those below and in limits.h; who fills a struct keeps them, and the catalog checks again
 */
#ifndef HW_CORE_CATALOG_SHARE_H
#define HW_CORE_CATALOG_SHARE_H

#include <stdbool.h>

#include "core/base/limits.h"

#define HW_PASSWORD_PHC_MAX 128U   /* bytes of "$argon2id$v=19$m=...$salt$hash" */
#define HW_SHARE_FILES_MAX  10000U /* files of one share */
#define HW_EXPIRES_NEVER    UINT64_C(0)

enum hw_share_mode {
	HW_SHARE_STORED = 0, /* on the disk; the sender may leave */
	HW_SHARE_LIVE,       /* nothing on the disk: receivers take what passes */
	HW_SHARE_SPILL, /* live, and on the disk from when a receiver is slow, or none is there */
	HW_SHARE_MODE_COUNT,
};

/* What the owner may choose, at creation and later. */
struct hw_share_policy {
	uint64_t expires_ms;    /* wall clock; HW_EXPIRES_NEVER */
	uint32_t downloads_max; /* whole downloads, over all its files; 0: no limit */
	uint8_t mode;           /* enum hw_share_mode; fixed at creation */
	uint8_t link_name_size; /* 0: only the id; fixed at creation */
	uint8_t password_size;  /* 0: none */
	uint16_t message_size;
	char link_name[HW_LINK_NAME_SIZE_MAX];
	char password[HW_PASSWORD_PHC_MAX]; /* its hash, as a PHC string */
	char message[HW_MESSAGE_SIZE_MAX];
};

/* Fields of a policy that SHARE_CHANGE is to change: bits. */
#define HW_SHARE_CHANGE_EXPIRES   1U
#define HW_SHARE_CHANGE_DOWNLOADS 2U
#define HW_SHARE_CHANGE_PASSWORD  4U
#define HW_SHARE_CHANGE_MESSAGE   8U

struct hw_share {
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint8_t owner_hash[HW_HASH_SIZE]; /* SHA-256 of the owner's token */
	uint64_t created_ms;
	struct hw_share_policy policy;
	uint64_t size;       /* bytes of its files, announced or there; what a quota counts */
	uint32_t downloads;  /* whole downloads so far */
	uint32_t file_count; /* with a name: parts of a concatenation are not counted */
};

/* What a request for bytes must know of the share before it may give any. */
struct hw_share_access {
	uint64_t expires_ms;
	uint32_t downloads_max;
	uint32_t downloads;
	uint8_t mode;
	uint8_t password_size;
	char password[HW_PASSWORD_PHC_MAX];
};

/* One file of a share as a list shows it. */
struct hw_share_file {
	uint64_t file_id;
	uint64_t length; /* bytes announced; UINT64_MAX: nobody knows yet */
	uint64_t offset; /* bytes durable so far; length when sealed */
	uint64_t created_ms;
	uint64_t first_offset;      /* bytes before it are nowhere */
	uint8_t root[HW_HASH_SIZE]; /* sealed only */
	uint32_t crc32;             /* if has_crc32: CRC-32 of ISO 3309, as ZIP has it */
	bool has_crc32;             /* sealed, and whoever sealed it said so */
	bool is_sealed;
	uint16_t name_size;
	char name[HW_NAME_SIZE_MAX];
};

#endif
