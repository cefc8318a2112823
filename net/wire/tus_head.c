/* SPDX-License-Identifier: Apache-2.0
 *
 * parse -> version_judge, method_read, sizes_read -> number_read,
 *          metadata_read, checksum_read -> digest_read, concat_read -> parts_judge
 */
#include "net/wire/tus_head.h"

#include <assert.h>

#include "core/base/error.h"
#include "net/wire/base64.h"
#include "net/wire/decimal.h"
#include "net/wire/http_char.h"
#include "net/wire/tus_metadata.h"

/* What every reader of a field is given. */
struct source {
	const struct hw_http_request *request;
	const char *bytes;
};

/* How often a field comes; more than once is as bad for all of them. */
enum presence { ABSENT, ONCE, TWICE };

static enum presence field_read(const struct source *source, struct hw_span name,
				struct hw_span *ret_value);
static enum hw_tus_verdict version_judge(const struct source *source);
static enum hw_tus_verdict method_read(const struct source *source, struct hw_tus_head *head);
static enum hw_tus_verdict sizes_read(const struct source *source, struct hw_tus_head *head);
static int number_read(const struct source *source, struct hw_span name, uint64_t *ret_number,
		       bool *ret_is_there);
static enum hw_tus_verdict metadata_read(const struct source *source, struct hw_tus_head *head);
static enum hw_tus_verdict checksum_read(const struct source *source, struct hw_tus_head *head);
static enum hw_tus_verdict digest_read(struct hw_span value, uint32_t algorithm,
				       struct hw_tus_head *head);
static enum hw_tus_verdict concat_read(const struct source *source, struct hw_tus_head *head);
static enum hw_tus_verdict parts_judge(struct hw_span links);

static const struct {
	const char *name;
	uint8_t size;
} g_checksums[HW_TUS_CHECKSUM_COUNT] = {
	[HW_TUS_CHECKSUM_NONE] = {"", 0},
	[HW_TUS_SHA1] = {"sha1", 20},
	[HW_TUS_SHA256] = {"sha256", 32},
};

enum hw_tus_verdict hw_tus_head_parse(const struct hw_http_request *request, const char *bytes,
				      struct hw_tus_head *ret_head)
{
	typedef enum hw_tus_verdict read_fn(const struct source *source, struct hw_tus_head *head);
	static read_fn *const reads[] = {method_read, sizes_read, metadata_read, checksum_read,
					 concat_read};
	const struct source source = {request, bytes};
	*ret_head = (struct hw_tus_head){.method = request->method};
	if (request->method == HW_HTTP_OPTIONS) {
		return HW_TUS_GOOD;
	}
	enum hw_tus_verdict verdict = version_judge(&source);
	for (uint32_t i = 0; i < hw_count_of(reads) && verdict == HW_TUS_GOOD; i++) {
		verdict = reads[i](&source, ret_head);
	}
	ret_head->has_offset_type =
		hw_http_request_has_media_type(request, bytes, HW_SPAN(HW_TUS_MEDIA_TYPE));
	return verdict;
}

static enum presence field_read(const struct source *source, struct hw_span name,
				struct hw_span *ret_value)
{
	uint32_t index = 0;
	struct hw_span further;
	if (!hw_http_request_field_next(source->request, source->bytes, name, &index, ret_value)) {
		return ABSENT;
	}
	return hw_http_request_field_next(source->request, source->bytes, name, &index, &further)
		       ? TWICE
		       : ONCE;
}

static enum hw_tus_verdict version_judge(const struct source *source)
{
	struct hw_span value;
	enum presence presence = field_read(source, HW_SPAN("tus-resumable"), &value);
	if (presence == ABSENT) {
		return HW_TUS_NO_VERSION;
	}
	return presence == ONCE && hw_span_equal(value, HW_SPAN(HW_TUS_VERSION))
		       ? HW_TUS_GOOD
		       : HW_TUS_BAD_VERSION;
}

/* tus 1.0.0: "the actual method of the request MUST be ignored". */
static enum hw_tus_verdict method_read(const struct source *source, struct hw_tus_head *head)
{
	struct hw_span value;
	enum presence presence = field_read(source, HW_SPAN("x-http-method-override"), &value);
	if (presence == ABSENT) {
		return HW_TUS_GOOD;
	}
	for (uint8_t m = HW_HTTP_METHOD_NONE + 1; presence == ONCE && m < HW_HTTP_METHOD_COUNT;
	     m++) {
		if (hw_span_equal(value, hw_span_of(hw_http_method_name(m)))) {
			head->method = m;
			return HW_TUS_GOOD;
		}
	}
	return HW_TUS_BAD_METHOD;
}

static enum hw_tus_verdict sizes_read(const struct source *source, struct hw_tus_head *head)
{
	int r = number_read(source, HW_SPAN("upload-length"), &head->length, &head->has_length);
	if (r < 0) {
		return r == -ERANGE ? HW_TUS_TOO_LARGE : HW_TUS_BAD_LENGTH;
	}
	r = number_read(source, HW_SPAN("upload-offset"), &head->offset, &head->has_offset);
	if (r < 0) {
		return HW_TUS_BAD_OFFSET;
	}
	uint64_t defer = 0;
	r = number_read(source, HW_SPAN("upload-defer-length"), &defer, &head->defers_length);
	bool is_good = !head->defers_length || (defer == 1 && !head->has_length);
	return r == 0 && is_good ? HW_TUS_GOOD : HW_TUS_BAD_DEFER;
}

static int number_read(const struct source *source, struct hw_span name, uint64_t *ret_number,
		       bool *ret_is_there)
{
	struct hw_span value;
	enum presence presence = field_read(source, name, &value);
	if (presence != ONCE) {
		return presence == ABSENT ? 0 : -EINVAL;
	}
	int r = hw_decimal_parse(value, HW_FILE_SIZE_MAX, ret_number);
	*ret_is_there = r == 0;
	return r;
}

static enum hw_tus_verdict metadata_read(const struct source *source, struct hw_tus_head *head)
{
	struct hw_span value;
	enum presence presence = field_read(source, HW_SPAN("upload-metadata"), &value);
	if (presence == ABSENT) {
		return HW_TUS_GOOD;
	}
	int r = presence == ONCE ? hw_tus_metadata_judge(value) : -EINVAL;
	if (r < 0) {
		return r == -E2BIG ? HW_TUS_METADATA_TOO_BIG : HW_TUS_BAD_METADATA;
	}
	head->metadata = value;
	return HW_TUS_GOOD;
}

static enum hw_tus_verdict checksum_read(const struct source *source, struct hw_tus_head *head)
{
	struct hw_span value;
	enum presence presence = field_read(source, HW_SPAN("upload-checksum"), &value);
	if (presence == ABSENT) {
		return HW_TUS_GOOD;
	}
	const char *space = value.size == 0 ? NULL : memchr(value.bytes, ' ', value.size);
	if (presence == TWICE || space == NULL) {
		return HW_TUS_BAD_CHECKSUM;
	}
	struct hw_span name = {value.bytes, (uint32_t)(space - value.bytes)};
	for (uint32_t i = HW_TUS_CHECKSUM_NONE + 1; i < HW_TUS_CHECKSUM_COUNT; i++) {
		if (hw_span_equal(name, hw_span_of(g_checksums[i].name))) {
			return digest_read(hw_span_skip(value, name.size + 1), i, head);
		}
	}
	return HW_TUS_UNKNOWN_CHECKSUM;
}

static enum hw_tus_verdict digest_read(struct hw_span value, uint32_t algorithm,
				       struct hw_tus_head *head)
{
	int size = hw_base64_decode(value, head->digest, sizeof(head->digest));
	if (size != g_checksums[algorithm].size) {
		return HW_TUS_BAD_CHECKSUM;
	}
	head->checksum = (uint8_t)algorithm;
	head->digest_size = g_checksums[algorithm].size;
	return HW_TUS_GOOD;
}

static enum hw_tus_verdict concat_read(const struct source *source, struct hw_tus_head *head)
{
	static const struct hw_span prefix = {"final;", sizeof("final;") - 1};
	struct hw_span value;
	enum presence presence = field_read(source, HW_SPAN("upload-concat"), &value);
	if (presence == ABSENT) {
		return HW_TUS_GOOD;
	}
	bool is_final = hw_span_starts_with(value, prefix);
	if (presence == TWICE || (!is_final && !hw_span_equal(value, HW_SPAN("partial")))) {
		return HW_TUS_BAD_CONCAT;
	}
	if (is_final) {
		head->part_links = hw_http_char_trim(hw_span_skip(value, prefix.size));
		enum hw_tus_verdict verdict = parts_judge(head->part_links);
		if (verdict != HW_TUS_GOOD) {
			return verdict;
		}
	}
	head->concat = value;
	head->concat_kind = is_final ? HW_TUS_FINAL : HW_TUS_PARTIAL;
	return is_final && (head->has_length || head->defers_length) ? HW_TUS_FINAL_LENGTH
								     : HW_TUS_GOOD;
}

/* The next link, up to a space; size 0 at the end. */
static struct hw_span link_take(struct hw_span *links)
{
	*links = hw_http_char_trim(*links);
	const char *space = links->size == 0 ? NULL : memchr(links->bytes, ' ', links->size);
	struct hw_span link = {links->bytes,
			       space == NULL ? links->size : (uint32_t)(space - links->bytes)};
	*links = hw_span_skip(*links, link.size);
	return link;
}

/* The path of "/a", "http://host/a" or "https://host/a"; size 0 when it is none of them. */
static struct hw_span link_path(struct hw_span link)
{
	static const struct hw_span schemes[] = {
		{"http://", sizeof("http://") - 1},
		{"https://", sizeof("https://") - 1},
	};
	for (uint32_t i = 0; i < hw_count_of(schemes); i++) {
		struct hw_span start = {link.bytes, hw_min(link.size, schemes[i].size)};
		if (!hw_span_equal_nocase(start, schemes[i])) {
			continue;
		}
		link = hw_span_skip(link, start.size);
		const char *slash = link.size == 0 ? NULL : memchr(link.bytes, '/', link.size);
		if (slash == NULL || slash == link.bytes) {
			return (struct hw_span){NULL, 0};
		}
		return hw_span_skip(link, (uint32_t)(slash - link.bytes));
	}
	bool is_path = link.size > 0 && link.bytes[0] == '/';
	return is_path ? link : (struct hw_span){NULL, 0};
}

static enum hw_tus_verdict parts_judge(struct hw_span links)
{
	uint32_t count = 0;
	for (struct hw_span link = link_take(&links); link.size > 0; link = link_take(&links)) {
		if (!hw_http_char_all(link, HW_HTTP_CHAR_TARGET) || link_path(link).size == 0) {
			return HW_TUS_BAD_CONCAT;
		}
		if (count == HW_UPLOAD_PARTS_MAX) {
			return HW_TUS_TOO_MANY_PARTS;
		}
		count++;
	}
	return count > 0 ? HW_TUS_GOOD : HW_TUS_BAD_CONCAT;
}

bool hw_tus_part_next(struct hw_span *part_links, struct hw_span *ret_path)
{
	struct hw_span link = link_take(part_links);
	if (link.size == 0) {
		return false;
	}
	*ret_path = link_path(link);
	hw_assert(ret_path->size > 0); /* they were judged */
	return true;
}

static const struct {
	uint16_t status;
	const char *reason;
} g_answers[HW_TUS_VERDICT_COUNT] = {
	[HW_TUS_GOOD] = {0, NULL},
	[HW_TUS_NO_VERSION] = {412, "Tus-Resumable is missing; this server speaks 1.0.0."},
	[HW_TUS_BAD_VERSION] = {412, "Tus-Resumable must be 1.0.0."},
	[HW_TUS_BAD_METHOD] = {400, "X-HTTP-Method-Override names no method of this server."},
	[HW_TUS_BAD_LENGTH] = {400, "Upload-Length must be one decimal number of bytes."},
	[HW_TUS_TOO_LARGE] = {413, "Upload-Length is larger than any file may be."},
	[HW_TUS_BAD_DEFER] = {400, "Upload-Defer-Length must be 1 and replaces Upload-Length."},
	[HW_TUS_BAD_OFFSET] = {400, "Upload-Offset must be one decimal number of bytes."},
	[HW_TUS_BAD_METADATA] = {400, "Upload-Metadata must be pairs of a key and base64, with "
				      "commas between them and no key twice."},
	[HW_TUS_METADATA_TOO_BIG] = {413, "Upload-Metadata may have 4096 bytes and 64 keys."},
	[HW_TUS_BAD_CHECKSUM] = {400,
				 "Upload-Checksum must be an algorithm, a space and the digest "
				 "in base64."},
	[HW_TUS_UNKNOWN_CHECKSUM] = {400, "Upload-Checksum: this server knows sha1 and sha256."},
	[HW_TUS_BAD_CONCAT] = {400,
			       "Upload-Concat must be \"partial\", or \"final;\" and the links "
			       "of the parts."},
	[HW_TUS_TOO_MANY_PARTS] = {400, "Upload-Concat names more than 64 parts."},
	[HW_TUS_FINAL_LENGTH] = {400, "A final upload has no Upload-Length: its parts have one."},
};
static_assert(HW_UPLOAD_METADATA_MAX == 4096 && HW_TUS_METADATA_KEYS_MAX == 64, "said above");
static_assert(HW_UPLOAD_PARTS_MAX == 64, "said above");

uint32_t hw_tus_status(enum hw_tus_verdict verdict)
{
	hw_assert(verdict < HW_TUS_VERDICT_COUNT);
	return g_answers[verdict].status;
}

const char *hw_tus_reason(enum hw_tus_verdict verdict)
{
	hw_assert(verdict < HW_TUS_VERDICT_COUNT);
	return g_answers[verdict].reason;
}
