/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conn/file_talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct file_talk *g_talk; /* a request's world does not say whose it is */

static void next(struct file_talk *talk)
{
	uint32_t left_size = talk->size - talk->sent_size;
	talk->is_paged = hw_http_conn_can_splice(talk->conn, left_size) && !talk->is_forgotten;
	talk->is_forgotten = false;
	talk->piece_size = hw_min(left_size, talk->piece_size_max);
	if (talk->is_paged) {
		struct hw_http_splice splice = {.file = talk->file,
						.file_fd = talk->file_fd,
						.offset = talk->sent_size,
						.size = talk->piece_size};
		hw_http_conn_splice(talk->conn, &splice);
		return;
	}
	struct iovec bytes = {talk->bytes + talk->sent_size, talk->piece_size};
	hw_http_conn_send(talk->conn, &bytes, 1);
}

static void ended(struct file_talk *talk, int res)
{
	talk->result = res;
	talk->is_over = true;
	if (res < 0) {
		hw_http_conn_abort(talk->conn);
	} else {
		hw_http_conn_end(talk->conn);
	}
}

static void gives_way(struct file_talk *talk)
{
	talk->way_count++;
	if (talk->world->goes_on && !talk->is_paged &&
	    !hw_http_conn_can_splice(talk->conn, FILE_TALK_SIZE)) {
		hw_http_conn_send_more(talk->conn);
		return;
	}
	talk->sent_size += talk->piece_size - (uint32_t)talk->conn->send_left_size;
	talk->is_waiting = true;
	hw_http_conn_send_wait(talk->conn);
}

static void sent(void *user, int res)
{
	struct file_talk *talk = user;
	if (res == -EAGAIN || res == -ENODATA) {
		talk->is_forgotten = res == -ENODATA;
		talk->forgotten_count += res == -ENODATA ? 1 : 0;
		gives_way(talk);
		return;
	}
	if (res < 0) {
		ended(talk, res);
		return;
	}
	if (!talk->has_head || talk->is_waiting) {
		talk->has_head = true;
		talk->is_waiting = false;
	} else {
		talk->sent_size += talk->piece_size;
		talk->page_count += talk->is_paged ? 1 : 0;
		talk->slab_count += talk->is_paged ? 0 : 1;
	}
	if (talk->sent_size < talk->size) {
		next(talk);
	} else {
		ended(talk, 0);
	}
}

static void no_body(void *user, int res)
{
	(void)user;
	(void)res;
	hw_assert_fail("it asked for no body", __FILE__, __LINE__);
}

static const struct hw_http_handler g_handler = {
	.body_done = no_body, .send_done = sent, .gives_way = true};

static bool takes(struct conn_world *world, struct hw_http_conn *conn)
{
	struct file_talk *talk = g_talk;
	struct hw_http_writer head;
	hw_assert(talk->world == world);
	if (strstr(hw_http_conn_head_bytes(conn), "GET /file") != hw_http_conn_head_bytes(conn)) {
		return false;
	}
	talk->conn = conn;
	talk->has_head = false;
	talk->is_over = false;
	talk->sent_size = 0;
	hw_http_conn_handle(conn, &g_handler, talk);
	hw_http_conn_reply_begin(conn, &head, 200);
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), talk->size);
	hw_http_writer_head_end(&head);
	hw_http_conn_head_release(conn);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
	return true;
}

static void file_bound(struct hw_op *op)
{
	assert_true(op->res >= 0);
}

void file_talk_begin(struct file_talk *talk, struct conn_world *world)
{
	*talk = (struct file_talk){.world = world,
				   .bytes = talk->bytes,
				   .size = FILE_TALK_SIZE,
				   .piece_size_max = FILE_TALK_SIZE};
	g_talk = talk;
	world->takes = takes;
	talk->file_fd = hw_sim_file_create();
	hw_sim_file_poke(talk->file_fd, talk->bytes, FILE_TALK_SIZE, 0);
	talk->file = hw_ring_file_slot(world->reactor.ring, 2);
	hw_ring_file_set(world->reactor.ring, &talk->op, talk->file, talk->file_fd, file_bound);
	conn_pass(world, 100);
}

static void file_closed(struct hw_op *op)
{
	(void)op;
}

void file_talk_end(struct file_talk *talk)
{
	hw_ring_close(talk->world->reactor.ring, &talk->op, talk->file, file_closed);
	conn_pass(talk->world, 100);
	assert_int_equal(close(talk->file_fd), 0);
}

uint8_t *file_talk_bytes(void)
{
	uint8_t *bytes = malloc(FILE_TALK_SIZE);
	assert_non_null(bytes);
	for (uint32_t i = 0; i < FILE_TALK_SIZE; i++) {
		bytes[i] = conn_byte(i);
	}
	return bytes;
}
