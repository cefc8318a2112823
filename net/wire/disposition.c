/* SPDX-License-Identifier: Apache-2.0
 *
 * filename -> token_take (the type) -> parameter_take -> value_take -> token_take, quoted_take
 *          -> extended_copy (filename*) | quoted_copy (filename)
 */
#include "net/wire/disposition.h"

#include "core/base/error.h"
#include "net/wire/http_char.h"
#include "net/wire/uri.h"

struct parameter {
	struct hw_span name;
	struct hw_span value; /* without its quotes; what is escaped in it still is */
	bool is_quoted;
};

static bool parameter_take(struct hw_span *rest, struct parameter *ret_parameter);
static bool value_take(struct hw_span *rest, struct parameter *parameter);
static struct hw_span token_take(struct hw_span *rest);
static bool quoted_take(struct hw_span *rest, struct hw_span *ret_inside);
static int extended_copy(struct hw_span value, char *ret_name, uint32_t capacity);
static int quoted_copy(const struct parameter *parameter, char *ret_name, uint32_t capacity);

static bool byte_take(struct hw_span *rest, char byte)
{
	if (rest->size == 0 || rest->bytes[0] != byte) {
		return false;
	}
	*rest = hw_span_skip(*rest, 1);
	return true;
}

static void spaces_take(struct hw_span *rest)
{
	while (rest->size > 0 && hw_http_char_is_space(rest->bytes[0])) {
		*rest = hw_span_skip(*rest, 1);
	}
}

int hw_disposition_filename(struct hw_span value, char *ret_name, uint32_t capacity)
{
	struct hw_span rest = hw_http_char_trim(value);
	struct parameter plain = {.name.size = 0};
	struct parameter extended = {.name.size = 0};
	if (token_take(&rest).size == 0) {
		return -EINVAL;
	}
	while (rest.size > 0) {
		struct parameter parameter = {.is_quoted = false};
		if (!parameter_take(&rest, &parameter)) {
			return -EINVAL;
		}
		struct parameter *kept =
			hw_span_equal_nocase(parameter.name, HW_SPAN("filename"))    ? &plain
			: hw_span_equal_nocase(parameter.name, HW_SPAN("filename*")) ? &extended
										     : NULL;
		if (kept != NULL && kept->name.size > 0) {
			return -EINVAL;
		}
		if (kept != NULL) {
			*kept = parameter;
		}
	}
	if (extended.name.size > 0) {
		return extended.is_quoted ? -EINVAL
					  : extended_copy(extended.value, ret_name, capacity);
	}
	return plain.name.size > 0 ? quoted_copy(&plain, ret_name, capacity) : -ENOENT;
}

/* ";" name "=" value, with spaces between them. */
static bool parameter_take(struct hw_span *rest, struct parameter *ret_parameter)
{
	spaces_take(rest);
	if (!byte_take(rest, ';')) {
		return false;
	}
	spaces_take(rest);
	ret_parameter->name = token_take(rest);
	spaces_take(rest);
	if (ret_parameter->name.size == 0 || !byte_take(rest, '=')) {
		return false;
	}
	spaces_take(rest);
	bool is_good = value_take(rest, ret_parameter);
	spaces_take(rest);
	return is_good;
}

static bool value_take(struct hw_span *rest, struct parameter *parameter)
{
	if (rest->size > 0 && rest->bytes[0] == '"') {
		parameter->is_quoted = true;
		return quoted_take(rest, &parameter->value);
	}
	parameter->value = token_take(rest);
	return parameter->value.size > 0;
}

static struct hw_span token_take(struct hw_span *rest)
{
	struct hw_span token = {rest->bytes, 0};
	while (token.size < rest->size &&
	       hw_http_char_is(rest->bytes[token.size], HW_HTTP_CHAR_TOKEN)) {
		token.size++;
	}
	*rest = hw_span_skip(*rest, token.size);
	return token;
}

/* From the opening quote to behind the closing one. */
static bool quoted_take(struct hw_span *rest, struct hw_span *ret_inside)
{
	for (uint32_t i = 1; i < rest->size; i++) {
		if (rest->bytes[i] == '\\') {
			i++;
		} else if (rest->bytes[i] == '"') {
			*ret_inside = (struct hw_span){rest->bytes + 1, i - 1};
			*rest = hw_span_skip(*rest, i + 1);
			return true;
		}
	}
	return false;
}

/* UTF-8'language'percent-escaped. The apostrophe is a token's character, so a token holds it all.
 */
static int extended_copy(struct hw_span value, char *ret_name, uint32_t capacity)
{
	struct hw_span charset = HW_SPAN("UTF-8'");
	if (value.size < charset.size ||
	    !hw_span_equal_nocase((struct hw_span){value.bytes, charset.size}, charset)) {
		return -EINVAL;
	}
	struct hw_span rest = hw_span_skip(value, charset.size);
	const char *end = rest.size > 0 ? memchr(rest.bytes, '\'', rest.size) : NULL;
	if (end == NULL) {
		return -EINVAL;
	}
	rest = hw_span_skip(rest, (uint32_t)(end - rest.bytes) + 1);
	return hw_uri_decode(rest, HW_URI_SLASH | HW_URI_CONTROL | HW_URI_NUL, ret_name, capacity);
}

static int quoted_copy(const struct parameter *parameter, char *ret_name, uint32_t capacity)
{
	const struct hw_span value = parameter->value;
	uint32_t size = 0;
	for (uint32_t i = 0; i < value.size; i++) {
		if (parameter->is_quoted && value.bytes[i] == '\\') {
			i++; /* quoted_take saw that a byte follows */
		}
		if (size == capacity) {
			return -ENAMETOOLONG;
		}
		ret_name[size++] = value.bytes[i];
	}
	return (int)size;
}
