/* SPDX-License-Identifier: Apache-2.0
 *
 * certificates.h - the certificates that reactors speak for, and the ones that take their place
 *
 * Room: core/main    Thread: main    Blocks: on files    Allocates: OpenSSL
 * Owns: two sets, each with contexts for every reactor: one that is used, one that is made
 *
 * As with tokens: a set is not touched before every reactor has said that it uses the other one.
 */
#ifndef HW_CORE_MAIN_CERTIFICATES_H
#define HW_CORE_MAIN_CERTIFICATES_H

#include "core/base/config.h"
#include "core/base/limits.h"
#include "net/conn/tls_contexts.h"

#define HW_CERTIFICATE_DIRS_MAX (4U * HW_TLS_CERTIFICATE_COUNT_MAX)

struct hw_certificates {
	struct hw_tls_contexts sets[2][HW_REACTOR_COUNT_MAX];
	const struct hw_config *config;
	int dir_fd; /* the data directory's */
	uint32_t node_count;
	uint32_t now;         /* index of the set that is used */
	uint32_t asked_count; /* reactors that have not changed over yet */
	bool is_again;        /* the files have changed meanwhile */
};

/* Read the files that the configuration names, or make a certificate of our own; nothing when no
 * listener speaks TLS; what fails is said on the log. @config, @dir_fd: lent until close. Returns 0
 * or -errno. */
int hw_certificates_open(struct hw_certificates *certificates, const struct hw_config *config,
			 int dir_fd, uint32_t node_count) HW_MUST_CHECK;
/* Accepts the zeroed. */
void hw_certificates_close(struct hw_certificates *certificates);

/* The directories in which those files are, links followed, so that the sandbox lets them be read
 * again. @ret_fds: HW_CERTIFICATE_DIRS_MAX descriptors, the caller's. Returns the count. */
uint32_t hw_certificates_dirs(const struct hw_config *config, int *ret_fds);

const struct hw_tls_contexts *hw_certificates_of(const struct hw_certificates *certificates,
						 uint32_t node);
/* Read the files again. Returns true when each reactor is to be given its own of the new ones;
 * false: not now, or the files are wrong and all stays as it is, which the log says. */
bool hw_certificates_reload(struct hw_certificates *certificates);
/* One reactor uses the new ones. Returns true when it was the last, and reload is to be called
 * again. */
bool hw_certificates_taken(struct hw_certificates *certificates);

#endif
