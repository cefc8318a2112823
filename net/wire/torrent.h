/* SPDX-License-Identifier: Apache-2.0
 *
 * torrent.h - the .torrent of one file: BitTorrent v2 metainfo (BEP 52) with a web seed (BEP 19)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 * Limits: HW_NAME_SIZE_MAX bytes of a name; HW_TORRENT_HEAD_SIZE_MAX bytes before the pieces
 *
 * A piece is a chunk, so its hash is the chunk's id, widened if it is the last one. The pieces are
 * the only part that grows with the file; they stand in the middle and come from the catalog as
 * they are sent:
 *
 *	head_write | pieces_size bytes of hw_torrent_piece() | tail_write        size bytes in all
 *
 * A file of one chunk or less has no pieces: its root says it all.
 *
 * The web seed is a folder because BEP 19 lets a client append the name there, and libtorrent 2.0
 * always does: it pads the only file of a v2 torrent to a whole piece, and takes that for two.
 */
#ifndef HW_NET_WIRE_TORRENT_H
#define HW_NET_WIRE_TORRENT_H

#include "core/base/limits.h"
#include "net/wire/http_writer.h"
#include "simd/merkle.h"

#define HW_TORRENT_HEAD_SIZE_MAX       (320U + 2U * HW_NAME_SIZE_MAX) /* bytes */
#define HW_TORRENT_TAIL_SIZE(url_size) ((url_size) + 24U)             /* bytes, at most */

struct hw_torrent {
	struct hw_span name;        /* of one file: no "/" in it; lent */
	struct hw_span url;         /* of the folder the file is in, "/" at its end; lent */
	const struct hw_hash *root; /* lent; an empty file's is not looked at */
	uint64_t size;              /* bytes of the file */
	uint64_t created_s;         /* Unix time */
};

/* Bytes of the whole .torrent. */
uint64_t hw_torrent_size(const struct hw_torrent *torrent);
/* Number of the pieces that stand in it, and their bytes. */
uint64_t hw_torrent_piece_count(const struct hw_torrent *torrent);
uint64_t hw_torrent_pieces_size(const struct hw_torrent *torrent);

/* What comes before the pieces and behind them. @writer: room as said above. */
void hw_torrent_head_write(const struct hw_torrent *torrent, struct hw_http_writer *writer);
void hw_torrent_tail_write(const struct hw_torrent *torrent, struct hw_http_writer *writer);
/* Piece @index, from the id of that chunk; @chunk_id may be @ret_piece. */
void hw_torrent_piece(const struct hw_torrent *torrent, uint64_t index,
		      const struct hw_hash *chunk_id, struct hw_hash *ret_piece);

#endif
