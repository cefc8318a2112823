/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: nobody but a trusted proxy can say who the client is: what stands to the left of the first
 * stranger changes nothing, and addresses and networks are read inside their bytes.
 *
 * Method: the input is what a stranger sent; a trusted proxy then appends the stranger's address,
 * in a line of its own and in the stranger's line, and that must be the answer. Besides, the input
 * as it is, as an address, and as a set of networks.
 */
#include "net/wire/forwarded.h"
#include "net/wire/http_host.h"
#include "tests/fuzz/fields.h"

#define STRANGER       "192.0.2.77"
#define INPUT_SIZE_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hw_address address_of(const char *text)
{
	struct hw_address address;
	hw_assert(hw_address_parse(hw_span_of(text), &address) == 0);
	return address;
}

static bool read_as(const uint8_t *data, size_t size, enum hw_forwarded_kind kind,
		    struct hw_address *ret_client)
{
	struct fields fields;
	struct hw_cidr_set trusted;
	struct hw_forwarded forwarded;
	hw_assert(hw_cidr_set_parse(HW_SPAN("10.0.0.0/8, fd00::/8"), &trusted) == 0);
	struct hw_address proxy = address_of("10.0.0.1");
	if (!fields_make(&fields, "GET /", data, size)) {
		return false;
	}
	hw_forwarded_read(&fields.parser.request, fields.bytes, kind, &proxy, &trusted, &forwarded);
	hw_assert(forwarded.host.size == 0 || hw_http_host_is_plain(forwarded.host));
	*ret_client = forwarded.client;
	struct hw_address stranger = address_of("203.0.113.5");
	hw_forwarded_read(&fields.parser.request, fields.bytes, kind, &stranger, &trusted,
			  &forwarded);
	hw_assert(memcmp(&forwarded.client, &stranger, sizeof(stranger)) == 0);
	hw_assert(forwarded.host.size == 0 && forwarded.scheme.size == 0);
	fields_free(&fields);
	return true;
}

static void appended_check(const uint8_t *data, size_t size, const char *appended,
			   enum hw_forwarded_kind kind)
{
	uint8_t *all = malloc(size + strlen(appended));
	hw_assert(all != NULL);
	memcpy(all, data, size);
	memcpy(all + size, appended, strlen(appended));
	struct hw_address client;
	struct hw_address stranger = address_of(STRANGER);
	if (read_as(all, size + strlen(appended), kind, &client)) {
		hw_assert(memcmp(&client, &stranger, sizeof(stranger)) == 0);
	}
	free(all);
}

static void texts_check(struct hw_span text)
{
	struct hw_address address;
	struct hw_address again;
	struct hw_cidr_set set;
	if (hw_address_parse(text, &address) == 0) {
		char written[HW_ADDRESS_TEXT_MAX];
		struct hw_span span = {written, hw_address_write(&address, written)};
		hw_assert(hw_address_parse(span, &again) == 0);
		hw_assert(memcmp(&address, &again, sizeof(again)) == 0);
	}
	if (hw_forwarded_node_parse(text, &address) == 0) {
		hw_assert(text.size >= 2);
	}
	if (hw_cidr_set_parse(text, &set) == 0) {
		hw_assert(set.count <= HW_CIDR_COUNT_MAX);
		for (uint32_t i = 0; i < set.count; i++) {
			/* A network holds its own first address, if it is of its family. */
			bool is_odd = hw_address_is_v4(&set.cidrs[i].network) &&
				      set.cidrs[i].bit_count < 96;
			hw_assert(is_odd || hw_cidr_set_has(&set, &set.cidrs[i].network));
		}
	}
}

/* The stranger's bytes as the value of the field itself, which the proxy then goes on with. */
static void continued_check(const uint8_t *data, size_t size)
{
	static const char x[] = "X-Forwarded-For: ";
	static const char standard[] = "Forwarded: ";
	uint8_t line[INPUT_SIZE_MAX + sizeof(x)];
	memcpy(line, x, sizeof(x) - 1);
	memcpy(line + sizeof(x) - 1, data, size);
	appended_check(line, sizeof(x) - 1 + size, ", " STRANGER, HW_FORWARDED_X);
	memcpy(line, standard, sizeof(standard) - 1);
	memcpy(line + sizeof(standard) - 1, data, size);
	appended_check(line, sizeof(standard) - 1 + size, ", for=\"" STRANGER ":80\"",
		       HW_FORWARDED_STANDARD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_SIZE_MAX) {
		return 0;
	}
	struct hw_address client;
	for (uint32_t kind = 0; kind < HW_FORWARDED_KIND_COUNT; kind++) {
		(void)read_as(data, size, (enum hw_forwarded_kind)kind, &client);
	}
	appended_check(data, size, "\nX-Forwarded-For: " STRANGER ", 10.1.1.1", HW_FORWARDED_X);
	appended_check(data, size, "\nForwarded: for=" STRANGER ";by=_p, for=10.1.1.1",
		       HW_FORWARDED_STANDARD);
	if (size == 0 || memchr(data, '\n', size) == NULL) {
		continued_check(data, size);
	}
	char *copy = malloc(size == 0 ? 1 : size);
	hw_assert(copy != NULL);
	memcpy(copy, data, size);
	texts_check((struct hw_span){copy, (uint32_t)size});
	free(copy);
	return 0;
}
