/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/kernel_tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int hw_kernel_tls_probe(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 && errno == EAFNOSUPPORT) {
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	if (fd < 0) {
		return -errno;
	}
	/* The protocol is looked for first; then the socket is found to have no peer. */
	int r = setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) < 0 ? -errno : 0;
	(void)close(fd); /* nothing was written through it */
	return r == -ENOTCONN ? 0 : r;
}
