/* SPDX-License-Identifier: Apache-2.0
 *
 * Bencoding (BEP 3): numbers are i7e, strings 3:abc, dictionaries d...e with their keys in the
 * order of their bytes. All keys are ours, so that order is the order of the lines here.
 */
#include "net/wire/torrent.h"

static void put_number(struct hw_http_writer *writer, uint64_t number)
{
	hw_http_writer_text(writer, "i");
	hw_http_writer_number(writer, number);
	hw_http_writer_text(writer, "e");
}

static void put_string(struct hw_http_writer *writer, struct hw_span string)
{
	hw_http_writer_number(writer, string.size);
	hw_http_writer_text(writer, ":");
	hw_http_writer_bytes(writer, string);
}

static struct hw_span span_of_hash(const struct hw_hash *hash)
{
	return (struct hw_span){(const char *)hash->bytes, HW_HASH_SIZE};
}

static void put_info(struct hw_http_writer *writer, const struct hw_torrent *torrent)
{
	hw_http_writer_text(writer, "d9:file treed");
	put_string(writer, torrent->name);
	hw_http_writer_text(writer, "d0:d6:length");
	put_number(writer, torrent->size);
	if (torrent->size > 0) {
		hw_http_writer_text(writer, "11:pieces root");
		put_string(writer, span_of_hash(torrent->root));
	}
	hw_http_writer_text(writer, "eee12:meta versioni2e4:name");
	put_string(writer, torrent->name);
	hw_http_writer_text(writer, "12:piece length");
	put_number(writer, HW_CHUNK_SIZE);
	hw_http_writer_text(writer, "e");
}

uint64_t hw_torrent_piece_count(const struct hw_torrent *torrent)
{
	uint64_t count = torrent->size / HW_CHUNK_SIZE + (torrent->size % HW_CHUNK_SIZE > 0);
	return count > 1 ? count : 0;
}

uint64_t hw_torrent_pieces_size(const struct hw_torrent *torrent)
{
	return hw_torrent_piece_count(torrent) * HW_HASH_SIZE;
}

void hw_torrent_head_write(const struct hw_torrent *torrent, struct hw_http_writer *writer)
{
	hw_assert(torrent->name.size > 0 && torrent->name.size <= HW_NAME_SIZE_MAX);
	hw_assert(torrent->size <= HW_FILE_SIZE_MAX);
	hw_http_writer_text(writer, "d13:creation date");
	put_number(writer, torrent->created_s);
	hw_http_writer_text(writer, "4:info");
	put_info(writer, torrent);
	hw_http_writer_text(writer, "12:piece layersd");
	uint64_t size = hw_torrent_pieces_size(torrent);
	if (size > 0) {
		put_string(writer, span_of_hash(torrent->root));
		hw_http_writer_number(writer, size);
		hw_http_writer_text(writer, ":");
	}
}

void hw_torrent_tail_write(const struct hw_torrent *torrent, struct hw_http_writer *writer)
{
	hw_http_writer_text(writer, "e8:url-list");
	put_string(writer, torrent->url);
	hw_http_writer_text(writer, "e");
}

/* The tail without its URL is written to see how long it is. */
uint64_t hw_torrent_size(const struct hw_torrent *torrent)
{
	char bytes[HW_TORRENT_HEAD_SIZE_MAX];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_torrent_head_write(torrent, &writer);
	hw_http_writer_text(&writer, "e8:url-list");
	hw_http_writer_number(&writer, torrent->url.size);
	hw_http_writer_text(&writer, ":e");
	hw_assert(!writer.is_overflowed);
	return writer.size + hw_torrent_pieces_size(torrent) + torrent->url.size;
}

void hw_torrent_piece(const struct hw_torrent *torrent, uint64_t index,
		      const struct hw_hash *chunk_id, struct hw_hash *ret_piece)
{
	hw_assert(index < hw_torrent_piece_count(torrent));
	uint64_t size = hw_min(torrent->size - index * HW_CHUNK_SIZE, (uint64_t)HW_CHUNK_SIZE);
	hw_merkle_chunk_widen(chunk_id, (uint32_t)hw_merkle_blocks(size), ret_piece);
}
