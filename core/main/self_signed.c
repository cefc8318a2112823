/* SPDX-License-Identifier: Apache-2.0
 *
 *   make -> certificate_make -> names_add, sign -> key.pem, then certificate.pem, each whole or not
 */
#include "core/main/self_signed.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/main/whole_file.h"

#define LIFE_S         (10L * 365 * 24 * 3600)
#define EARLY_S        (-24L * 3600) /* a client's clock may be behind ours */
#define HOST_SIZE_MAX  64U
#define NAMES_SIZE_MAX 256U

static bool extension_add(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

/* This host's name as DNS has it, or "hawser" when it is none. */
static void host_name(char *ret_name)
{
	(void)snprintf(ret_name, HOST_SIZE_MAX, "hawser"); /* fits */
	char name[HOST_SIZE_MAX] = "";
	if (gethostname(name, sizeof(name) - 1) < 0 || *name == '\0') {
		return;
	}
	for (const char *c = name; *c != '\0'; c++) {
		bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
				(*c >= '0' && *c <= '9') || *c == '-' || *c == '.';
		if (!is_plain) {
			return;
		}
	}
	memcpy(ret_name, name, sizeof(name));
}

static bool names_add(X509 *certificate)
{
	char host[HOST_SIZE_MAX];
	char names[NAMES_SIZE_MAX];
	host_name(host);
	(void)snprintf(names, sizeof(names), "DNS:%s,DNS:localhost,IP:127.0.0.1,IP:::1",
		       host); /* fits */
	X509_NAME *name = X509_get_subject_name(certificate);
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)host, -1, -1,
					  0) == 1 &&
	       X509_set_issuer_name(certificate, name) == 1 &&
	       extension_add(certificate, NID_subject_alt_name, names) &&
	       extension_add(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       extension_add(certificate, NID_key_usage, "critical,digitalSignature") &&
	       extension_add(certificate, NID_ext_key_usage, "serverAuth");
}

static bool serial_set(X509 *certificate)
{
	uint8_t bytes[16];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		return false;
	}
	bytes[0] = (uint8_t)((bytes[0] & 0x7fU) | 1U); /* positive, and never 0 */
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool is_set = number != NULL &&
		      BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return is_set;
}

/* The caller's; NULL: OpenSSL could not. */
static X509 *certificate_make(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	bool is_good = certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
		       serial_set(certificate) &&
		       X509_gmtime_adj(X509_getm_notBefore(certificate), EARLY_S) != NULL &&
		       X509_gmtime_adj(X509_getm_notAfter(certificate), LIFE_S) != NULL &&
		       X509_set_pubkey(certificate, key) == 1 && names_add(certificate) &&
		       X509_sign(certificate, key, EVP_sha256()) > 0;
	if (!is_good) {
		X509_free(certificate);
		return NULL;
	}
	return certificate;
}

/* What @bio has becomes the file @name: whole, or not at all. */
static int file_write(int dir_fd, const char *name, BIO *bio)
{
	char *bytes = NULL;
	long size = BIO_get_mem_data(bio, &bytes);
	return hw_whole_file_write(dir_fd, name, bytes, (uint64_t)size, -1);
}

static int key_write(int dir_fd, const EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
	bool is_good =
		bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	int r = is_good ? file_write(dir_fd, HW_SELF_SIGNED_KEY, bio) : -ENOMEM;
	BIO_free(bio);
	return r;
}

static int certificate_write(int dir_fd, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool is_good = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1;
	int r = is_good ? file_write(dir_fd, HW_SELF_SIGNED_CERTIFICATE, bio) : -ENOMEM;
	BIO_free(bio);
	return r;
}

static int files_write(int dir_fd)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = key != NULL ? certificate_make(key) : NULL;
	int r = certificate != NULL ? key_write(dir_fd, key) : -ENOMEM;
	if (r >= 0) { /* the certificate last: where it is, its key is */
		r = certificate_write(dir_fd, certificate);
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return r;
}

int hw_self_signed_make(int dir_fd)
{
	struct stat found;
	if (fstatat(dir_fd, HW_SELF_SIGNED_CERTIFICATE, &found, AT_SYMLINK_NOFOLLOW) == 0) {
		return 0;
	}
	if (errno != ENOENT && errno != ENOTDIR) {
		return -errno;
	}
	if (mkdirat(dir_fd, "tls", 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	int r = files_write(dir_fd);
	return r < 0 ? r : 1;
}
