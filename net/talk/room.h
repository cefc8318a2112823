/* SPDX-License-Identifier: Apache-2.0
 *
 * room.h - where those who have to do with one share hear of each other
 *
 * Room: net/talk    Thread: the reactor that the share's id names; seats are lent to it
 * Blocks: never     Allocates: at init    Owns: rooms, clients, transfers, logs, parcels
 * Limits: HW_ROOM_*; what does not fit: a parcel is waited for, a client is refused (-ENOBUFS), a
 * transfer is not shown, an event is a gap (room_log.h)
 *
 * A room is there while somebody is in it, or went less than HW_ROOM_GHOST_MS ago: who comes back
 * with its identity hears what it missed, and nobody else can come in its place.
 *
 * Nothing is queued for a client: what it has not heard stays in the room's log, and one parcel at
 * a time is on its way. So who is slow costs one parcel, and hears the newest progress only.
 *
 *	connection's reactor           room's reactor
 *	ask(JOIN) ---mail--->          seated; answered
 *	            <---mail---        parcel: whole WebSocket text frames
 *	parcel_return -mail->          the next one, when there is something to say
 *	ask(SAY) ... ask(LEAVE) -->    answered when no parcel is on its way any more
 */
#ifndef HW_NET_TALK_ROOM_H
#define HW_NET_TALK_ROOM_H

#include "core/base/limits.h"
#include "core/loop/reactor.h"
#include "net/conn/ws_zlib.h"
#include "net/talk/room_log.h"
#include "net/talk/transfer_state.h"

#define HW_ROOM_CLIENTS_MAX   1024U  /* of one room, those included who went lately */
#define HW_ROOM_WHO_MAX       64U    /* whom presence names; the others are counted */
#define HW_ROOM_TRANSFERS_MAX 64U    /* of one room; over that, what has ended is forgotten */
#define HW_ROOM_GHOST_MS      60000U /* for which a client that went is still known */
#define HW_ROOM_PRESENCE_MS   250U   /* between two presence events of a room */
#define HW_ROOM_BUCKETS       1024U
#define HW_CLIENT_ID_SIZE     16U /* bytes; random */
#define HW_CLIENT_ID_TEXT     22U /* characters of base64url */
#define HW_SIGNAL_SIZE_MAX    16384U
#define HW_ROOM_TEXT_SIZE     18432U /* bytes of the longest event: a signal with its frame */
#define HW_PARCEL_SIZE        20480U
#define HW_PARCEL_COUNT       64U /* of one reactor */

static_assert(HW_ROOM_TEXT_SIZE > HW_SIGNAL_SIZE_MAX + 1024, "a signal is one event");
static_assert(HW_PARCEL_SIZE > HW_ROOM_TEXT_SIZE + 16, "an event is never cut");

enum hw_room_role {
	HW_ROOM_RECEIVER = 0,
	HW_ROOM_SENDER,
	HW_ROOM_ROLE_COUNT,
};

enum hw_room_question {
	HW_ROOM_NOTHING = 0,
	HW_ROOM_JOIN,    /* -ENOBUFS full, -EACCES the identity is another's, -ESHUTDOWN */
	HW_ROOM_SIGNAL,  /* for the client @to: @bytes; -ENOENT nobody is it */
	HW_ROOM_CONFIRM, /* the whole of the file @bytes (its name) is verified */
	HW_ROOM_LEAVE,
	HW_ROOM_QUESTION_COUNT,
};

struct hw_rooms;
struct hw_room;
struct hw_room_client;
struct hw_room_seat;

/* Events on their way to one connection: whole frames, ready to be sent. */
struct hw_room_parcel {
	struct hw_mail mail;
	struct hw_rooms *rooms;
	struct hw_room_seat *seat;
	uint32_t size;
	char bytes[HW_PARCEL_SIZE];
};

/* Where a share's room is: one for each reactor; const once the threads run. */
struct hw_room_home {
	struct hw_mailbox *mailbox;
	struct hw_rooms *rooms;
};

/* A connection's place in a room; embedded in its talk. Lent to the room's reactor with each
 * question until answered, and the second half from the JOIN that succeeds to the end of LEAVE. */
struct hw_room_seat {
	struct hw_mail mail;
	struct hw_mailbox *mailbox; /* of the connection's reactor */
	/* All three on the connection's reactor. */
	void (*answered)(struct hw_room_seat *seat, int res);
	void (*brought)(struct hw_room_seat *seat, struct hw_room_parcel *parcel); /* moved */
	void (*replaced)(struct hw_room_seat *seat); /* the client has come by another connection */
	const struct hw_room_home *home;
	enum hw_room_question question;
	int res;
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint8_t client_id[HW_CLIENT_ID_SIZE]; /* JOIN: if has_identity, who comes back */
	uint8_t secret[HW_CLIENT_ID_SIZE];
	uint8_t to[HW_CLIENT_ID_SIZE];
	struct hw_span bytes;
	uint64_t file_size; /* CONFIRM */
	uint64_t since;     /* JOIN: the last event that it heard, if it comes back */
	enum hw_room_role role;
	bool has_identity;
	bool takes_deflated;      /* permessage-deflate was agreed on */
	bool is_leaving_for_good; /* LEAVE: it need not be known any more */

	/* The room's. */
	struct hw_list link;
	struct hw_list hungry_link;
	struct hw_mail replaced_mail;
	struct hw_room *room;
	struct hw_room_client *client; /* NULL: not seated */
	struct hw_room_parcel *parcel; /* on its way, or being sent */
	uint64_t seq;                  /* heard, or in the parcel */
	uint64_t own_seq;              /* likewise, of what is for it alone */
	uint64_t shown_number;         /* of the last transfer that its snapshot showed */
	uint64_t shown_last;           /* of the last one that it is to show */
	bool wants_welcome;
	bool wants_snapshot;
	bool has_gap;
	bool is_leaving;
};

/* What is told of a transfer; see report.h. */
struct hw_room_letter {
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint8_t transfer_id[8];
	uint8_t client_id[HW_CLIENT_ID_SIZE]; /* all zero: not known */
	enum hw_transfer_state state;
	bool is_down;        /* from us to a receiver */
	const char *stalled; /* why no byte passes; a literal, NULL: bytes pass */
	uint64_t moved_size; /* bytes so far */
	uint64_t size;       /* UINT64_MAX: not known */
	uint64_t rate;       /* bytes/s */
	uint16_t name_size;
	char name[HW_NAME_SIZE_MAX];
};

struct hw_rooms {
	struct hw_reactor *reactor;
	struct hw_pool rooms;
	struct hw_pool clients;
	struct hw_pool transfers;
	struct hw_pool parcels;
	struct hw_room_log_pools logs;
	struct hw_list buckets[HW_ROOM_BUCKETS];
	struct hw_list hungry; /* seats that wait for a parcel */
	bool is_draining;
	struct hw_ws_zlib zlib;
	char deflated[HW_ROOM_TEXT_SIZE];
	char text[HW_ROOM_TEXT_SIZE]; /* the event being written */
};

/* -- the reactor's own -- */

uint64_t hw_rooms_bytes(uint32_t clients_max);
int hw_rooms_init(struct hw_rooms *rooms, struct hw_reactor *reactor,
		  uint32_t clients_max) HW_MUST_CHECK;
void hw_rooms_deinit(struct hw_rooms *rooms);
/* Nobody comes any more; who went is forgotten at once. */
void hw_rooms_drain(struct hw_rooms *rooms);

/* -- from any reactor -- */

const struct hw_room_home *hw_room_home_of(const struct hw_room_home *homes, uint32_t count,
					   const uint8_t share_id[HW_SHARE_ID_SIZE]);
/* @ring: the caller's own. */
void hw_room_ask(struct hw_room_seat *seat, struct hw_ring *ring, enum hw_room_question question);
void hw_room_parcel_return(struct hw_room_parcel *parcel, struct hw_ring *ring,
			   const struct hw_room_home *home);

/* -- on the room's reactor, for report.c -- */

/* False: nobody is there to hear it. */
bool hw_room_transfer_tell(struct hw_rooms *rooms, const struct hw_room_letter *letter);
/* Something happened to the share, or to one of its files: @type and @member are literals. */
bool hw_room_share_tell(struct hw_rooms *rooms, const uint8_t share_id[HW_SHARE_ID_SIZE],
			struct hw_span type, struct hw_span text);

#endif
