/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/share_json.h"

#include "net/wire/rfc3339.h"

static const char *const g_modes[HW_SHARE_JSON_MODE_COUNT] = {
	[HW_SHARE_JSON_STORED] = "stored",
	[HW_SHARE_JSON_LIVE] = "live",
	[HW_SHARE_JSON_SPILL] = "spill",
};

const char *hw_share_json_mode_name(uint8_t mode)
{
	hw_assert(mode < HW_SHARE_JSON_MODE_COUNT);
	return g_modes[mode];
}

/* @key: with what stands before it, {"id": or ,"url": */
static void text_write(struct hw_http_writer *writer, const char *key, struct hw_span text)
{
	hw_http_writer_text(writer, key);
	hw_http_writer_json_string(writer, text);
}

static void text_or_null_write(struct hw_http_writer *writer, const char *key, struct hw_span text)
{
	if (text.size > 0) {
		text_write(writer, key, text);
		return;
	}
	hw_http_writer_text(writer, key);
	hw_http_writer_text(writer, "null");
}

static void number_write(struct hw_http_writer *writer, const char *key, uint64_t number)
{
	hw_http_writer_text(writer, key);
	hw_http_writer_number(writer, number);
}

static void number_or_null_write(struct hw_http_writer *writer, const char *key, uint64_t number,
				 bool is_null)
{
	if (!is_null) {
		number_write(writer, key, number);
		return;
	}
	hw_http_writer_text(writer, key);
	hw_http_writer_text(writer, "null");
}

static void time_write(struct hw_http_writer *writer, const char *key, uint64_t unix_ms)
{
	char text[HW_RFC3339_SIZE];
	hw_rfc3339_write(unix_ms, text);
	text_write(writer, key, (struct hw_span){text, sizeof(text)});
}

static void bool_write(struct hw_http_writer *writer, const char *key, bool value)
{
	hw_http_writer_text(writer, key);
	hw_http_writer_text(writer, value ? "true" : "false");
}

void hw_share_json_share_write(struct hw_http_writer *writer,
			       const struct hw_share_json_share *share)
{
	text_write(writer, "{\"id\":", share->id);
	text_write(writer, ",\"url\":", share->url);
	if (share->owner_token.size > 0) {
		text_write(writer, ",\"owner_token\":", share->owner_token);
	}
	text_or_null_write(writer, ",\"link_name\":", share->link_name);
	text_write(writer, ",\"mode\":", hw_span_of(hw_share_json_mode_name(share->mode)));
	time_write(writer, ",\"created_at\":", share->created_ms);
	if (share->expires_ms > 0) {
		time_write(writer, ",\"expires_at\":", share->expires_ms);
	} else {
		hw_http_writer_text(writer, ",\"expires_at\":null");
	}
	if (!share->is_for_strangers) {
		number_write(writer, ",\"downloads\":", share->downloads);
	}
	number_or_null_write(writer, ",\"downloads_max\":", share->downloads_max,
			     share->downloads_max == 0);
	bool_write(writer, ",\"has_password\":", share->has_password);
	text_or_null_write(writer, ",\"message\":", share->message);
	number_write(writer, ",\"size\":", share->size);
	number_write(writer, ",\"file_count\":", share->file_count);
	hw_http_writer_text(writer, "}");
}

void hw_share_json_file_write(struct hw_http_writer *writer, const struct hw_share_json_file *file)
{
	text_write(writer, "{\"name\":", file->name);
	text_write(writer, ",\"url\":", file->url);
	number_or_null_write(writer, ",\"size\":", file->length, file->length == HW_LENGTH_UNKNOWN);
	number_write(writer, ",\"received\":", file->offset);
	bool_write(writer, ",\"is_complete\":", file->root != NULL);
	if (file->root != NULL) {
		hw_http_writer_text(writer, ",\"root\":\"");
		hw_http_writer_hex(writer, file->root, HW_HASH_SIZE);
		hw_http_writer_text(writer, "\"");
	} else {
		hw_http_writer_text(writer, ",\"root\":null");
	}
	if (file->first_offset > 0) {
		number_write(writer, ",\"stored_from\":", file->first_offset);
	}
	time_write(writer, ",\"created_at\":", file->created_ms);
	hw_http_writer_text(writer, "}");
}

/* @before: what stands before the name. */
static void page_open(struct hw_share_json_page *page, struct hw_http_writer *writer,
		      const char *before, struct hw_span name, uint32_t cursor_size)
{
	*page = (struct hw_share_json_page){
		.writer = writer,
		.end_size = HW_SHARE_JSON_END_SIZE(cursor_size),
	};
	text_write(writer, before, name);
	hw_http_writer_text(writer, ":[");
	hw_assert(!writer->is_overflowed);
	hw_assert(writer->capacity - writer->size >= page->end_size);
}

void hw_share_json_page_begin(struct hw_share_json_page *page, struct hw_http_writer *writer,
			      const char *name, uint32_t cursor_size)
{
	page_open(page, writer, "{", hw_span_of(name), cursor_size);
}

void hw_share_json_page_continue(struct hw_share_json_page *page, struct hw_http_writer *writer,
				 const char *name, uint32_t cursor_size)
{
	hw_assert(writer->size > 0 && writer->bytes[writer->size - 1] == '}');
	hw_http_writer_cut(writer, writer->size - 1);
	page_open(page, writer, ",", hw_span_of(name), cursor_size);
}

static void row_begin(struct hw_share_json_page *page)
{
	hw_http_writer_text(page->writer, page->count > 0 ? "," : "");
}

/* @before: the writer's size before the row. */
static bool row_end(struct hw_share_json_page *page, uint32_t before)
{
	struct hw_http_writer *writer = page->writer;
	if (writer->is_overflowed || writer->capacity - writer->size < page->end_size) {
		hw_http_writer_cut(writer, before);
		return false;
	}
	page->count++;
	return true;
}

bool hw_share_json_page_share(struct hw_share_json_page *page,
			      const struct hw_share_json_share *share)
{
	uint32_t before = page->writer->size;
	row_begin(page);
	hw_share_json_share_write(page->writer, share);
	return row_end(page, before);
}

bool hw_share_json_page_file(struct hw_share_json_page *page, const struct hw_share_json_file *file)
{
	uint32_t before = page->writer->size;
	row_begin(page);
	hw_share_json_file_write(page->writer, file);
	return row_end(page, before);
}

void hw_share_json_page_end(struct hw_share_json_page *page, struct hw_span cursor)
{
	hw_assert(HW_SHARE_JSON_END_SIZE(cursor.size) <= page->end_size);
	text_or_null_write(page->writer, "],\"next\":", cursor);
	hw_http_writer_text(page->writer, "}\n");
	hw_assert(!page->writer->is_overflowed);
}
