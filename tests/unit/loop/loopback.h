/* SPDX-License-Identifier: Apache-2.0
 *
 * loopback.h - a listener on loopback, and where a socket is
 *
 * Room: tests/unit/loop    Thread: any    Blocks: never    Allocates: descriptors
 */
#ifndef HW_TESTS_UNIT_LOOP_LOOPBACK_H
#define HW_TESTS_UNIT_LOOP_LOOPBACK_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

static inline int listener_new(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static inline struct sockaddr_in address_of(int fd)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&address, &size), 0);
	return address;
}

#endif
