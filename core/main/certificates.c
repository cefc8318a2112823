/* SPDX-License-Identifier: Apache-2.0
 *
 *   open, reload -> set_load -> pair_load (of each pair of paths) -> file_read, contexts_add
 *                                                                 -> said on the log
 */
#include "core/main/certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/main/self_signed.h"
#include "net/wire/hex.h"

#define PEM_SIZE_MAX (UINT32_C(1) << 18) /* bytes of one file */

struct pem {
	char bytes[PEM_SIZE_MAX];
	uint32_t size;
};

/* The next of the paths that a comma parts, without blanks. Returns false: there is none. */
static bool path_next(const char **text, char *ret_path)
{
	const char *begin = *text + strspn(*text, " ,");
	uint64_t size = strcspn(begin, ",");
	*text = begin + size;
	while (size > 0 && begin[size - 1] == ' ') {
		size--;
	}
	if (size == 0) {
		return false;
	}
	hw_assert(size < HW_CONFIG_TEXT_SIZE_MAX);
	memcpy(ret_path, begin, size);
	ret_path[size] = '\0';
	return true;
}

static int file_read(int dir_fd, const char *path, struct pem *ret_pem)
{
	ret_pem->size = 0;
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	ssize_t r = 0;
	do {
		r = read(fd, ret_pem->bytes + ret_pem->size, PEM_SIZE_MAX - ret_pem->size);
		ret_pem->size += r > 0 ? (uint32_t)r : 0;
	} while ((r > 0 && ret_pem->size < PEM_SIZE_MAX) || (r < 0 && errno == EINTR));
	int error = r < 0 ? -errno : 0;
	(void)close(fd); /* was only read */
	return error == 0 && ret_pem->size == PEM_SIZE_MAX ? -EFBIG : error;
}

static int refuse(const char *path, int error, const char *reason)
{
	HW_LOG(HW_LOG_ERROR, "tls.refused", HW_F_TEXT("path", path), HW_F_ERRNO("error", error),
	       HW_F_TEXT("reason", reason));
	return error;
}

static struct hw_span span_of(const struct pem *pem)
{
	return (struct hw_span){pem->bytes, pem->size};
}

/* So that an operator can compare it with what his browser shows. */
static void fingerprint_log(const struct hw_tls_contexts *contexts, const char *path)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[HW_HASH_TEXT_SIZE + 1] = "";
	unsigned int size = 0;
	X509 *leaf = SSL_CTX_get0_certificate(contexts->contexts[contexts->count - 1]);
	if (X509_digest(leaf, EVP_sha256(), digest, &size) == 1 && size == HW_HASH_SIZE) {
		hw_hex_encode(digest, size, text);
	}
	HW_LOG(HW_LOG_INFO, "tls.certificate", HW_F_TEXT("path", path), HW_F_TEXT("sha256", text));
}

/* One certificate, for all reactors: from the same bytes, so that all have the same. */
static int pair_load(const struct hw_certificates *certificates, struct hw_tls_contexts *set,
		     const char *chain_path, const char *key_path)
{
	static struct pem chain; /* main's alone, and too large for a stack */
	static struct pem key;
	const char *reason = "it cannot be read: is it there, and readable by the daemon's user?";
	int r = file_read(certificates->dir_fd, chain_path, &chain);
	if (r < 0) {
		return refuse(chain_path, r, reason);
	}
	r = file_read(certificates->dir_fd, key_path, &key);
	if (r < 0) {
		r = refuse(key_path, r, reason);
	}
	for (uint32_t i = 0; r >= 0 && i < certificates->node_count; i++) {
		r = hw_tls_contexts_add(&set[i], span_of(&chain), span_of(&key), &reason);
		if (r < 0) {
			r = refuse(chain_path, r, reason);
		}
	}
	OPENSSL_cleanse(&key, sizeof(key));
	OPENSSL_cleanse(&chain, sizeof(chain)); /* may have a key in it, too */
	if (r >= 0) {
		fingerprint_log(&set[0], chain_path);
	}
	return r;
}

static void set_drop(struct hw_tls_contexts *set)
{
	for (uint32_t i = 0; i < HW_REACTOR_COUNT_MAX; i++) {
		hw_tls_contexts_deinit(&set[i]);
	}
}

static int set_load(const struct hw_certificates *certificates, struct hw_tls_contexts *set)
{
	char chain_path[HW_CONFIG_TEXT_SIZE_MAX];
	char key_path[HW_CONFIG_TEXT_SIZE_MAX];
	const char *chains = certificates->config->tls_certificate;
	const char *keys = certificates->config->tls_key;
	if (*chains == '\0') {
		return pair_load(certificates, set, HW_SELF_SIGNED_CERTIFICATE, HW_SELF_SIGNED_KEY);
	}
	bool has_keys = *keys != '\0';
	int r = 0;
	/* As many rounds as there are paths, which the text's length bounds. */
	while (r >= 0 && path_next(&chains, chain_path)) {
		if (has_keys && !path_next(&keys, key_path)) {
			return refuse(chain_path, -EINVAL, "tls_key has no path for it");
		}
		r = pair_load(certificates, set, chain_path, has_keys ? key_path : chain_path);
	}
	if (r >= 0 && has_keys && path_next(&keys, key_path)) {
		return refuse(key_path, -EINVAL, "tls_certificate has no path for it");
	}
	return r;
}

int hw_certificates_open(struct hw_certificates *certificates, const struct hw_config *config,
			 int dir_fd, uint32_t node_count)
{
	*certificates = (struct hw_certificates){
		.config = config, .dir_fd = dir_fd, .node_count = node_count};
	if (config->tls_listen.count == 0) {
		return 0;
	}
	if (*config->tls_certificate == '\0') {
		int made = hw_self_signed_make(dir_fd);
		if (made < 0) {
			return refuse(HW_SELF_SIGNED_CERTIFICATE, made, "it cannot be made");
		}
		if (made > 0) {
			HW_LOG(HW_LOG_WARN, "tls.self_signed",
			       HW_F_TEXT("advice",
					 "clients have to be told to trust it; name a certificate "
					 "with tls_certificate and tls_key"));
		}
	}
	int r = set_load(certificates, certificates->sets[0]);
	if (r < 0) {
		set_drop(certificates->sets[0]);
	}
	return r;
}

void hw_certificates_close(struct hw_certificates *certificates)
{
	set_drop(certificates->sets[0]);
	set_drop(certificates->sets[1]);
}

const struct hw_tls_contexts *hw_certificates_of(const struct hw_certificates *certificates,
						 uint32_t node)
{
	return &certificates->sets[certificates->now][node];
}

bool hw_certificates_reload(struct hw_certificates *certificates)
{
	if (certificates->asked_count > 0) {
		certificates->is_again = true;
		return false;
	}
	struct hw_tls_contexts *next = certificates->sets[1 - certificates->now];
	if (set_load(certificates, next) < 0) {
		set_drop(next);
		HW_LOG(HW_LOG_WARN, "tls.kept",
		       HW_F_TEXT("advice", "the certificates of before are still in force"));
		return false;
	}
	certificates->now = 1 - certificates->now;
	certificates->asked_count = certificates->node_count;
	return true;
}

bool hw_certificates_taken(struct hw_certificates *certificates)
{
	hw_assert(certificates->asked_count > 0);
	certificates->asked_count--;
	if (certificates->asked_count > 0) {
		return false;
	}
	set_drop(certificates->sets[1 - certificates->now]); /* handshakes keep theirs */
	bool is_due = certificates->is_again;
	certificates->is_again = false;
	return is_due;
}

/* -- for the sandbox -- */

static uint32_t dir_add(char *path, int *ret_fds, uint32_t count)
{
	char *slash = strrchr(path, '/');
	if (slash == NULL || count == HW_CERTIFICATE_DIRS_MAX) {
		return count;
	}
	slash[slash == path ? 1 : 0] = '\0';
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		ret_fds[count++] = fd;
	}
	return count;
}

/* A file that is replaced by a link to another one, as ACME clients do it, is found in both
 * places. */
static uint32_t dirs_add(const char *paths, int *ret_fds, uint32_t count)
{
	char path[HW_CONFIG_TEXT_SIZE_MAX];
	char real[PATH_MAX];
	while (path_next(&paths, path)) {
		if (path[0] != '/') {
			continue; /* in the data directory, which may be read */
		}
		if (realpath(path, real) != NULL) {
			count = dir_add(real, ret_fds, count);
		}
		count = dir_add(path, ret_fds, count);
	}
	return count;
}

uint32_t hw_certificates_dirs(const struct hw_config *config, int *ret_fds)
{
	uint32_t count = dirs_add(config->tls_certificate, ret_fds, 0);
	return dirs_add(config->tls_key, ret_fds, count);
}
