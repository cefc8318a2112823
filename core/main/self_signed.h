/* SPDX-License-Identifier: Apache-2.0
 *
 * self_signed.h - a certificate of our own, for who asks for TLS and has none
 *
 * Room: core/main    Thread: main, at start-up    Blocks: on files    Allocates: OpenSSL
 * Owns: nothing; the files are data_dir/tls/certificate.pem and key.pem, mode 0600
 */
#ifndef HW_CORE_MAIN_SELF_SIGNED_H
#define HW_CORE_MAIN_SELF_SIGNED_H

#include "core/base/check.h"

#define HW_SELF_SIGNED_CERTIFICATE "tls/certificate.pem"
#define HW_SELF_SIGNED_KEY         "tls/key.pem"

/* Make both files when the certificate's is not there: ECDSA P-256, for this host's name and
 * localhost, good for ten years. @dir_fd: the data directory. Returns 0 there were some, 1 they are
 * new, or -errno. */
int hw_self_signed_make(int dir_fd) HW_MUST_CHECK;

#endif
