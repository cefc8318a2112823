/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn/ws_zlib.h"

#include "core/base/error.h"

#define WINDOW_BITS  (-15) /* raw deflate */
#define MEMORY_LEVEL 8
#define LEVEL        1 /* JSON shrinks well even so, and a reactor has other things to do */

/* What a flush ends with and the sender leaves out (RFC 7692, 7.2.1). */
static const char g_tail[] = {0x00, 0x00, (char)0xff, (char)0xff};

int hw_ws_zlib_init(struct hw_ws_zlib *zlib)
{
	*zlib = (struct hw_ws_zlib){0};
	int r = deflateInit2(&zlib->deflater, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
			     Z_DEFAULT_STRATEGY);
	if (r != Z_OK) {
		return -ENOMEM;
	}
	r = inflateInit2(&zlib->inflater, WINDOW_BITS);
	if (r != Z_OK) {
		(void)deflateEnd(&zlib->deflater); /* nothing was deflated */
		return -ENOMEM;
	}
	zlib->is_ready = true;
	return 0;
}

void hw_ws_zlib_deinit(struct hw_ws_zlib *zlib)
{
	if (zlib->is_ready) {
		(void)deflateEnd(&zlib->deflater); /* says only that it was in use */
		(void)inflateEnd(&zlib->inflater);
		zlib->is_ready = false;
	}
}

/* zlib's input is not const in its type; it does not write to it. */
static Bytef *input_of(struct hw_span span)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): as above */
	return (Bytef *)(uintptr_t)span.bytes;
}

int hw_ws_deflate(struct hw_ws_zlib *zlib, struct hw_span message, char *ret_bytes,
		  uint32_t capacity)
{
	z_stream *stream = &zlib->deflater;
	hw_assert(zlib->is_ready);
	if (deflateReset(stream) != Z_OK) {
		return -ENOSPC;
	}
	stream->next_in = input_of(message);
	stream->avail_in = message.size;
	stream->next_out = (Bytef *)ret_bytes;
	stream->avail_out = capacity;
	int r = deflate(stream, Z_SYNC_FLUSH);
	uint32_t size = capacity - stream->avail_out;
	/* Full to the last byte: there may be more. */
	if (r != Z_OK || stream->avail_in > 0 || stream->avail_out == 0 || size < sizeof(g_tail)) {
		return -ENOSPC;
	}
	return (int)(size - sizeof(g_tail));
}

int hw_ws_inflate(struct hw_ws_zlib *zlib, struct hw_span payload, char *ret_bytes,
		  uint32_t capacity)
{
	const struct hw_span parts[] = {payload, {g_tail, sizeof(g_tail)}};
	z_stream *stream = &zlib->inflater;
	int r = inflateReset(stream);
	hw_assert(zlib->is_ready);
	stream->next_out = (Bytef *)ret_bytes;
	stream->avail_out = capacity;
	for (uint32_t i = 0; i < hw_count_of(parts) && (r == Z_OK || r == Z_BUF_ERROR); i++) {
		stream->next_in = input_of(parts[i]);
		stream->avail_in = parts[i].size;
		r = inflate(stream, Z_SYNC_FLUSH);
		if (stream->avail_in > 0 && stream->avail_out == 0) {
			return -EMSGSIZE;
		}
	}
	/* A final block (Z_STREAM_END) may come before the tail (7.2.3.6). */
	if (r != Z_OK && r != Z_BUF_ERROR && r != Z_STREAM_END) {
		return -EBADMSG;
	}
	return (int)(capacity - stream->avail_out);
}
