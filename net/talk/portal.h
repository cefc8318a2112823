/* SPDX-License-Identifier: Apache-2.0
 *
 * portal.h - the pages for browsers: files that lie in the binary, sent from there
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 * Owns: nothing; the files are constants, lent for ever
 *
 * web/embed.mjs packs what Vite built: each file as it is and, where that is smaller, as gzip and
 * Brotli. Files with a hash in their name are kept by browsers for a year, the page is asked for
 * each time, by its tag. One page serves every address of the portal: its script looks at the
 * address.
 */
#ifndef HW_NET_TALK_PORTAL_H
#define HW_NET_TALK_PORTAL_H

#include "net/conn/http_server.h"

/* In the order of preference, the last first. */
enum hw_portal_coding {
	HW_PORTAL_PLAIN = 0,
	HW_PORTAL_GZIP,
	HW_PORTAL_BROTLI,
	HW_PORTAL_CODING_COUNT,
};

struct hw_portal_body {
	uint32_t offset;  /* bytes, into the portal's */
	uint32_t size;    /* bytes; 0: not in this coding */
	const char *etag; /* another one for each coding, as they are other bytes */
};

struct hw_portal_file {
	const char *path; /* "assets/index-C0ffee.js" */
	const char *type; /* the media type */
	bool is_hashed;   /* another content would have another name */
	struct hw_portal_body bodies[HW_PORTAL_CODING_COUNT];
};

struct hw_portal {
	const struct hw_portal_file *files;
	uint32_t file_count;
	const struct hw_portal_file *page; /* one of them */
	const uint8_t *bytes;
};

/* Does whoever asks want a page to look at? @conn: its head is there; @portal: NULL: there is none,
 * so nobody does. */
bool hw_portal_is_wanted(const struct hw_portal *portal, const struct hw_http_conn *conn);
/* The page. Takes the request over. */
void hw_portal_page_send(const struct hw_portal *portal, struct hw_http_conn *conn);
/* One of its files, 404 when there is none of that name in assets/. Takes the request over. */
void hw_portal_asset_send(const struct hw_portal *portal, struct hw_http_conn *conn,
			  struct hw_span name);

#endif
