/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_bench_load - connections that PUT or GET without a pause; what they saw, as JSON
 *
 * Usage: hw_bench_load put|get --port P --path PATH [--connections N] [--requests N] [--seconds S]
 *                      [--size BYTES] [--seed N] [--verify]
 *
 *	main -> options_parse -> conn_open -> run -> conn_turn -> request_begin -> request_send
 *	     -> report_print                                  \-> answer_recv -> answer_end
 *
 * put: request n goes to PATH-n with --size bytes that no other request has (the seed and n are
 * stamped into each slice), so that a server which stores equal chunks once has nothing to save.
 * get --verify: what comes must be what `put --seed N` sent as its request 0.
 *
 * One thread and one epoll, so that one core is enough for the load and its own cost is the same
 * for every server. Bodies come from one hot slice, answers go into one hot buffer: what the load
 * does not do cannot be mistaken for the server's work. Connections that a server closes are opened
 * again; an answer that is not 2xx, or short, is an error, and too many errors end the run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SLICE_SIZE       UINT64_C(262144) /* of a body; each has a stamp of its own */
#define STAMP_SIZE       UINT64_C(16)
#define SLICES_PER_CALL  4U
#define HEAD_SIZE        1024U
#define CONNECTIONS_MAX  1024U
#define ERRORS_MAX       100U
#define PATIENCE_MS      60000 /* nothing moves on any connection: the server hangs */
#define BUCKETS_PER_STEP 64U   /* of the histogram: a step is a power of two of nanoseconds */
#define BUCKET_COUNT     (BUCKETS_PER_STEP * 60U)
#define LINK_SIZE        512U

enum conn_state {
	CONN_IDLE,    /* nothing asked: the run is over for it */
	CONN_SENDING, /* head and body go out; an answer may come before they are out */
	CONN_HEAD,    /* the answer's head comes */
	CONN_BODY,    /* the answer's body comes */
};

struct conn {
	enum conn_state state;
	int fd;
	bool wants_out;  /* what epoll was told */
	bool is_closing; /* the server said Connection: close */
	uint64_t number; /* of the request */
	uint64_t begun_ns;
	uint64_t sent_size; /* of head and body */
	uint64_t body_size; /* of the answer */
	uint64_t body_offset;
	uint32_t request_size; /* bytes in request[] */
	uint32_t answer_size;  /* bytes in answer[] */
	int status;
	char request[HEAD_SIZE];
	char answer[HEAD_SIZE * 4];
};

struct options {
	bool is_put;
	bool is_verified;
	uint16_t port;
	const char *path;
	uint32_t connection_count;
	uint64_t request_count; /* 0: as many as fit the time */
	uint64_t size;
	uint64_t seed;
	double seconds; /* 0: as long as the requests take */
};

/* All of a run. Static and not on the stack, for its size. */
static struct load {
	struct options options;
	int epoll;
	uint64_t issued;
	uint64_t done;
	uint64_t errors;
	uint64_t reconnects;
	uint64_t bytes; /* of bodies, whichever way they go */
	uint64_t begun_ns;
	uint64_t ended_ns;
	uint64_t latency_max_ns;
	uint32_t active; /* connections with a request under way */
	char link[LINK_SIZE];
	char error[LINK_SIZE]; /* the first */
	char congestion[32];
	uint64_t histogram[BUCKET_COUNT];
	struct conn conns[CONNECTIONS_MAX];
	uint8_t slice[SLICE_SIZE];
	uint8_t sink[SLICE_SIZE];
} g_load;

static void conn_open(struct conn *conn);
static void conn_turn(struct conn *conn, uint32_t events);
static void request_begin(struct conn *conn);
static void request_send(struct conn *conn);
static void answer_recv(struct conn *conn);
static void answer_end(struct conn *conn);

static void die(const char *what)
{
	(void)fprintf(stderr, "hw_bench_load: %s\n", what);
	exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): there is one thread */
}

static uint64_t now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* -- latency: 64 buckets for each power of two, so that no figure is off by more than 1.6 % -- */

static uint32_t bucket_of(uint64_t ns)
{
	if (ns < BUCKETS_PER_STEP) {
		return (uint32_t)ns;
	}
	uint32_t step = 63U - (uint32_t)__builtin_clzll(ns) - 6U;
	return (step + 1U) * BUCKETS_PER_STEP + (uint32_t)((ns >> step) - BUCKETS_PER_STEP);
}

static double bucket_us(uint32_t bucket)
{
	if (bucket < BUCKETS_PER_STEP) {
		return (double)bucket * 1e-3;
	}
	uint32_t step = bucket / BUCKETS_PER_STEP - 1U;
	uint64_t ns = (uint64_t)(bucket % BUCKETS_PER_STEP + BUCKETS_PER_STEP) << step;
	return (double)ns * 1e-3;
}

static double quantile_us(double share)
{
	uint64_t wanted = (uint64_t)((double)g_load.done * share);
	uint64_t seen = 0;
	for (uint32_t i = 0; i < BUCKET_COUNT; i++) {
		seen += g_load.histogram[i];
		if (seen > wanted) {
			return bucket_us(i);
		}
	}
	return (double)g_load.latency_max_ns * 1e-3;
}

/* -- bodies -- */

static void slice_fill(void)
{
	uint64_t word = UINT64_C(0x9e3779b97f4a7c15);
	for (uint64_t i = 0; i < SLICE_SIZE; i += sizeof(word)) {
		word ^= word << 13;
		word ^= word >> 7;
		word ^= word << 17;
		memcpy(g_load.slice + i, &word, sizeof(word));
	}
}

static void stamp_make(uint8_t *ret_stamp, uint64_t number, uint64_t slice)
{
	uint64_t words[2] = {g_load.options.seed * UINT64_C(0x9e3779b97f4a7c15) + number, slice};
	memcpy(ret_stamp, words, STAMP_SIZE);
}

/* Is what was received at @offset of the body what put sent there? @size may span slices. */
static bool body_verify(const uint8_t *bytes, uint64_t offset, uint64_t size)
{
	uint8_t stamp[STAMP_SIZE];
	for (uint64_t i = 0; i < size;) {
		uint64_t at = (offset + i) % SLICE_SIZE;
		uint64_t limit = at < STAMP_SIZE ? STAMP_SIZE : SLICE_SIZE;
		uint64_t part = limit - at < size - i ? limit - at : size - i;
		stamp_make(stamp, 0, (offset + i) / SLICE_SIZE);
		const uint8_t *wanted = at < STAMP_SIZE ? stamp + at : g_load.slice + at;
		if (memcmp(bytes + i, wanted, part) != 0) {
			return false;
		}
		i += part;
	}
	return true;
}

/* -- connections -- */

static void conn_watch(struct conn *conn, bool wants_out)
{
	if (conn->wants_out == wants_out) {
		return;
	}
	struct epoll_event event = {.events = EPOLLIN | (wants_out ? (uint32_t)EPOLLOUT : 0U),
				    .data.ptr = conn};
	if (epoll_ctl(g_load.epoll, EPOLL_CTL_MOD, conn->fd, &event) < 0) {
		die("epoll_ctl failed");
	}
	conn->wants_out = wants_out;
}

static void conn_open(struct conn *conn)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(g_load.options.port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
	socklen_t size = sizeof(g_load.congestion) - 1;
	int one = 1;
	conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (conn->fd < 0 ||
	    connect(conn->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		die("the server does not answer");
	}
	/* Connecting may take its time; nothing after it may. Every call says MSG_DONTWAIT. */
	if (setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
	    getsockopt(conn->fd, IPPROTO_TCP, TCP_CONGESTION, g_load.congestion, &size) < 0 ||
	    epoll_ctl(g_load.epoll, EPOLL_CTL_ADD, conn->fd, &event) < 0) {
		die("a connection cannot be prepared");
	}
	conn->wants_out = false;
	conn->is_closing = false;
}

static void conn_reopen(struct conn *conn)
{
	(void)close(conn->fd); /* nothing of ours is lost with it */
	g_load.reconnects++;
	conn_open(conn);
}

static void conn_fail(struct conn *conn, const char *what)
{
	if (g_load.errors++ == 0) {
		(void)snprintf(g_load.error, sizeof(g_load.error), "%s (status %d, request %llu)",
			       what, conn->status, (unsigned long long)conn->number);
	}
	g_load.active--;
	conn->state = CONN_IDLE;
	conn_reopen(conn);
}

/* -- requests -- */

static bool is_over(void)
{
	const struct options *options = &g_load.options;
	bool is_late = options->seconds > 0 &&
		       (double)(now_ns() - g_load.begun_ns) * 1e-9 >= options->seconds;
	bool is_enough = options->request_count > 0 && g_load.issued >= options->request_count;
	return is_late || is_enough || g_load.errors >= ERRORS_MAX;
}

static void request_begin(struct conn *conn)
{
	const struct options *options = &g_load.options;
	conn->state = CONN_SENDING;
	conn->number = g_load.issued++;
	conn->sent_size = 0;
	conn->body_offset = 0;
	conn->answer_size = 0;
	conn->status = 0;
	conn->begun_ns = now_ns();
	g_load.active++;
	int size = options->is_put
			   ? snprintf(conn->request, HEAD_SIZE,
				      "PUT %s-%llu HTTP/1.1\r\nHost: bench\r\n"
				      "Content-Length: %llu\r\n\r\n",
				      options->path, (unsigned long long)conn->number,
				      (unsigned long long)options->size)
			   : snprintf(conn->request, HEAD_SIZE,
				      "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", options->path);
	if (size < 0 || size >= (int)HEAD_SIZE) {
		die("the path is too long");
	}
	conn->request_size = (uint32_t)size;
	request_send(conn);
}

/* The next parts of head and body, from sent_size on; returns how many. */
static size_t parts_gather(struct conn *conn, struct iovec *ret_parts,
			   uint8_t (*stamps)[STAMP_SIZE])
{
	const struct options *options = &g_load.options;
	uint64_t size = options->is_put ? options->size : 0;
	uint64_t offset = 0;
	size_t count = 0;
	if (conn->sent_size < conn->request_size) {
		ret_parts[count].iov_base = conn->request + conn->sent_size;
		ret_parts[count++].iov_len = conn->request_size - conn->sent_size;
	} else {
		offset = conn->sent_size - conn->request_size;
	}
	for (uint32_t i = 0; i < SLICES_PER_CALL * 2U && offset < size; i++) {
		uint64_t at = offset % SLICE_SIZE;
		uint8_t *stamp = stamps[i];
		uint64_t limit = at < STAMP_SIZE ? STAMP_SIZE : SLICE_SIZE;
		uint64_t part = limit - at < size - offset ? limit - at : size - offset;
		stamp_make(stamp, conn->number, offset / SLICE_SIZE);
		ret_parts[count].iov_base = at < STAMP_SIZE ? stamp + at : g_load.slice + at;
		ret_parts[count++].iov_len = part;
		offset += part;
	}
	return count;
}

static void request_send(struct conn *conn)
{
	uint8_t stamps[SLICES_PER_CALL * 2U][STAMP_SIZE];
	struct iovec parts[SLICES_PER_CALL * 2U + 1U];
	uint64_t total = conn->request_size + (g_load.options.is_put ? g_load.options.size : 0);
	while (conn->sent_size < total) {
		struct msghdr message = {.msg_iov = parts};
		message.msg_iovlen = parts_gather(conn, parts, stamps);
		ssize_t sent = sendmsg(conn->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN) {
			conn_watch(conn, true);
			return;
		}
		if (sent < 0) {
			conn_fail(conn, "the connection broke while the request was sent");
			return;
		}
		conn->sent_size += (uint64_t)sent;
	}
	conn_watch(conn, false);
	conn->state = CONN_HEAD;
}

/* -- answers -- */

/* The value of a field of the head, or NULL. Only what servers of ours and nginx write is read. */
static const char *field_find(const char *head, const char *name)
{
	for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) == 0) {
			return line + strlen(name);
		}
	}
	return NULL;
}

/* The first link, for whoever wants to fetch it: the path of Location. */
static void link_keep(const char *head)
{
	const char *location = field_find(head, "Location: ");
	if (location == NULL || g_load.link[0] != '\0') {
		return;
	}
	const char *scheme = strstr(location, "://");
	const char *end = strstr(location, "\r\n");
	if (scheme != NULL && scheme < end) {
		location = strchr(scheme + 3, '/');
	}
	if (location != NULL && location < end && (size_t)(end - location) < LINK_SIZE) {
		memcpy(g_load.link, location, (size_t)(end - location));
	}
}

/* The head is complete: what does it say, and how much of the body came with it? */
static void head_done(struct conn *conn, const char *end)
{
	const char *size = field_find(conn->answer, "Content-Length: ");
	const char *connection = field_find(conn->answer, "Connection: ");
	uint64_t kept = conn->answer_size - (uint64_t)(end - conn->answer);
	conn->is_closing = connection != NULL && strncasecmp(connection, "close", 5) == 0;
	if (strncmp(conn->answer, "HTTP/1.1 ", 9) == 0) {
		conn->status = (int)strtoul(conn->answer + 9, NULL, 10);
	}
	bool is_early =
		conn->sent_size < conn->request_size + g_load.options.size && g_load.options.is_put;
	if (conn->status < 200 || conn->status > 299 || size == NULL || is_early) {
		conn_fail(conn, is_early ? "answered before the body was sent" : "a bad answer");
		return;
	}
	conn->body_size = strtoull(size, NULL, 10);
	link_keep(conn->answer);
	if (kept > conn->body_size ||
	    (g_load.options.is_verified && !body_verify((const uint8_t *)end, 0, kept))) {
		conn_fail(conn, "wrong bytes");
		return;
	}
	conn->body_offset = kept;
	conn->state = CONN_BODY;
	if (conn->body_offset == conn->body_size) {
		answer_end(conn);
	}
}

static void head_recv(struct conn *conn)
{
	size_t room = sizeof(conn->answer) - 1 - conn->answer_size;
	ssize_t got = recv(conn->fd, conn->answer + conn->answer_size, room, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN) {
		return;
	}
	if (got <= 0) {
		conn_fail(conn, room == 0 ? "a head too long" : "closed before the answer");
		return;
	}
	conn->answer_size += (uint32_t)got;
	conn->answer[conn->answer_size] = '\0';
	const char *end = strstr(conn->answer, "\r\n\r\n");
	if (end != NULL) {
		head_done(conn, end + 4);
	}
}

static void body_recv(struct conn *conn)
{
	uint64_t left = conn->body_size - conn->body_offset;
	ssize_t got =
		recv(conn->fd, g_load.sink, left < SLICE_SIZE ? left : SLICE_SIZE, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN) {
		return;
	}
	if (got <= 0) {
		conn_fail(conn, "closed before the end of the body");
		return;
	}
	if (g_load.options.is_verified &&
	    !body_verify(g_load.sink, conn->body_offset, (uint64_t)got)) {
		conn_fail(conn, "wrong bytes");
		return;
	}
	conn->body_offset += (uint64_t)got;
	if (conn->body_offset == conn->body_size) {
		answer_end(conn);
	}
}

static void answer_recv(struct conn *conn)
{
	if (conn->state == CONN_BODY) {
		body_recv(conn);
	} else if (conn->state == CONN_IDLE) {
		/* The run is over for it; a server may close idle connections. */
		(void)epoll_ctl(g_load.epoll, EPOLL_CTL_DEL, conn->fd, NULL);
	} else {
		head_recv(conn);
	}
}

static void answer_end(struct conn *conn)
{
	uint64_t now = now_ns();
	uint64_t latency = now - conn->begun_ns;
	uint32_t bucket = bucket_of(latency);
	g_load.histogram[bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1U]++;
	g_load.latency_max_ns = latency > g_load.latency_max_ns ? latency : g_load.latency_max_ns;
	g_load.done++;
	g_load.active--;
	g_load.bytes += g_load.options.is_put ? g_load.options.size : conn->body_size;
	g_load.ended_ns = now;
	conn->state = CONN_IDLE;
	if (conn->is_closing) {
		conn_reopen(conn);
	}
}

/* -- the run -- */

/* One event of a connection, then its next requests: more than one only if they fail at once. */
static void conn_turn(struct conn *conn, uint32_t events)
{
	if ((events & EPOLLOUT) != 0 && conn->state == CONN_SENDING) {
		request_send(conn);
	} else if (events != 0) {
		answer_recv(conn);
	}
	while (conn->state == CONN_IDLE && !is_over()) {
		request_begin(conn);
	}
}

static void run(void)
{
	struct epoll_event events[64];
	g_load.begun_ns = now_ns();
	g_load.ended_ns = g_load.begun_ns;
	for (uint32_t i = 0; i < g_load.options.connection_count; i++) {
		conn_turn(&g_load.conns[i], 0);
	}
	while (g_load.active > 0) {
		int count = epoll_wait(g_load.epoll, events, 64, PATIENCE_MS);
		if (count <= 0) {
			die("nothing moves any more: the server hangs");
		}
		for (int i = 0; i < count; i++) {
			conn_turn(events[i].data.ptr, events[i].events);
		}
	}
}

static double cpu_s(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void report_print(void)
{
	double seconds = (double)(g_load.ended_ns - g_load.begun_ns) * 1e-9;
	(void)printf("{\"requests\": %llu, \"errors\": %llu, \"reconnects\": %llu, "
		     "\"bytes\": %llu, \"seconds\": %.6f, \"cpu_s\": %.6f,\n",
		     (unsigned long long)g_load.done, (unsigned long long)g_load.errors,
		     (unsigned long long)g_load.reconnects, (unsigned long long)g_load.bytes,
		     seconds, cpu_s());
	(void)printf(" \"latency_us\": {\"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
		     "\"p999\": %.1f, \"max\": %.1f},\n",
		     quantile_us(0.5), quantile_us(0.9), quantile_us(0.99), quantile_us(0.999),
		     (double)g_load.latency_max_ns * 1e-3);
	(void)printf(" \"congestion\": \"%s\", \"link\": \"%s\", \"error\": \"%s\"}\n",
		     g_load.congestion, g_load.link, g_load.error);
}

static bool option_set(struct options *options, const char *name, const char *value)
{
	char *end = NULL;
	double number = strtod(value, &end);
	bool is_number = end != value && *end == '\0' && number >= 0;
	if (strcmp(name, "--path") == 0) {
		options->path = value;
		return value[0] == '/';
	}
	if (strcmp(name, "--port") == 0) {
		options->port = (uint16_t)number;
	} else if (strcmp(name, "--connections") == 0) {
		options->connection_count = (uint32_t)number;
	} else if (strcmp(name, "--requests") == 0) {
		options->request_count = (uint64_t)number;
	} else if (strcmp(name, "--size") == 0) {
		options->size = (uint64_t)number;
	} else if (strcmp(name, "--seed") == 0) {
		options->seed = (uint64_t)number;
	} else if (strcmp(name, "--seconds") == 0) {
		options->seconds = number;
	} else {
		return false;
	}
	return is_number;
}

static bool options_parse(struct options *options, int argc, char **argv)
{
	if (argc < 2 || (strcmp(argv[1], "put") != 0 && strcmp(argv[1], "get") != 0)) {
		return false;
	}
	*options = (struct options){.is_put = strcmp(argv[1], "put") == 0, .connection_count = 1};
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--verify") == 0) {
			options->is_verified = !options->is_put;
		} else if (i + 1 < argc && option_set(options, argv[i], argv[i + 1])) {
			i++;
		} else {
			return false;
		}
	}
	return options->path != NULL && options->port != 0 && options->connection_count > 0 &&
	       options->connection_count <= CONNECTIONS_MAX &&
	       (options->request_count > 0 || options->seconds > 0);
}

int main(int argc, char **argv)
{
	if (!options_parse(&g_load.options, argc, argv)) {
		die("put|get --port P --path /PATH [--connections N] [--requests N | --seconds S] "
		    "[--size BYTES] [--seed N] [--verify]");
	}
	slice_fill();
	g_load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (g_load.epoll < 0) {
		die("epoll_create1 failed");
	}
	for (uint32_t i = 0; i < g_load.options.connection_count; i++) {
		conn_open(&g_load.conns[i]);
	}
	run();
	report_print();
	return g_load.errors == 0 && g_load.done > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
