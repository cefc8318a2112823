/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/link_name.h"

#include "net/wire/base32.h"

/* What a page, a file or an answer of the server could be called, now or later, and what programs
 * make of a missing value. */
static const char *const g_reserved[] = {
	"about",     "admin",   "api",     "app",      "assets",   "auth",      "config",
	"cluster",   "create",  "delete",  "docs",     "download", "downloads", "edit",
	"events",    "favicon", "file",    "files",    "health",   "healthz",   "help",
	"home",      "index",   "info",    "link",     "links",    "live",      "login",
	"logout",    "metrics", "new",     "null",     "ready",    "readyz",    "robots",
	"root",      "search",  "server",  "settings", "share",    "shares",    "signin",
	"signup",    "static",  "stats",   "status",   "system",   "torrent",   "tus",
	"undefined", "upload",  "uploads", "user",     "users",    "version",   "well-known",
	"www",       "zip",
};

static bool char_is_first(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_like_id(struct hw_span name)
{
	if (name.size != HW_SHARE_ID_TEXT_SIZE) {
		return false;
	}
	/* Also texts that no id has because of their last bits: a reader cannot tell. */
	for (uint32_t i = 0; i < name.size; i++) {
		char c = name.bytes[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'))) {
			return false;
		}
	}
	return true;
}

static bool is_reserved(struct hw_span name)
{
	for (uint32_t i = 0; i < hw_count_of(g_reserved); i++) {
		if (hw_span_equal(name, hw_span_of(g_reserved[i]))) {
			return true;
		}
	}
	return false;
}

enum hw_link_name_verdict hw_link_name_judge(struct hw_span name)
{
	if (name.size < HW_LINK_NAME_SIZE_MIN) {
		return HW_LINK_NAME_TOO_SHORT;
	}
	if (name.size > HW_LINK_NAME_SIZE_MAX) {
		return HW_LINK_NAME_TOO_LONG;
	}
	for (uint32_t i = 0; i < name.size; i++) {
		char c = name.bytes[i];
		if (!char_is_first(c) && (i == 0 || (c != '-' && c != '_'))) {
			return HW_LINK_NAME_CHARACTER;
		}
	}
	if (is_like_id(name)) {
		return HW_LINK_NAME_LIKE_ID;
	}
	return is_reserved(name) ? HW_LINK_NAME_RESERVED : HW_LINK_NAME_GOOD;
}

const char *hw_link_name_reason(enum hw_link_name_verdict verdict)
{
	static const char *const reasons[HW_LINK_NAME_VERDICT_COUNT] = {
		[HW_LINK_NAME_TOO_SHORT] = "A link's own name has at least 3 characters.",
		[HW_LINK_NAME_TOO_LONG] = "A link's own name has at most 64 characters.",
		[HW_LINK_NAME_CHARACTER] =
			"A link's own name is made of a-z, 0-9, - and _, after an a-z or 0-9.",
		[HW_LINK_NAME_LIKE_ID] =
			"A link's own name must not look like a share's id, which is 26 of a-z2-7.",
		[HW_LINK_NAME_RESERVED] = "This name is reserved; please choose another.",
	};
	static_assert(HW_LINK_NAME_SIZE_MIN == 3 && HW_LINK_NAME_SIZE_MAX == 64, "said above");
	hw_assert(verdict < HW_LINK_NAME_VERDICT_COUNT);
	return reasons[verdict];
}
