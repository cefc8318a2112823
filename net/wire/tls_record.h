/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_record.h - the record layer of TLS 1.3 and 1.2 once the handshake is over (RFC 8446, 5; RFC
 * 5246, 6)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never
 * Allocates: OpenSSL's cipher state, at init only; sealing and opening never
 * Owns: the key and the secrets of one direction; wiped at deinit
 * Limits: a record carries HW_TLS_PLAIN_SIZE_MAX bytes
 *
 * AEAD suites only: AES-GCM with 128 and 256 bits, ChaCha20-Poly1305. Bytes go from one buffer into
 * another in the one pass that encryption itself is.
 */
#ifndef HW_NET_WIRE_TLS_RECORD_H
#define HW_NET_WIRE_TLS_RECORD_H

#include <sys/uio.h>

#include "core/base/check.h"
#include "net/wire/tls_aead.h"

#define HW_TLS_HEAD_SIZE       5U
#define HW_TLS_PLAIN_SIZE_MAX  16384U
#define HW_TLS_RECORD_SIZE_MAX (HW_TLS_HEAD_SIZE + HW_TLS_PLAIN_SIZE_MAX + 256U)
#define HW_TLS_OVERHEAD_MAX    29U /* bytes that sealing adds to what one record carries */
#define HW_TLS_SECRET_SIZE_MAX 48U
#define HW_TLS_KEY_SIZE_MAX    32U
#define HW_TLS_ALERT_SIZE      2U
#define HW_TLS_KEY_UPDATE_SIZE 5U
/* Records of one AES-GCM key (RFC 8446, 5.5); a KeyUpdate comes before them. */
#define HW_TLS_KEY_RECORDS_MAX (UINT64_C(1) << 24)

enum hw_tls_type {
	HW_TLS_CHANGE_CIPHER_SPEC = 20,
	HW_TLS_ALERT = 21,
	HW_TLS_HANDSHAKE = 22,
	HW_TLS_DATA = 23,
};

/* RFC 8446, 6: those that we say. */
enum hw_tls_alert {
	HW_TLS_CLOSE_NOTIFY = 0,
	HW_TLS_UNEXPECTED_MESSAGE = 10,
	HW_TLS_BAD_RECORD_MAC = 20,
	HW_TLS_RECORD_OVERFLOW = 22,
	HW_TLS_INTERNAL_ERROR = 80,
};

struct hw_tls_suite {
	uint8_t cipher; /* enum hw_tls_cipher */
	bool is_sha384; /* of the key schedule */
	bool is_13;     /* else TLS 1.2 */
};

/* One direction. Zeroed is empty. */
struct hw_tls_half {
	struct hw_tls_aead aead;
	uint64_t sequence; /* of the next record */
	struct hw_tls_suite suite;
	uint8_t iv[HW_TLS_IV_SIZE];
	uint8_t secret[HW_TLS_SECRET_SIZE_MAX]; /* TLS 1.3: of which the next one is made */
	bool is_sealing;
};

/* TLS 1.3: from the traffic secret, of the suite's hash's size. Returns 0 or -ENOMEM. */
int hw_tls_half_init_13(struct hw_tls_half *half, struct hw_tls_suite suite, const uint8_t *secret,
			bool is_sealing, uint64_t sequence) HW_MUST_CHECK;
/* TLS 1.2: @iv has 4 bytes for AES-GCM, 12 for ChaCha20. Returns 0 or -ENOMEM. */
int hw_tls_half_init_12(struct hw_tls_half *half, struct hw_tls_suite suite, const uint8_t *key,
			const uint8_t *iv, bool is_sealing, uint64_t sequence) HW_MUST_CHECK;
/* Accepts the empty. */
void hw_tls_half_deinit(struct hw_tls_half *half);
/* The next generation of its key (RFC 8446, 7.2). TLS 1.3 only. Returns 0 or -ENOMEM. */
int hw_tls_half_update(struct hw_tls_half *half) HW_MUST_CHECK;

/* TLS 1.3: the key by which it goes on from half->sequence, for somebody else who seals in its
 * place (with half->iv). The caller wipes it. Returns 0 or -ENOMEM. */
int hw_tls_half_key(const struct hw_tls_half *half, uint8_t *ret_key) HW_MUST_CHECK;

/* Bytes that a record has, at the least, beyond what it carries. */
uint32_t hw_tls_overhead(struct hw_tls_suite suite);
uint32_t hw_tls_key_size(struct hw_tls_suite suite);
uint32_t hw_tls_secret_size(struct hw_tls_suite suite);

/* Is the next record in these bytes? */
enum hw_tls_frame {
	HW_TLS_FRAME_MORE = 0,
	HW_TLS_FRAME_WHOLE,   /* *ret_size bytes of it */
	HW_TLS_FRAME_FOREIGN, /* not TLS at all */
	HW_TLS_FRAME_TOO_LONG,
	HW_TLS_FRAME_COUNT,
};
enum hw_tls_frame hw_tls_frame_find(const uint8_t *bytes, uint32_t size, uint32_t *ret_size);

/* One record of @size bytes (up to HW_TLS_PLAIN_SIZE_MAX), which @pieces are.
 * @ret_record: @size + HW_TLS_OVERHEAD_MAX bytes, none of them those of @pieces.
 * Returns the bytes written; 0: OpenSSL refused, and nothing more may be sealed. */
uint32_t hw_tls_seal(struct hw_tls_half *half, enum hw_tls_type type, const struct iovec *pieces,
		     uint32_t count, uint8_t *ret_record);

enum hw_tls_verdict {
	HW_TLS_OPENED = 0,
	HW_TLS_BAD_MAC,    /* or what no record of the suite can be */
	HW_TLS_TOO_LONG,   /* carries more than it may */
	HW_TLS_UNEXPECTED, /* nothing but padding, or a type that is not sealed */
	HW_TLS_VERDICT_COUNT,
};

struct hw_tls_opened {
	uint32_t size;
	uint8_t type; /* enum hw_tls_type */
};

/* The most that a record of @record_size bytes can carry: what hw_tls_open writes at most. */
uint32_t hw_tls_open_size(struct hw_tls_suite suite, uint32_t record_size);
/* @record: whole, as hw_tls_frame_find has it.
 * @ret_bytes: elsewhere; or hw_tls_open_place() of the record itself.
 * What was written is nobody's when the verdict is not OPENED. */
enum hw_tls_verdict hw_tls_open(struct hw_tls_half *half, const uint8_t *record,
				uint32_t record_size, uint8_t *ret_bytes,
				struct hw_tls_opened *ret_opened);
uint8_t *hw_tls_open_place(struct hw_tls_suite suite, uint8_t *record);
enum hw_tls_alert hw_tls_verdict_alert(enum hw_tls_verdict verdict);

/* What an opened record means. */
enum hw_tls_event {
	HW_TLS_EVENT_DATA = 0,
	HW_TLS_EVENT_NOTHING,   /* an empty record, a warning */
	HW_TLS_EVENT_CLOSED,    /* close_notify: all is said */
	HW_TLS_EVENT_FATAL,     /* the peer gave up */
	HW_TLS_EVENT_UPDATE,    /* from the next record on the peer has a new key */
	HW_TLS_EVENT_UPDATE_US, /* likewise, and we are to take one */
	HW_TLS_EVENT_BAD,       /* renegotiation, and what else nobody may say now */
	HW_TLS_EVENT_COUNT,
};
enum hw_tls_event hw_tls_judge(struct hw_tls_suite suite, struct hw_tls_opened opened,
			       const uint8_t *bytes);

void hw_tls_alert_write(enum hw_tls_alert alert, uint8_t *ret_bytes);
void hw_tls_key_update_write(uint8_t *ret_bytes);

#endif
