/* SPDX-License-Identifier: Apache-2.0
 *
 * metainfo.h - GET and HEAD of a file's .torrent, with this server as its web seed
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from a pool)
 * Owns: the catalog's pin on the file
 * Limits: HW_METAINFOS_MAX at a time; an empty pool answers 503
 *
 * "x.torrent" may be a file of the share by itself: then it is a download.
 */
#ifndef HW_NET_TALK_METAINFO_H
#define HW_NET_TALK_METAINFO_H

#include "net/talk/admission.h"
#include "net/wire/torrent.h"

#define HW_METAINFO_URL_SIZE    512U  /* bytes of "http://host/s/id/" */
#define HW_METAINFO_BUFFER_SIZE 1024U /* bytes that go out at once: 16 pieces come at once */

enum hw_metainfo_state {
	HW_METAINFO_FREE = 0,
	HW_METAINFO_ITSELF,   /* is there a file of the whole name? The catalog wakes it */
	HW_METAINFO_ASKING,   /* the client's limits are looked at; the catalog's thread wakes it */
	HW_METAINFO_FINDING,  /* the file; the catalog wakes it */
	HW_METAINFO_CHECKING, /* the password is looked at; the thread of passwords wakes it */
	HW_METAINFO_FILLING,  /* the catalog brings the next pieces */
	HW_METAINFO_SENDING,  /* the client wakes it */
	HW_METAINFO_LEAVING,  /* the answer is over, or another's; the catalog wakes it */
	HW_METAINFO_STATE_COUNT,
};

struct hw_metainfo {
	struct hw_admission admission;
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_catalog_request request;
	struct hw_torrent torrent;
	struct hw_hash root;
	struct hw_span path_id; /* of the request's head: to give it to a download */
	struct hw_span path_name;
	uint64_t file_id;
	uint64_t piece_index; /* the next that goes into the buffer */
	enum hw_metainfo_state state;
	bool is_tail_written;
	bool is_missing;    /* there is no such file, in a share with a password */
	uint32_t head_size; /* bytes of the reply buffer that go out first */
	uint32_t buffer_size;
	uint16_t name_size;
	char name[HW_NAME_SIZE_MAX];
	char url[HW_METAINFO_URL_SIZE];
	char buffer[HW_METAINFO_BUFFER_SIZE];
};

/* @id, @name: segments of the path, escaped; @name ends with ".torrent". */
void hw_metainfo_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		       struct hw_span name);

#endif
