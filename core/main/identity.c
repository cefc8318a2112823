/* SPDX-License-Identifier: Apache-2.0
 *
 *   load -> file_read -+-> (is there) it is
 *                      +-> (is not)   make -> file_write: whole and durable, or not at all
 */
#include "core/main/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/main/whole_file.h"
#include "net/wire/base32.h"

#define BYTES_SIZE 16U
#define FILE_SIZE  (HW_IDENTITY_TEXT_SIZE + 1) /* with a newline, for who looks at it */

static_assert(HW_IDENTITY_TEXT_SIZE == HW_BASE32_SIZE(BYTES_SIZE), "the file is that text");

/* Returns 0, -ENOENT, -EBADMSG or -errno. */
static int file_read(int dir_fd, char *ret_text)
{
	char bytes[FILE_SIZE + 1];
	uint8_t id[BYTES_SIZE];
	int fd = openat(dir_fd, HW_IDENTITY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return -errno;
	}
	ssize_t size = read(fd, bytes, sizeof(bytes));
	int r = size < 0 ? -errno : 0;
	(void)close(fd); /* was only read */
	if (r < 0) {
		return r;
	}
	struct hw_span text = {bytes, HW_IDENTITY_TEXT_SIZE};
	if (size != FILE_SIZE || bytes[HW_IDENTITY_TEXT_SIZE] != '\n' ||
	    hw_base32_decode(text, id, sizeof(id)) < 0) {
		return -EBADMSG;
	}
	memcpy(ret_text, bytes, HW_IDENTITY_TEXT_SIZE);
	ret_text[HW_IDENTITY_TEXT_SIZE] = '\0';
	return 0;
}

static int file_write(int dir_fd, const char *bytes)
{
	int r = hw_whole_file_write(dir_fd, HW_IDENTITY_FILE, bytes, FILE_SIZE, -1);
	return r == 0 && fsync(dir_fd) < 0 ? -errno : r;
}

int hw_identity_load(int dir_fd, char *ret_text)
{
	int r = file_read(dir_fd, ret_text);
	if (r != -ENOENT) {
		return r;
	}
	uint8_t id[BYTES_SIZE];
	char bytes[FILE_SIZE];
	hw_random_bytes(id, sizeof(id));
	hw_base32_encode(id, sizeof(id), bytes);
	bytes[HW_IDENTITY_TEXT_SIZE] = '\n';
	r = file_write(dir_fd, bytes);
	if (r < 0) {
		return r;
	}
	memcpy(ret_text, bytes, HW_IDENTITY_TEXT_SIZE);
	ret_text[HW_IDENTITY_TEXT_SIZE] = '\0';
	return 0;
}
