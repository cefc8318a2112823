/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/room_parts.h"

#include "net/wire/base64.h"

static void begin(struct hw_http_writer *json, uint64_t seq, const char *type)
{
	hw_http_writer_text(json, "{\"seq\":");
	hw_http_writer_number(json, seq);
	hw_http_writer_text(json, ",\"type\":\"");
	hw_http_writer_text(json, type);
	hw_http_writer_text(json, "\"");
}

static void end(struct hw_http_writer *json)
{
	hw_http_writer_text(json, "}");
}

/* ,"name":"<base64url>" */
static void id_write(struct hw_http_writer *json, const char *name,
		     const uint8_t id[HW_CLIENT_ID_SIZE])
{
	char text[HW_CLIENT_ID_TEXT];
	hw_base64url_encode(id, HW_CLIENT_ID_SIZE, text);
	hw_http_writer_text(json, "\"");
	hw_http_writer_text(json, name);
	hw_http_writer_text(json, "\":\"");
	hw_http_writer_bytes(json, (struct hw_span){text, sizeof(text)});
	hw_http_writer_text(json, "\"");
}

static void number_write(struct hw_http_writer *json, const char *name, uint64_t number,
			 bool is_known)
{
	hw_http_writer_text(json, ",\"");
	hw_http_writer_text(json, name);
	hw_http_writer_text(json, "\":");
	if (is_known) {
		hw_http_writer_number(json, number);
	} else {
		hw_http_writer_text(json, "null");
	}
}

static const char *role_name(enum hw_room_role role)
{
	return role == HW_ROOM_SENDER ? "sender" : "receiver";
}

void hw_room_text_welcome(struct hw_http_writer *json, const struct hw_room *room,
			  const struct hw_room_client *client, bool is_back)
{
	begin(json, room->seq, "welcome");
	hw_http_writer_text(json, ",");
	id_write(json, "client", client->id);
	hw_http_writer_text(json, ",");
	id_write(json, "secret", client->secret);
	hw_http_writer_text(json, ",\"role\":\"");
	hw_http_writer_text(json, role_name(client->role));
	hw_http_writer_text(json, "\",\"resumed\":");
	hw_http_writer_text(json, is_back ? "true" : "false");
	end(json);
}

/* Counts are of all, names of the first HW_ROOM_WHO_MAX. */
static void who_write(struct hw_http_writer *json, const struct hw_room *room)
{
	uint32_t counts[HW_ROOM_ROLE_COUNT] = {0};
	uint32_t named = 0;
	hw_http_writer_text(json, ",\"who\":[");
	const struct hw_list *first = &room->clients;
	for (struct hw_list *link = first->next; link != first; link = link->next) {
		const struct hw_room_client *client =
			hw_container_of(link, struct hw_room_client, link);
		counts[client->role] += client->seat != NULL;
		if (named == HW_ROOM_WHO_MAX) {
			continue;
		}
		hw_http_writer_text(json, named++ == 0 ? "{" : ",{");
		id_write(json, "client", client->id);
		hw_http_writer_text(json, ",\"role\":\"");
		hw_http_writer_text(json, role_name(client->role));
		hw_http_writer_text(json, client->seat != NULL ? "\"}" : "\",\"away\":true}");
	}
	hw_http_writer_text(json, "]");
	number_write(json, "senders", counts[HW_ROOM_SENDER], true);
	number_write(json, "receivers", counts[HW_ROOM_RECEIVER], true);
}

void hw_room_text_snapshot(struct hw_http_writer *json, const struct hw_room *room, bool has_gap)
{
	begin(json, room->seq, "snapshot");
	hw_http_writer_text(json, has_gap ? ",\"gap\":true" : ",\"gap\":false");
	number_write(json, "transfers", room->transfer_count, true);
	who_write(json, room);
	end(json);
}

void hw_room_text_presence(struct hw_http_writer *json, const struct hw_room *room, uint64_t seq)
{
	begin(json, seq, "presence");
	who_write(json, room);
	end(json);
}

static bool is_zero(const uint8_t *bytes, uint32_t size)
{
	uint8_t all = 0;
	for (uint32_t i = 0; i < size; i++) {
		all |= bytes[i];
	}
	return all == 0;
}

void hw_room_text_transfer(struct hw_http_writer *json, const struct hw_room_letter *letter,
			   uint64_t seq)
{
	bool has_size = letter->size != UINT64_MAX;
	bool is_moving = letter->state == HW_TRANSFER_UPLOADING;
	uint64_t left = has_size && letter->size > letter->moved_size
				? letter->size - letter->moved_size
				: 0;
	uint64_t rate = is_moving ? letter->rate : 0;
	begin(json, seq, "transfer");
	hw_http_writer_text(json, ",\"id\":\"");
	hw_http_writer_hex(json, letter->transfer_id, sizeof(letter->transfer_id));
	hw_http_writer_text(json, "\",\"file\":");
	hw_http_writer_json_string(json, (struct hw_span){letter->name, letter->name_size});
	hw_http_writer_text(json, letter->is_down ? ",\"direction\":\"down\",\"state\":\""
						  : ",\"direction\":\"up\",\"state\":\"");
	hw_http_writer_text(json, hw_transfer_state_name(letter->state));
	hw_http_writer_text(json, "\"");
	number_write(json, "bytes", letter->moved_size, true);
	number_write(json, "size", letter->size, has_size);
	number_write(json, "bytes_per_s", rate, true);
	number_write(json, "seconds_left", rate > 0 ? (left + rate - 1) / rate : 0,
		     has_size && rate > 0);
	hw_http_writer_text(json, ",\"stalled\":");
	if (letter->stalled != NULL && is_moving) {
		hw_http_writer_json_string(json, hw_span_of(letter->stalled));
	} else {
		hw_http_writer_text(json, "null");
	}
	if (is_zero(letter->client_id, HW_CLIENT_ID_SIZE)) {
		hw_http_writer_text(json, ",\"client\":null");
	} else {
		hw_http_writer_text(json, ",");
		id_write(json, "client", letter->client_id);
	}
	end(json);
}

void hw_room_text_signal(struct hw_http_writer *json, uint64_t seq,
			 const uint8_t from[HW_CLIENT_ID_SIZE], struct hw_span json_value)
{
	begin(json, seq, "signal");
	hw_http_writer_text(json, ",");
	id_write(json, "from", from);
	hw_http_writer_text(json, ",\"data\":");
	hw_http_writer_bytes(json, json_value);
	end(json);
}

void hw_room_text_other(struct hw_http_writer *json, uint64_t seq, struct hw_span type,
			struct hw_span members)
{
	hw_http_writer_text(json, "{\"seq\":");
	hw_http_writer_number(json, seq);
	hw_http_writer_text(json, ",\"type\":\"");
	hw_http_writer_bytes(json, type);
	hw_http_writer_text(json, "\"");
	if (members.size > 0) {
		hw_http_writer_text(json, ",");
		hw_http_writer_bytes(json, members);
	}
	end(json);
}
