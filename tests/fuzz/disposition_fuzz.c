/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a Content-Disposition is read inside its bytes; a name that was found is found again when
 * it is said in any other way.
 *
 * Method: the input as a value; what came out, quoted and percent-escaped, read once more.
 */
#include <stdlib.h>

#include "core/base/error.h"
#include "net/wire/disposition.h"
#include "net/wire/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME_MAX_SIZE 255U

static void again(const char *text, uint32_t text_size, const char *name, int name_size)
{
	char other[NAME_MAX_SIZE];
	struct hw_span value = {text, text_size};
	hw_assert(hw_disposition_filename(value, other, sizeof(other)) == name_size);
	hw_assert(memcmp(other, name, (size_t)name_size) == 0);
}

static void said_again(const char *name, int size)
{
	static const char quoted[] = "inline; filename=\"";
	static const char escaped[] = "inline; filename=x; filename*=UTF-8''";
	char text[sizeof(escaped) + 3 * NAME_MAX_SIZE + 2];
	uint32_t at = sizeof(quoted) - 1;
	memcpy(text, quoted, at);
	for (int i = 0; i < size; i++) {
		text[at++] = '\\';
		text[at++] = name[i];
	}
	text[at++] = '"';
	again(text, at, name, size);
	at = sizeof(escaped) - 1;
	memcpy(text, escaped, at);
	int more = hw_uri_encode((struct hw_span){name, (uint32_t)size}, text + at,
				 (uint32_t)sizeof(text) - at);
	hw_assert(more >= 0);
	again(text, at + (uint32_t)more, name, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[NAME_MAX_SIZE];
	if (size > 4096) {
		return 0;
	}
	char *copy = malloc(size == 0 ? 1 : size);
	hw_assert(copy != NULL);
	memcpy(copy, data, size);
	struct hw_span value = {copy, (uint32_t)size};
	int r = hw_disposition_filename(value, name, sizeof(name));
	hw_assert(r >= 0 || r == -ENOENT || r == -EINVAL || r == -ENAMETOOLONG);
	hw_assert(r <= (int)sizeof(name));
	if (r > 0) {
		said_again(name, r);
	}
	free(copy);
	return 0;
}
