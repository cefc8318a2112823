/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/config_listen.h"
#include "core/base/limits.h"
#include "core/base/log.h"

#define BIND_TRIES                                                                                 \
	100U /* of BIND_WAIT_MS: 5 s; a killed predecessor's ring may hold the port (HAZARDS 1.2)  \
	      */
#define BIND_WAIT_MS 50U

static int option_set(int fd, int level, int name)
{
	int on = 1;
	return setsockopt(fd, level, name, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int congestion_name_set(int fd, const char *name)
{
	socklen_t size = (socklen_t)strlen(name);
	return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, size) < 0 ? -errno : 0;
}

/* What was asked for, or else, where the peer is on this machine (a proxy in front, say), one that
 * does not pace: BBR, some systems' default, costs loopback half of its rate and twice the CPU. */
static int congestion_set(int fd, const struct hw_config_address *address, const char *congestion)
{
	static const char *const unpaced[] = {"cubic", "reno"};
	if (*congestion != '\0') {
		return congestion_name_set(fd, congestion);
	}
	for (uint32_t i = 0; i < hw_count_of(unpaced) && address->is_loopback; i++) {
		if (congestion_name_set(fd, unpaced[i]) == 0) {
			break; /* if the system allows neither, it is its own that is used */
		}
	}
	return 0;
}

/* Accepted sockets inherit all of these. */
static int options_set(int fd, const struct hw_config_address *address, const char *congestion)
{
	int r = option_set(fd, SOL_SOCKET, SO_REUSEADDR);
	if (r >= 0) {
		r = option_set(fd, SOL_SOCKET, SO_REUSEPORT);
	}
	if (r >= 0) {
		r = option_set(fd, IPPROTO_TCP, TCP_NODELAY);
	}
	if (r >= 0 && address->socket.ss_family == AF_INET6) {
		r = option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	}
	/* What is not on its way yet shows how fast a client takes: it must not hide in a large
	 * buffer. */
	int unsent_size = HW_UNSENT_NARROW;
	if (r >= 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_size, sizeof(unsent_size)) < 0) {
		r = -errno;
	}
	return r < 0 ? r : congestion_set(fd, address, congestion);
}

static int bind_patiently(int fd, const struct hw_config_address *address)
{
	for (uint32_t i = 0; i < BIND_TRIES; i++) {
		if (bind(fd, (const struct sockaddr *)&address->socket, address->socket_size) ==
		    0) {
			return 0;
		}
		if (errno != EADDRINUSE) {
			return -errno;
		}
		struct timespec pause = {.tv_nsec = BIND_WAIT_MS * 1000000L};
		(void)nanosleep(&pause, NULL); /* shorter is fine */
	}
	return -EADDRINUSE;
}

int hw_listen_probe(const struct hw_config_address *address)
{
	int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	int r = option_set(fd, SOL_SOCKET, SO_REUSEADDR);
	if (r >= 0 && address->socket.ss_family == AF_INET6) {
		r = option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	}
	if (r >= 0) {
		r = bind_patiently(fd, address);
	}
	(void)close(fd); /* nothing on it */
	return r;
}

int hw_listen_begin(int fd)
{
	return listen(fd, HW_LISTEN_BACKLOG) < 0 ? -errno : 0;
}

int hw_listen_open(struct hw_config_address *address, const char *congestion)
{
	int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	int r = options_set(fd, address, congestion);
	if (r >= 0) {
		r = bind_patiently(fd, address);
	}
	socklen_t size = sizeof(address->socket);
	if (r >= 0 && getsockname(fd, (struct sockaddr *)&address->socket, &size) < 0) {
		r = -errno;
	}
	if (r < 0) {
		(void)close(fd); /* nothing on it yet */
		return r;
	}
	return fd;
}

/* Asked before anything is bound, so that what is wrong is said by its name. */
static int congestion_check(const char *congestion, const char *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	int r = congestion_name_set(fd, congestion);
	(void)close(fd); /* nothing on it */
	if (r < 0) {
		HW_LOG(HW_LOG_ERROR, "listen.failed", HW_F_ERRNO("error", r),
		       HW_F_TEXT("address", address), HW_F_TEXT("congestion", congestion),
		       HW_F_TEXT(
			       "advice",
			       r == -EPERM
				       ? "this congestion control is root's to allow: sysctl "
					 "net.ipv4.tcp_allowed_congestion_control"
				       : "this kernel has no such congestion control: sysctl "
					 "net.ipv4.tcp_available_congestion_control says which it "
					 "has, modprobe tcp_<name> may bring another"));
	}
	return r;
}

static int address_open(struct hw_config_address *address, const char *congestion, bool is_first)
{
	char text[HW_CONFIG_ADDRESS_TEXT_SIZE];
	hw_config_address_text(address, text);
	if (*congestion != '\0') {
		int r = congestion_check(congestion, text);
		if (r < 0) {
			return r;
		}
	}
	int fd = is_first ? hw_listen_probe(address) : 0;
	if (fd >= 0) {
		fd = hw_listen_open(address, congestion);
	}
	if (fd < 0) {
		HW_LOG(HW_LOG_ERROR, "listen.failed", HW_F_ERRNO("error", fd),
		       HW_F_TEXT("address", text),
		       HW_F_TEXT("advice", "is the port taken, the address this machine's? ports "
					   "below 1024 need CAP_NET_BIND_SERVICE"));
	}
	return fd;
}

uint32_t hw_listen_count(const struct hw_config *config)
{
	return config->listen.count + config->tls_listen.count;
}

bool hw_listen_has_tls(const struct hw_config *config, uint32_t index)
{
	return index >= config->listen.count;
}

struct hw_config_address *hw_listen_address(struct hw_config *config, uint32_t index)
{
	uint32_t plain_count = config->listen.count;
	hw_assert(index < hw_listen_count(config));
	return index < plain_count ? &config->listen.addresses[index]
				   : &config->tls_listen.addresses[index - plain_count];
}

int hw_listen_open_all(struct hw_config *config, uint32_t node_count,
		       int ret_fds[][HW_LISTEN_COUNT_MAX])
{
	uint32_t count = hw_listen_count(config);
	hw_assert(count > 0); /* listen is not empty */
	for (uint32_t i = 0; i < node_count * count; i++) {
		struct hw_config_address *address = hw_listen_address(config, i % count);
		bool has_own = address->congestion[0] != '\0';
		int fd = address_open(address, has_own ? address->congestion : config->congestion,
				      i < count);
		if (fd < 0) {
			return fd;
		}
		ret_fds[i / count][i % count] = fd;
	}
	return 0;
}

int hw_listen_begin_all(const struct hw_config *config, uint32_t node_count,
			int fds[][HW_LISTEN_COUNT_MAX])
{
	uint32_t count = hw_listen_count(config);
	for (uint32_t i = 0; i < node_count * count; i++) {
		int r = hw_listen_begin(fds[i / count][i % count]);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

void hw_listen_announce(struct hw_config *config, uint32_t node_count)
{
	for (uint32_t i = 0; i < hw_listen_count(config); i++) {
		char address[HW_CONFIG_ADDRESS_TEXT_SIZE];
		char url[HW_CONFIG_ADDRESS_TEXT_SIZE + 8];
		const char *scheme = hw_listen_has_tls(config, i) ? "https" : "http";
		hw_config_address_text(hw_listen_address(config, i), address);
		(void)snprintf(url, sizeof(url), "%s://%s", scheme, address); /* fits */
		HW_LOG(HW_LOG_INFO, "ready", HW_F_TEXT("url", url),
		       HW_F_TEXT("data_dir", config->data_dir), HW_F_U64("reactors", node_count));
	}
}
