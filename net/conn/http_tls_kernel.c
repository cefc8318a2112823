/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernel TLS (Documentation/networking/tls.rst): pages of a file go from the page cache to a TLS
 * client, and it is the kernel that seals them, instead of a read into a slab and a seal of ours.
 *
 *   splice -> a descriptor (http_unsent.c) -> begin -+-> the connection is as a plain one from here
 *                                                    +-> -errno: slabs, as without it
 *
 * Only what is sent; what comes is opened by us as ever. There is no way back, and before Linux
 * 6.14 no second key: so a connection whose key is half worn gets no other request, and one whose
 * key is worn is cut. TLS 1.3 only: the key of 1.2 is not kept (tls_record.h).
 */
#include <endian.h>
#include <errno.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <string.h>

#include "core/base/log.h"
#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

#define BEGIN_SIZE_MIN UINT64_C(1048576) /* bytes; less is not worth a cipher in the kernel */
#define WORN_COUNT     (HW_TLS_KEY_RECORDS_MAX / 2)
#define CONTROL_OFFSET 16U /* tls->farewell: the alert, and what says that it is one */
/* Records of a send beyond the full ones. More when the kernel takes it in small steps: RFC 8446,
 * 5.5 allows half as many again as we count. */
#define SPLIT_COUNT 2U

static_assert(CONTROL_OFFSET + CMSG_SPACE(1) <= HW_TLS_FAREWELL_SIZE, "an alert and its kind");

/* What TLS_TX takes, for each cipher. */
union crypto_info {
	struct tls_crypto_info common;
	struct tls12_crypto_info_aes_gcm_128 aes_128;
	struct tls12_crypto_info_aes_gcm_256 aes_256;
	struct tls12_crypto_info_chacha20_poly1305 chacha20;
};

bool hw_http_tls_kernel_may(const struct hw_http_conn *conn, uint64_t size)
{
	const struct hw_tls *tls = conn->tls;
	if (tls->is_offloaded) {
		return true;
	}
	/* A client that wants short records cannot have them from the kernel. */
	bool has_cipher = (conn->server->tls.kernel_ciphers & 1U << tls->out.suite.cipher) != 0;
	return has_cipher && !tls->is_refused && tls->out.suite.is_13 &&
	       tls->record_size == HW_TLS_PLAIN_SIZE_MAX && size >= BEGIN_SIZE_MIN &&
	       tls->out.sequence + size / HW_TLS_PLAIN_SIZE_MAX < WORN_COUNT;
}

/* -- the key -- */

static_assert(TLS_CIPHER_AES_GCM_128_SALT_SIZE + TLS_CIPHER_AES_GCM_128_IV_SIZE == HW_TLS_IV_SIZE &&
		      TLS_CIPHER_AES_GCM_256_SALT_SIZE == TLS_CIPHER_AES_GCM_128_SALT_SIZE &&
		      TLS_CIPHER_CHACHA20_POLY1305_IV_SIZE == HW_TLS_IV_SIZE,
	      "the kernel has the nonce of AES-GCM in two pieces, and ChaCha20's in one");

static uint32_t info_fill(union crypto_info *info, const struct hw_tls_half *half,
			  const uint8_t *key)
{
	uint64_t number = htobe64(half->sequence);
	const uint8_t *rest = half->iv + TLS_CIPHER_AES_GCM_128_SALT_SIZE;
	info->common.version = TLS_1_3_VERSION;
	switch (half->suite.cipher) {
	case HW_TLS_AES_128_GCM:
		info->common.cipher_type = TLS_CIPHER_AES_GCM_128;
		memcpy(info->aes_128.key, key, sizeof(info->aes_128.key));
		memcpy(info->aes_128.rec_seq, &number, sizeof(number));
		memcpy(info->aes_128.salt, half->iv, sizeof(info->aes_128.salt));
		memcpy(info->aes_128.iv, rest, sizeof(info->aes_128.iv));
		return sizeof(info->aes_128);
	case HW_TLS_AES_256_GCM:
		info->common.cipher_type = TLS_CIPHER_AES_GCM_256;
		memcpy(info->aes_256.key, key, sizeof(info->aes_256.key));
		memcpy(info->aes_256.rec_seq, &number, sizeof(number));
		memcpy(info->aes_256.salt, half->iv, sizeof(info->aes_256.salt));
		memcpy(info->aes_256.iv, rest, sizeof(info->aes_256.iv));
		return sizeof(info->aes_256);
	default:
		info->common.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
		memcpy(info->chacha20.key, key, sizeof(info->chacha20.key));
		memcpy(info->chacha20.rec_seq, &number, sizeof(number));
		memcpy(info->chacha20.iv, half->iv, sizeof(info->chacha20.iv));
		return sizeof(info->chacha20);
	}
}

static int key_give(struct hw_http_conn *conn)
{
	uint8_t key[HW_TLS_KEY_SIZE_MAX];
	union crypto_info info = {0};
	struct hw_ring *ring = conn->server->reactor->ring;
	struct hw_ring_option protocol = {IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")};
	struct hw_ring_option seal = {.level = SOL_TLS, .name = TLS_TX, .value = &info};
	int r = hw_tls_half_key(&conn->tls->out, key);
	if (r >= 0) {
		seal.size = info_fill(&info, &conn->tls->out, key);
		r = hw_ring_option_set(ring, conn->socket, conn->socket_fd, &protocol);
	}
	if (r >= 0) {
		r = hw_ring_option_set(ring, conn->socket, conn->socket_fd, &seal);
	}
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(&info, sizeof(info));
	return r;
}

/* Told once: the next ones end the same way. */
static void refused(struct hw_http_conn *conn, int error)
{
	struct hw_tls_server *server = &conn->server->tls;
	conn->tls->is_refused = true;
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_tls_kernel_refused, 1);
	if (!server->has_refused && error != -ENOTCONN) { /* a client that leaves is no fault */
		server->has_refused = true;
		HW_LOG(HW_LOG_WARN, "tls.kernel_refused", HW_F_ERRNO("error", error),
		       HW_F_TEXT("advice", "the kernel would not seal with this key: the daemon "
					   "does, as with tls_kernel=off"));
	}
}

int hw_http_tls_kernel_begin(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	hw_assert(hw_http_tls_unsent(conn) == 0);
	if (tls->owes_update) { /* another key for us: the kernel would never hear of it */
		tls->is_refused = true;
		return -EBUSY;
	}
	int r = key_give(conn);
	if (r < 0) {
		refused(conn, r);
		return r;
	}
	/* The key is the kernel's; how worn it is stays ours. */
	struct hw_tls_half counted = {.suite = tls->out.suite, .sequence = tls->out.sequence};
	hw_tls_half_deinit(&tls->out);
	tls->out = counted;
	tls->is_offloaded = true;
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_tls_kernel_taken, 1);
	return 0;
}

/* -- after it -- */

int32_t hw_http_tls_kernel_note(struct hw_http_conn *conn, int32_t res)
{
	if (res <= 0 || conn->tls == NULL || !conn->tls->is_offloaded) {
		return res;
	}
	uint64_t *sequence = &conn->tls->out.sequence; /* at least as many as there were */
	*sequence += (uint32_t)res / HW_TLS_PLAIN_SIZE_MAX + SPLIT_COUNT;
	return *sequence < HW_TLS_KEY_RECORDS_MAX ? res : -EKEYEXPIRED;
}

bool hw_http_tls_kernel_is_worn(const struct hw_http_conn *conn)
{
	return conn->tls != NULL && conn->tls->is_offloaded &&
	       conn->tls->out.sequence >= WORN_COUNT;
}

void hw_http_tls_kernel_alert(struct hw_http_conn *conn, hw_op_fn *done)
{
	uint8_t *farewell = conn->tls->farewell;
	conn->iov[0] = (struct iovec){farewell, HW_TLS_ALERT_SIZE};
	conn->message = (struct msghdr){
		.msg_iov = conn->iov,
		.msg_iovlen = 1,
		.msg_control = farewell + CONTROL_OFFSET,
		.msg_controllen = CMSG_SPACE(1),
	};
	struct cmsghdr *kind = CMSG_FIRSTHDR(&conn->message);
	*kind = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(1), .cmsg_level = SOL_TLS, .cmsg_type = TLS_SET_RECORD_TYPE};
	*CMSG_DATA(kind) = HW_TLS_ALERT;
	hw_http_message_submit(conn, done);
}
