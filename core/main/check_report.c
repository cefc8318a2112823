/* SPDX-License-Identifier: Apache-2.0
 *
 * What is written to @out is lost when nobody reads it: results of printing are not looked at.
 */
#include "core/main/check_report.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "net/wire/base32.h"
#include "net/wire/hex.h"

#define PROGRESS_US    1000000U
#define SIZE_TEXT_SIZE 24U
#define ID_SHOWN_SIZE  6U /* characters of a share's id: all of it is the right to read */

/* "12.3 GiB" */
static const char *size_text(uint64_t size, char ret_text[SIZE_TEXT_SIZE])
{
	static const char *const g_units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
	uint32_t unit = 0;
	double value = (double)size;
	while (value >= 1024 && unit + 1 < hw_count_of(g_units)) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(ret_text, SIZE_TEXT_SIZE, unit == 0 ? "%.0f %s" : "%.1f %s", value,
		       g_units[unit]);
	return ret_text;
}

void hw_check_progress(struct hw_check *check, FILE *out)
{
	uint64_t now_us = hw_clock_monotonic_us();
	if (now_us - check->told_us < PROGRESS_US || isatty(fileno(out)) != 1) {
		return;
	}
	check->told_us = now_us;
	char read[SIZE_TEXT_SIZE];
	char all[SIZE_TEXT_SIZE];
	uint64_t read_size = atomic_load(&check->read_size);
	uint64_t left_size = check->counts.chunk_size - hw_min(read_size, check->counts.chunk_size);
	double seconds = (double)(now_us - check->begun_us) / 1e6;
	double rate = (double)read_size / seconds;
	(void)fprintf(out, "\r%s of %s, %.2f GB/s, %.0f s left   ", size_text(read_size, read),
		      size_text(check->counts.chunk_size, all), rate / 1e9,
		      rate > 0 ? (double)left_size / rate : 0.0);
	(void)fflush(out);
}

static uint64_t unnamed_size(const struct hw_check *check)
{
	return check->left_size - hw_min(check->left_size, check->live_size);
}

static void id_text(const struct hw_catalog_owner *owner, char ret_text[ID_SHOWN_SIZE + 1])
{
	char text[HW_SHARE_ID_TEXT_SIZE];
	hw_base32_encode(owner->share_id, HW_SHARE_ID_SIZE, text);
	(void)snprintf(ret_text, ID_SHOWN_SIZE + 1, "%.*s", (int)ID_SHOWN_SIZE, text);
}

static bool has_share(const struct hw_catalog_owner *owner)
{
	static const uint8_t g_none[HW_SHARE_ID_SIZE];
	return memcmp(owner->share_id, g_none, HW_SHARE_ID_SIZE) != 0;
}

/* -- for people -- */

/* Names were cleaned when they came; a catalog that rotted may hold anything. */
static void name_print(FILE *out, const struct hw_catalog_owner *owner)
{
	for (uint32_t i = 0; i < owner->name_size; i++) {
		uint8_t c = (uint8_t)owner->name[i];
		(void)fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
	}
}

static int owner_print(void *context, const struct hw_catalog_owner *owner)
{
	FILE *out = context;
	char id[ID_SHOWN_SIZE + 1];
	if (!has_share(owner)) {
		(void)fputs("    a file that is not shared (any more)\n", out);
		return 0;
	}
	id_text(owner, id);
	(void)fprintf(out, "    share %s...  %s", id, owner->name_size == 0 ? "unnamed" : "");
	name_print(out, owner);
	(void)fputc('\n', out);
	return 0;
}

static int damaged_print(struct hw_check *check, FILE *out)
{
	for (uint32_t i = 0; i < check->damaged_count; i++) {
		const struct hw_extent *extent = &check->damaged[i];
		char root[2 * HW_HASH_SIZE];
		hw_hex_encode(extent->root, HW_HASH_SIZE, root);
		(void)fprintf(out,
			      "  chunk %.16s...  shard %" PRIu32 ", segment %" PRIu32
			      ", offset %" PRIu64 ", %" PRIu32 " bytes\n",
			      root, extent->shard, extent->segment, extent->offset, extent->size);
		int r = hw_catalog_db_owners_each(check->ports.db, extent, owner_print, out);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static void row(FILE *out, const char *what, uint64_t count)
{
	(void)fprintf(out, "%-20s %" PRIu64 "\n", what, count);
}

static void size_row(FILE *out, const char *what, uint64_t size)
{
	char text[SIZE_TEXT_SIZE];
	(void)fprintf(out, "%-20s %s\n", what, size_text(size, text));
}

int hw_check_report_text(struct hw_check *check, FILE *out)
{
	const struct hw_catalog_counts *counts = &check->counts;
	if (isatty(STDERR_FILENO) == 1) {
		(void)fputs("\r\033[K", stderr); /* over the progress */
	}
	row(out, "shares", counts->share_count);
	row(out, "files", counts->file_count);
	row(out, "unfinished uploads", counts->unfinished_count);
	row(out, "chunks", counts->chunk_count);
	size_row(out, "live", counts->chunk_size);
	size_row(out, "on the disk", check->left_size);
	size_row(out, "belongs to nobody", unnamed_size(check));
	if (check->is_repaired) {
		size_row(out, "given back",
			 check->used_size - hw_min(check->used_size, check->left_size));
	} else if (unnamed_size(check) > 0) {
		(void)fputs("  (the next start, or --check --repair, gives it back)\n", out);
	}
	if (check->is_torn) {
		(void)fputs("The catalog names bytes that the segments do not have: they are not "
			    "of one backup.\n",
			    out);
	}
	row(out, "damaged chunks", check->damaged_count);
	if (check->unmarked_count > 0) {
		row(out, "  not marked", check->unmarked_count);
	}
	return damaged_print(check, out);
}

/* -- for machines -- */

static void json_text(FILE *out, const char *text, uint32_t size)
{
	(void)fputc('"', out);
	for (uint32_t i = 0; i < size; i++) {
		uint8_t c = (uint8_t)text[i];
		if (c == '"' || c == '\\') {
			(void)fprintf(out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			(void)fprintf(out, "\\u%04x", c);
		} else {
			(void)fputc(c, out);
		}
	}
	(void)fputc('"', out);
}

struct json_owners {
	FILE *out;
	uint32_t count;
};

static int owner_json(void *context, const struct hw_catalog_owner *owner)
{
	struct json_owners *owners = context;
	char id[ID_SHOWN_SIZE + 1] = "";
	if (has_share(owner)) {
		id_text(owner, id);
	}
	(void)fprintf(owners->out, "%s{\"share\":\"%s\",\"name\":", owners->count++ > 0 ? "," : "",
		      id);
	json_text(owners->out, owner->name, owner->name_size);
	(void)fputc('}', owners->out);
	return 0;
}

static int damaged_json(struct hw_check *check, FILE *out)
{
	int r = 0;
	for (uint32_t i = 0; r >= 0 && i < check->damaged_count; i++) {
		const struct hw_extent *extent = &check->damaged[i];
		struct json_owners owners = {.out = out};
		char root[2 * HW_HASH_SIZE];
		hw_hex_encode(extent->root, HW_HASH_SIZE, root);
		(void)fprintf(out,
			      "%s{\"root\":\"%.*s\",\"shard\":%" PRIu32 ",\"segment\":%" PRIu32
			      ",\"offset\":%" PRIu64 ",\"size\":%" PRIu32 ",\"files\":[",
			      i > 0 ? "," : "", (int)sizeof(root), root, extent->shard,
			      extent->segment, extent->offset, extent->size);
		r = hw_catalog_db_owners_each(check->ports.db, extent, owner_json, &owners);
		(void)fputs("]}", out);
	}
	return r;
}

int hw_check_report_json(struct hw_check *check, FILE *out)
{
	const struct hw_catalog_counts *counts = &check->counts;
	(void)fprintf(out,
		      "{\"shares\":%" PRIu64 ",\"files\":%" PRIu64 ",\"unfinished\":%" PRIu64
		      ",\"chunks\":%" PRIu64 ",\"bytes_live\":%" PRIu64
		      ",\"bytes_on_disk\":%" PRIu64 ",\"bytes_of_nobody\":%" PRIu64,
		      counts->share_count, counts->file_count, counts->unfinished_count,
		      counts->chunk_count, counts->chunk_size, check->left_size,
		      unnamed_size(check));
	(void)fprintf(out,
		      ",\"bytes_given_back\":%" PRIu64 ",\"seconds\":%.3f,\"is_torn\":%s"
		      ",\"unmarked\":%" PRIu32 ",\"damaged\":[",
		      check->used_size - hw_min(check->used_size, check->left_size),
		      (double)(hw_clock_monotonic_us() - check->begun_us) / 1e6,
		      check->is_torn ? "true" : "false", check->unmarked_count);
	int r = damaged_json(check, out);
	(void)fputs("]}\n", out);
	return r;
}
