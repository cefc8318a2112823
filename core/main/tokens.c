/* SPDX-License-Identifier: Apache-2.0
 *
 *   hw_tokens_load -> file_read -> hw_tokens_parse
 *   hw_tokens_new  -> dir_open (and lock) -> token_add -> file_read, parse, token_make, file_write
 *                  -> print
 */
#include "core/main/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/main/sandbox.h"
#include "core/main/whole_file.h"
#include "net/wire/base64.h"

struct text {
	char bytes[HW_TOKENS_SIZE_MAX];
	uint32_t size;
};

static int say(char *ret_message, int error)
{
	(void)snprintf(ret_message, HW_TOKENS_MESSAGE_SIZE, "%s: %s", HW_TOKENS_FILE,
		       strerrordesc_np(-error)); /* cut is fine */
	return error;
}

/* All of it; nothing when there is no file. Returns 0 or -errno. */
static int file_read(int dir_fd, struct text *ret_text)
{
	ret_text->size = 0;
	int fd = openat(dir_fd, HW_TOKENS_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	ssize_t r = 0;
	do {
		r = read(fd, ret_text->bytes + ret_text->size, HW_TOKENS_SIZE_MAX - ret_text->size);
		ret_text->size += r > 0 ? (uint32_t)r : 0;
	} while ((r > 0 && ret_text->size < HW_TOKENS_SIZE_MAX) || (r < 0 && errno == EINTR));
	int error = r < 0 ? -errno : 0;
	(void)close(fd); /* was only read */
	if (error == 0 && ret_text->size == HW_TOKENS_SIZE_MAX) {
		return -EFBIG;
	}
	return error;
}

static int text_parse(const struct text *text, struct hw_tokens *ret_tokens, char *ret_message)
{
	uint32_t line = 0;
	const char *reason =
		hw_tokens_parse((struct hw_span){text->bytes, text->size}, ret_tokens, &line);
	if (reason == NULL) {
		return 0;
	}
	(void)snprintf(ret_message, HW_TOKENS_MESSAGE_SIZE, "%s:%u: %s", HW_TOKENS_FILE, line,
		       reason); /* fits */
	return -EINVAL;
}

int hw_tokens_load(int dir_fd, struct hw_tokens *ret_tokens, char *ret_message)
{
	static struct text text; /* main's alone, and too large for a stack */
	int r = file_read(dir_fd, &text);
	return r < 0 ? say(ret_message, r) : text_parse(&text, ret_tokens, ret_message);
}

/* -- a new one -- */

/* A whole file takes the place of the old one, or none does. */
static int file_write(int dir_fd, const struct text *text)
{
	/* Root may run this for a daemon that is not root, and must leave it the file. */
	int r = hw_whole_file_write(dir_fd, HW_TOKENS_FILE, text->bytes, text->size, dir_fd);
	return r == 0 && fsync(dir_fd) < 0 ? -errno : r;
}

/* The name that was asked for, or operator-1, operator-2... Returns false when it is taken. */
static bool name_choose(const struct hw_tokens *tokens, const char *kind, const char *wanted,
			struct hw_token *token)
{
	char name[HW_TOKEN_NAME_SIZE_MAX + 1];
	for (uint32_t i = 1; i <= HW_TOKEN_COUNT_MAX; i++) {
		int size = wanted != NULL ? snprintf(name, sizeof(name), "%s", wanted)
					  : snprintf(name, sizeof(name), "%s-%u", kind, i);
		hw_assert(size > 0 && size <= (int)HW_TOKEN_NAME_SIZE_MAX); /* was looked at */
		struct hw_span span = {name, (uint32_t)size};
		if (hw_tokens_find_name(tokens, span) == NULL) {
			memcpy(token->name, name, span.size);
			token->name_size = span.size;
			return true;
		}
		if (wanted != NULL) {
			break;
		}
	}
	return false;
}

static int text_append(struct text *text, const char *bytes, uint32_t size)
{
	if (text->size + size >= HW_TOKENS_SIZE_MAX) {
		return -EFBIG;
	}
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
	return 0;
}

/* @ret_token: the HW_TOKEN_SIZE bytes that nobody can make again. */
static int token_add(int dir_fd, const struct hw_config *config, uint8_t *ret_token,
		     char *ret_message)
{
	static struct text text;
	static struct hw_tokens tokens;
	struct hw_token token = {.kind = hw_token_kind_of(hw_span_of(config->new_token)),
				 .created_s = hw_clock_wall_ms() / 1000};
	char line[HW_TOKEN_LINE_SIZE];
	int r = file_read(dir_fd, &text);
	if (r < 0) {
		return say(ret_message, r);
	}
	r = text_parse(&text, &tokens, ret_message);
	if (r < 0) {
		return r;
	}
	if (tokens.count == HW_TOKEN_COUNT_MAX ||
	    !name_choose(&tokens, config->new_token, config->token_name, &token)) {
		return say(ret_message, tokens.count == HW_TOKEN_COUNT_MAX ? -ENOSPC : -EEXIST);
	}
	hw_random_bytes(ret_token, HW_TOKEN_SIZE);
	hw_sha256(ret_token, HW_TOKEN_SIZE, &token.hash);
	bool has_end = text.size == 0 || text.bytes[text.size - 1] == '\n';
	r = has_end ? 0 : text_append(&text, "\n", 1);
	if (r == 0) {
		r = text_append(&text, line, hw_token_print(&token, line));
	}
	if (r == 0) {
		r = file_write(dir_fd, &text);
	}
	return r < 0 ? say(ret_message, r) : 0;
}

/* The data directory, made where the daemon would make it, and ours until it is closed: two who add
 * a token at once must not lose one. */
static int dir_open(const struct hw_config *config)
{
	struct hw_sandbox_user user;
	bool is_new = mkdir(config->data_dir, 0700) == 0;
	if (is_new && getuid() == 0 && config->user[0] != '\0') {
		int r = hw_sandbox_user_find(config->user, &user);
		if (r < 0) {
			return r;
		}
		if (chown(config->data_dir, user.uid, user.gid) < 0) {
			return -errno;
		}
	}
	int fd = open(config->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) < 0) {
		int error = -errno;
		(void)close(fd); /* read only */
		return error;
	}
	return fd < 0 ? -errno : fd;
}

int hw_tokens_new(const struct hw_config *config)
{
	uint8_t token[HW_TOKEN_SIZE];
	char text[HW_TOKEN_TEXT_SIZE];
	char message[HW_TOKENS_MESSAGE_SIZE] = "";
	int dir_fd = dir_open(config);
	if (dir_fd < 0) {
		(void)fprintf(stderr, "hawserd: %s: %s\n", config->data_dir,
			      strerrordesc_np(-dir_fd));
		return EXIT_FAILURE;
	}
	int r = token_add(dir_fd, config, token, message);
	(void)close(dir_fd); /* the lock ends with it */
	if (r < 0) {
		(void)fprintf(stderr, "hawserd: %s/%s\n", config->data_dir, message);
		return EXIT_FAILURE;
	}
	hw_base64url_encode(token, HW_TOKEN_SIZE, text);
	int size = printf("%.*s\n", (int)sizeof(text), text);
	explicit_bzero(token, sizeof(token));
	explicit_bzero(text, sizeof(text));
	return size < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
