/* SPDX-License-Identifier: Apache-2.0
 *
 * share_json.h - shares and their files as JSON, one by one and in pages
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; every span is lent for the call
 * Limits: the writer's capacity; HW_SHARE_JSON_*_SIZE are enough for one
 */
#ifndef HW_NET_WIRE_SHARE_JSON_H
#define HW_NET_WIRE_SHARE_JSON_H

#include "core/base/limits.h"
#include "net/wire/http_writer.h"

/* Bytes that are enough for one share or file whose links have so many: six for each byte of what
 * people wrote, and the names of the fields. */
#define HW_SHARE_JSON_SHARE_SIZE(url_size)                                                         \
	(1024U + 6U * (HW_MESSAGE_SIZE_MAX + HW_LINK_NAME_SIZE_MAX + (url_size)))
#define HW_SHARE_JSON_FILE_SIZE(url_size) (512U + 6U * (HW_NAME_SIZE_MAX + (url_size)))
/* Bytes that a page keeps for its end, of a cursor of so many. */
#define HW_SHARE_JSON_END_SIZE(cursor_size) (16U + 6U * (cursor_size))

enum hw_share_json_mode {
	HW_SHARE_JSON_STORED = 0,
	HW_SHARE_JSON_LIVE,
	HW_SHARE_JSON_SPILL,
	HW_SHARE_JSON_MODE_COUNT
};

/* "stored"; static. */
const char *hw_share_json_mode_name(uint8_t mode);

struct hw_share_json_share {
	struct hw_span id;          /* as in links */
	struct hw_span url;         /* the link to hand out */
	struct hw_span owner_token; /* size 0: not said; only ever in the answer to its creation */
	struct hw_span link_name;   /* size 0: none */
	struct hw_span message;     /* size 0: none */
	uint64_t created_ms;
	uint64_t expires_ms; /* 0: never */
	uint64_t size;       /* bytes of its files */
	uint32_t file_count;
	uint32_t downloads;
	uint32_t downloads_max; /* 0: no limit */
	uint8_t mode;           /* enum hw_share_json_mode */
	bool has_password;
	bool is_for_strangers; /* how often it was taken is the owner's business */
};

struct hw_share_json_file {
	struct hw_span name;
	struct hw_span url;
	const uint8_t *root;   /* HW_HASH_SIZE bytes; NULL: the file is not complete */
	uint64_t length;       /* bytes announced; HW_LENGTH_UNKNOWN */
	uint64_t offset;       /* bytes received and durable */
	uint64_t first_offset; /* bytes before it have passed, and are nowhere; 0: not said */
	uint64_t created_ms;
};

/* One object, no line end. Whether it fitted is in the writer. */
void hw_share_json_share_write(struct hw_http_writer *writer,
			       const struct hw_share_json_share *share);
void hw_share_json_file_write(struct hw_http_writer *writer, const struct hw_share_json_file *file);

/* A page of rows, in the caller's buffer; embedded by whoever writes it. */
struct hw_share_json_page {
	struct hw_http_writer *writer;
	uint32_t end_size; /* bytes kept for the end */
	uint32_t count;    /* rows so far */
};

/* hw_share_json_page_begin - {"files":[
 * @writer       lent until the end; its capacity is what the page may have
 * @name         "files" or "shares"
 * @cursor_size  bytes of the longest cursor that the end may be given */
void hw_share_json_page_begin(struct hw_share_json_page *page, struct hw_http_writer *writer,
			      const char *name, uint32_t cursor_size);

/* The same as further fields of the share that was just written: its end becomes a comma. */
void hw_share_json_page_continue(struct hw_share_json_page *page, struct hw_http_writer *writer,
				 const char *name, uint32_t cursor_size);

/* One row. False: it does not fit, and the page is as it was before; end it, with a cursor. */
bool hw_share_json_page_share(struct hw_share_json_page *page,
			      const struct hw_share_json_share *share) HW_MUST_CHECK;
bool hw_share_json_page_file(struct hw_share_json_page *page,
			     const struct hw_share_json_file *file) HW_MUST_CHECK;

/* ],"next":cursor} - @cursor: what to ask the next page with; size 0: null, there is none. */
void hw_share_json_page_end(struct hw_share_json_page *page, struct hw_span cursor);

#endif
