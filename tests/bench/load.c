/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_bench_load - connections that ask without a pause; what they saw, as JSON
 *
 * Usage: hw_bench_load put|get|tus|follow|body --port P --path PATH [--connections N]
 *                      [--requests N] [--seconds S] [--size BYTES] [--seed N] [--field LINE]
 *                      [--verify] [--tls]
 *
 *	main -> options_parse -> run -> conn_turn -> result_take -> tus_take
 *	     -> report_print		      \-> request_begin -> put_begin, get_begin, tus_begin
 *
 * put	  request n goes to PATH-n, with body n of --size bytes
 * get	  PATH again and again, of --size bytes; --verify: it must be body 0 of --seed
 * tus	  an upload of --size bytes is created at PATH and sent in pieces, each a request
 * follow one connection PUTs body 0 to PATH, another GETs it from when it has begun: time zero
 * body	  body 0 goes to the standard output, for tools that compare
 *
 * One thread and one epoll, so that one core is enough for the load and its own cost is the same
 * for every server. Connections that a server closes are opened again; an answer that is not
 * 2xx, or short, is an error, and too many errors end the run.
 */
#include "tests/bench/body.h"
#include "tests/bench/conn.h"
#include "tests/bench/latency.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define CONNECTIONS_MAX  1024U
#define ERRORS_MAX       100U
#define PATIENCE_MS      60000 /* nothing moves on any connection: the server hangs */
#define PATH_SIZE        512U
#define FIELDS_SIZE      512U
#define PIECE_SIZE       (UINT64_C(16) << 20) /* of an upload by tus */
#define FOLLOW_HEAD_SIZE UINT64_C(4096)       /* sent before the receiver asks */
#define FOLLOW_HEAD_MS   100

enum verb { VERB_PUT, VERB_GET, VERB_TUS, VERB_FOLLOW, VERB_BODY, VERB_COUNT };

static const char *const g_verbs[VERB_COUNT] = {"put", "get", "tus", "follow", "body"};

struct options {
	enum verb verb;
	bool is_verified;
	bool has_tls;
	uint16_t port;
	const char *path;
	uint32_t connection_count;
	uint64_t request_count; /* 0: as many as fit the time; of tus: uploads */
	uint64_t size;
	uint64_t seed;
	double seconds; /* 0: as long as the requests take */
	char fields[FIELDS_SIZE];
};

/* One connection, and the upload that it is at. */
struct worker {
	struct hw_conn conn; /* first: epoll knows its address */
	bool is_getting;
	bool has_upload; /* tus: it was created, and is not complete */
	uint64_t number; /* of the request, or of the upload */
	uint64_t offset; /* tus: that the server has */
	char upload[PATH_SIZE];
};

/* All of a run. Static and not on the stack, for its size. */
static struct load {
	struct options options;
	int epoll;
	uint32_t active; /* workers with a request under way */
	uint64_t issued;
	uint64_t done;
	uint64_t errors;
	uint64_t reconnects;
	uint64_t bytes; /* of bodies, whichever way they go */
	uint64_t begun_ns;
	uint64_t ended_ns;
	char link[PATH_SIZE];  /* the first that an answer gave */
	char error[PATH_SIZE]; /* the first */
	char congestion[32];
	struct hw_latency latency;
	struct worker workers[CONNECTIONS_MAX];
} g_load;

static void worker_turn(struct worker *worker, uint32_t events);
static void result_take(struct worker *worker);
static void request_begin(struct worker *worker);

static void die(const char *what)
{
	(void)fprintf(stderr, "hw_bench_load: %s\n", what);
	exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): there is one thread */
}

static bool is_over(void)
{
	const struct options *options = &g_load.options;
	bool is_late = options->seconds > 0 &&
		       (double)(hw_conn_now_ns() - g_load.begun_ns) * 1e-9 >= options->seconds;
	bool is_enough = options->request_count > 0 && g_load.issued >= options->request_count;
	return is_late || is_enough || g_load.errors >= ERRORS_MAX;
}

/* -- requests -- */

static void put_begin(struct worker *worker)
{
	char path[PATH_SIZE];
	(void)snprintf(path, PATH_SIZE, "%s-%llu", g_load.options.path,
		       (unsigned long long)worker->number);
	hw_conn_begin(&worker->conn, &(struct hw_request){.method = "PUT",
							  .path = path,
							  .fields = g_load.options.fields,
							  .has_body = true,
							  .number = worker->number,
							  .body_end = g_load.options.size});
}

static void get_begin(struct worker *worker, const char *path)
{
	hw_conn_begin(&worker->conn,
		      &(struct hw_request){.method = "GET",
					   .path = path,
					   .fields = g_load.options.fields,
					   .is_verified = g_load.options.is_verified});
}

static void tus_create(struct worker *worker)
{
	char fields[FIELDS_SIZE * 2U];
	(void)snprintf(fields, sizeof(fields), "%sTus-Resumable: 1.0.0\r\nUpload-Length: %llu\r\n",
		       g_load.options.fields, (unsigned long long)g_load.options.size);
	hw_conn_begin(&worker->conn, &(struct hw_request){.method = "POST",
							  .path = g_load.options.path,
							  .fields = fields,
							  .has_body = true});
}

static void tus_begin(struct worker *worker)
{
	uint64_t left = g_load.options.size - worker->offset;
	char fields[FIELDS_SIZE];
	(void)snprintf(fields, sizeof(fields),
		       "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
		       "Upload-Offset: %llu\r\n",
		       (unsigned long long)worker->offset);
	hw_conn_begin(&worker->conn,
		      &(struct hw_request){.method = "PATCH",
					   .path = worker->upload,
					   .fields = fields,
					   .has_body = true,
					   .number = worker->number,
					   .body_offset = worker->offset,
					   .body_end = worker->offset +
						       (left < PIECE_SIZE ? left : PIECE_SIZE)});
}

static void request_begin(struct worker *worker)
{
	g_load.active++;
	if (worker->has_upload) {
		tus_begin(worker);
		return;
	}
	worker->number = g_load.issued++;
	if (g_load.options.verb == VERB_TUS) {
		tus_create(worker);
	} else if (g_load.options.verb == VERB_PUT) {
		put_begin(worker);
	} else {
		get_begin(worker, g_load.options.path);
	}
}

/* -- answers -- */

/* The path of Location, which may be a whole address. */
static void location_copy(const struct hw_conn *conn, char *ret_path)
{
	const char *location = hw_conn_field(conn, "Location: ");
	if (location == NULL) {
		return;
	}
	const char *end = strstr(location, "\r\n");
	const char *scheme = strstr(location, "://");
	if (scheme != NULL && scheme < end) {
		location = strchr(scheme + 3, '/');
	}
	if (location != NULL && location < end && (size_t)(end - location) < PATH_SIZE) {
		memcpy(ret_path, location, (size_t)(end - location));
		ret_path[end - location] = '\0';
	}
}

/* An upload that was created is no request: it counts when bytes go. Was this one? */
static bool tus_take(struct worker *worker)
{
	if (!worker->has_upload) {
		worker->has_upload = true;
		worker->offset = 0;
		location_copy(&worker->conn, worker->upload);
		return true;
	}
	worker->offset = worker->conn.body_end;
	worker->has_upload = worker->offset < g_load.options.size;
	return false;
}

static void failure_take(struct worker *worker)
{
	if (g_load.errors++ == 0) {
		(void)snprintf(g_load.error, sizeof(g_load.error), "%s (status %d, request %llu)",
			       worker->conn.error, worker->conn.status,
			       (unsigned long long)worker->number);
	}
	worker->has_upload = false;
}

static void success_take(struct worker *worker)
{
	struct hw_conn *conn = &worker->conn;
	bool is_whole = g_load.options.size == 0 || conn->answer_size == g_load.options.size;
	if ((g_load.options.verb == VERB_GET || worker->is_getting) && !is_whole) {
		conn->error = "another size than was asked for";
		failure_take(worker);
		return;
	}
	g_load.ended_ns = hw_conn_now_ns();
	if (g_load.link[0] == '\0') {
		location_copy(conn, g_load.link);
	}
	if (g_load.options.verb == VERB_TUS && tus_take(worker)) {
		return;
	}
	hw_latency_add(&g_load.latency, g_load.ended_ns - conn->begun_ns);
	g_load.done++;
	if (g_load.options.verb == VERB_GET || worker->is_getting) {
		g_load.bytes += conn->answer_size;
	} else if (g_load.options.verb != VERB_FOLLOW) {
		g_load.bytes += conn->body_end - conn->body_begin;
	}
}

/* A request is over, well or not. */
static void result_take(struct worker *worker)
{
	bool is_broken = worker->conn.state == HW_CONN_FAILED;
	g_load.active--;
	if (is_broken) {
		failure_take(worker);
	} else {
		success_take(worker);
	}
	worker->conn.state = HW_CONN_IDLE;
	if (is_broken || worker->conn.is_closing) {
		g_load.reconnects++;
		if (hw_conn_reopen(&worker->conn) < 0) {
			die("the server does not answer any more");
		}
	}
}

/* -- the run -- */

/* One event of a connection, then its next requests: more than one only if they fail at once. */
static void worker_turn(struct worker *worker, uint32_t events)
{
	struct hw_conn *conn = &worker->conn;
	if (events != 0) {
		hw_conn_turn(conn, events);
	}
	while (conn->state == HW_CONN_IDLE || conn->state == HW_CONN_DONE ||
	       conn->state == HW_CONN_FAILED) {
		if (conn->state != HW_CONN_IDLE) {
			result_take(worker);
		} else if (g_load.options.verb == VERB_FOLLOW ||
			   (is_over() && !worker->has_upload)) {
			break;
		} else {
			request_begin(worker);
		}
	}
}

static void loop(void)
{
	struct epoll_event events[64];
	while (g_load.active > 0) {
		int count = epoll_wait(g_load.epoll, events, 64, PATIENCE_MS);
		if (count <= 0) {
			die("nothing moves any more: the server hangs");
		}
		for (int i = 0; i < count; i++) {
			worker_turn(events[i].data.ptr, events[i].events);
		}
	}
}

static void run(void)
{
	g_load.begun_ns = hw_conn_now_ns();
	g_load.ended_ns = g_load.begun_ns;
	for (uint32_t i = 0; i < g_load.options.connection_count; i++) {
		worker_turn(&g_load.workers[i], 0);
	}
	loop();
}

/* The receiver comes when the server knows that there is a file. */
static void run_follow(void)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_HEAD_MS * 1000000L};
	struct worker *sender = &g_load.workers[0];
	struct worker *receiver = &g_load.workers[1];
	receiver->is_getting = true;
	g_load.active = 2;
	hw_conn_begin(&sender->conn, &(struct hw_request){.method = "PUT",
							  .path = g_load.options.path,
							  .fields = g_load.options.fields,
							  .has_body = true,
							  .body_hold = FOLLOW_HEAD_SIZE,
							  .body_end = g_load.options.size});
	(void)nanosleep(&pause, NULL); /* cut short by nothing */
	g_load.begun_ns = hw_conn_now_ns();
	get_begin(receiver, g_load.options.path);
	hw_conn_hold(&sender->conn, UINT64_MAX);
	loop();
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
	const struct hw_latency *latency = &g_load.latency;
	(void)printf("{\"requests\": %llu, \"errors\": %llu, \"reconnects\": %llu, "
		     "\"bytes\": %llu, \"seconds\": %.6f, \"cpu_s\": %.6f,\n",
		     (unsigned long long)g_load.done, (unsigned long long)g_load.errors,
		     (unsigned long long)g_load.reconnects, (unsigned long long)g_load.bytes,
		     seconds, cpu_s());
	(void)printf(" \"latency_us\": {\"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
		     "\"p999\": %.1f, \"max\": %.1f},\n",
		     hw_latency_quantile_us(latency, 0.5), hw_latency_quantile_us(latency, 0.9),
		     hw_latency_quantile_us(latency, 0.99), hw_latency_quantile_us(latency, 0.999),
		     (double)latency->max_ns * 1e-3);
	(void)printf(" \"congestion\": \"%s\", \"link\": \"%s\", \"error\": \"%s\"}\n",
		     g_load.congestion, g_load.link, g_load.error);
}

/* -- the options -- */

static bool text_set(struct options *options, const char *name, const char *value)
{
	if (strcmp(name, "--path") == 0) {
		options->path = value;
		return value[0] == '/';
	}
	if (strcmp(name, "--field") == 0) {
		int size = snprintf(options->fields, FIELDS_SIZE, "%s\r\n", value);
		return size > 0 && size < (int)FIELDS_SIZE;
	}
	return false;
}

static bool number_set(struct options *options, const char *name, const char *value)
{
	char *end = NULL;
	double number = strtod(value, &end);
	if (end == value || *end != '\0' || number < 0) {
		return false;
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
	return true;
}

static bool verb_set(struct options *options, const char *name)
{
	for (uint32_t i = 0; i < VERB_COUNT; i++) {
		if (strcmp(g_verbs[i], name) == 0) {
			options->verb = (enum verb)i;
			return true;
		}
	}
	return false;
}

static bool options_parse(struct options *options, int argc, char **argv)
{
	options->connection_count = 1;
	if (argc < 2 || !verb_set(options, argv[1])) {
		return false;
	}
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--verify") == 0) {
			options->is_verified = true;
		} else if (strcmp(argv[i], "--tls") == 0) {
			options->has_tls = true;
		} else if (i + 1 < argc && (text_set(options, argv[i], argv[i + 1]) ||
					    number_set(options, argv[i], argv[i + 1]))) {
			i++;
		} else {
			return false;
		}
	}
	if (options->verb == VERB_FOLLOW) {
		options->connection_count = 2;
		options->request_count = 1;
	}
	bool is_network = options->path != NULL && options->port != 0 &&
			  options->connection_count > 0 &&
			  options->connection_count <= CONNECTIONS_MAX &&
			  (options->request_count > 0 || options->seconds > 0);
	return is_network || options->verb == VERB_BODY;
}

static void connections_open(void)
{
	if (!hw_wire_init(g_load.options.port, g_load.options.has_tls)) {
		die("TLS cannot be set up");
	}
	g_load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (g_load.epoll < 0) {
		die("epoll_create1 failed");
	}
	for (uint32_t i = 0; i < g_load.options.connection_count; i++) {
		if (hw_conn_open(&g_load.workers[i].conn, g_load.epoll) < 0) {
			die("the server does not answer, or does not speak TLS as it should");
		}
	}
	hw_wire_congestion(&g_load.workers[0].conn.wire, g_load.congestion,
			   sizeof(g_load.congestion));
}

int main(int argc, char **argv)
{
	if (!options_parse(&g_load.options, argc, argv)) {
		die("put|get|tus|follow|body --port P --path /PATH [--connections N] "
		    "[--requests N | --seconds S] [--size BYTES] [--seed N] [--field LINE] "
		    "[--verify] [--tls]");
	}
	hw_body_init(g_load.options.seed);
	if (g_load.options.verb == VERB_BODY) {
		return hw_body_print(0, g_load.options.size) ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	connections_open();
	if (g_load.options.verb == VERB_FOLLOW) {
		run_follow();
	} else {
		run();
	}
	report_print();
	return g_load.errors == 0 && g_load.done > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
