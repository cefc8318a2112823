/* SPDX-License-Identifier: Apache-2.0
 *
 * tus_head.h - the fields of a request of the tus resumable upload protocol 1.0.0
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; its spans are lent from the head's bytes and die when those move
 * Limits: HW_FILE_SIZE_MAX, HW_UPLOAD_METADATA_MAX, HW_UPLOAD_PARTS_MAX
 *
 * Only what one request says and whether it makes sense by itself is judged here. What a method
 * needs (a PATCH its offset, a creation its length), and what agrees with the upload, is the
 * talk's. A field that must come once and comes twice is always bad: a proxy may have read the
 * other.
 */
#ifndef HW_NET_WIRE_TUS_HEAD_H
#define HW_NET_WIRE_TUS_HEAD_H

#include "net/wire/http_request.h"

#define HW_TUS_VERSION    "1.0.0"
#define HW_TUS_CHECKSUMS  "sha1,sha256" /* Tus-Checksum-Algorithm */
#define HW_TUS_MEDIA_TYPE "application/offset+octet-stream"

enum hw_tus_verdict {
	HW_TUS_GOOD = 0,
	HW_TUS_NO_VERSION,       /* Tus-Resumable is missing: it is another protocol, or 412 */
	HW_TUS_BAD_VERSION,      /* 412, and Tus-Version */
	HW_TUS_BAD_METHOD,       /* X-HTTP-Method-Override names none of ours */
	HW_TUS_BAD_LENGTH,       /* Upload-Length */
	HW_TUS_TOO_LARGE,        /* Upload-Length above HW_FILE_SIZE_MAX */
	HW_TUS_BAD_DEFER,        /* Upload-Defer-Length is not 1, or a length is there too */
	HW_TUS_BAD_OFFSET,       /* Upload-Offset */
	HW_TUS_BAD_METADATA,     /* Upload-Metadata */
	HW_TUS_METADATA_TOO_BIG, /* more bytes or keys than we keep */
	HW_TUS_BAD_CHECKSUM,     /* Upload-Checksum */
	HW_TUS_UNKNOWN_CHECKSUM, /* an algorithm besides HW_TUS_CHECKSUMS */
	HW_TUS_BAD_CONCAT,       /* Upload-Concat */
	HW_TUS_TOO_MANY_PARTS,   /* more than HW_UPLOAD_PARTS_MAX */
	HW_TUS_FINAL_LENGTH,     /* a final upload with a length: it is the sum of its parts */
	HW_TUS_VERDICT_COUNT
};

enum hw_tus_checksum {
	HW_TUS_CHECKSUM_NONE = 0,
	HW_TUS_SHA1,   /* 20 bytes */
	HW_TUS_SHA256, /* 32 bytes */
	HW_TUS_CHECKSUM_COUNT
};

enum hw_tus_concat { HW_TUS_CONCAT_NONE = 0, HW_TUS_PARTIAL, HW_TUS_FINAL, HW_TUS_CONCAT_COUNT };

struct hw_tus_head {
	uint64_t length; /* bytes; of meaning with has_length */
	uint64_t offset; /* bytes; with has_offset */
	bool has_length;
	bool has_offset;
	bool defers_length;
	bool has_offset_type;      /* Content-Type is HW_TUS_MEDIA_TYPE */
	uint8_t method;            /* enum hw_http_method; the override's if there is one */
	uint8_t checksum;          /* enum hw_tus_checksum */
	uint8_t concat_kind;       /* enum hw_tus_concat */
	uint8_t digest_size;       /* bytes of digest */
	struct hw_span metadata;   /* as sent and good; size 0: none */
	struct hw_span concat;     /* Upload-Concat as sent and good; size 0: none */
	struct hw_span part_links; /* FINAL: for hw_tus_part_next */
	uint8_t digest[HW_HASH_SIZE];
};

/* hw_tus_head_parse - read and judge
 * @ret_head  written in any case. NO_VERSION: only method, the request's own, and has_offset_type.
 * OPTIONS is GOOD whatever it says, with nothing set but the method (tus 1.0.0: Tus-Resumable). */
enum hw_tus_verdict hw_tus_head_parse(const struct hw_http_request *request, const char *bytes,
				      struct hw_tus_head *ret_head);

/* hw_tus_part_next - the parts of a final upload, in order, as the path of each link
 * @part_links: from a good head; shortened by what was taken. An absolute link has lost its scheme
 * and host: they are how the client reached us, which a proxy may have changed.
 * Returns false at the end. */
bool hw_tus_part_next(struct hw_span *part_links, struct hw_span *ret_path);

/* What to answer: the status, 0 for GOOD; and one plain sentence, static, NULL for GOOD. */
uint32_t hw_tus_status(enum hw_tus_verdict verdict);
const char *hw_tus_reason(enum hw_tus_verdict verdict);

#endif
