/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/http_request.h"

#include "net/wire/http_char.h"

static const char *const g_method_names[HW_HTTP_METHOD_COUNT] = {
	[HW_HTTP_METHOD_NONE] = "?", [HW_HTTP_GET] = "GET",         [HW_HTTP_HEAD] = "HEAD",
	[HW_HTTP_PUT] = "PUT",       [HW_HTTP_POST] = "POST",       [HW_HTTP_PATCH] = "PATCH",
	[HW_HTTP_DELETE] = "DELETE", [HW_HTTP_OPTIONS] = "OPTIONS",
};

const char *hw_http_method_name(enum hw_http_method method)
{
	hw_assert(method < HW_HTTP_METHOD_COUNT);
	return g_method_names[method];
}

struct hw_span hw_http_request_target(const struct hw_http_request *request, const char *bytes)
{
	if (request->origin.size > 0) {
		return hw_http_place_span(request->origin, bytes);
	}
	/* "http://host": RFC 9112, 3.2.4 reads it as the server itself when asked for OPTIONS. */
	return request->method == HW_HTTP_OPTIONS ? HW_SPAN("*") : HW_SPAN("/");
}

struct hw_span hw_http_request_host(const struct hw_http_request *request, const char *bytes)
{
	return hw_http_place_span(request->host, bytes);
}

bool hw_http_request_field(const struct hw_http_request *request, const char *bytes,
			   struct hw_span name, struct hw_span *ret_value)
{
	uint32_t index = 0;
	return hw_http_request_field_next(request, bytes, name, &index, ret_value);
}

bool hw_http_request_field_next(const struct hw_http_request *request, const char *bytes,
				struct hw_span name, uint32_t *index, struct hw_span *ret_value)
{
	hw_assert(request->field_count <= HW_FIELD_COUNT_MAX);
	while (*index < request->field_count) {
		const struct hw_http_field *field = &request->fields[(*index)++];
		/* Most names differ in size already. */
		if (field->name.size == name.size &&
		    hw_span_equal_nocase(hw_http_place_span(field->name, bytes), name)) {
			*ret_value = hw_http_place_span(field->value, bytes);
			return true;
		}
	}
	return false;
}

uint32_t hw_http_request_field_count(const struct hw_http_request *request, const char *bytes,
				     struct hw_span name)
{
	uint32_t count = 0;
	uint32_t index = 0;
	struct hw_span value;
	while (hw_http_request_field_next(request, bytes, name, &index, &value)) {
		count++;
	}
	return count;
}

bool hw_http_list_next(struct hw_span *list, struct hw_span *ret_element)
{
	while (list->size > 0) {
		const char *comma = memchr(list->bytes, ',', list->size);
		uint32_t size = comma == NULL ? list->size : (uint32_t)(comma - list->bytes);
		struct hw_span element = hw_http_char_trim((struct hw_span){list->bytes, size});
		*list = hw_span_skip(*list, comma == NULL ? size : size + 1);
		if (element.size > 0) {
			*ret_element = element;
			return true;
		}
	}
	return false;
}

static bool list_has(struct hw_span list, struct hw_span token)
{
	struct hw_span element;
	while (hw_http_list_next(&list, &element)) {
		if (hw_span_equal_nocase(element, token)) {
			return true;
		}
	}
	return false;
}

bool hw_http_request_has_token(const struct hw_http_request *request, const char *bytes,
			       struct hw_span name, struct hw_span token)
{
	uint32_t index = 0;
	struct hw_span list;
	while (hw_http_request_field_next(request, bytes, name, &index, &list)) {
		if (list_has(list, token)) {
			return true;
		}
	}
	return false;
}

bool hw_http_request_has_media_type(const struct hw_http_request *request, const char *bytes,
				    struct hw_span type)
{
	uint32_t index = 0;
	struct hw_span value;
	struct hw_span further;
	struct hw_span name = HW_SPAN("content-type");
	if (!hw_http_request_field_next(request, bytes, name, &index, &value) ||
	    hw_http_request_field_next(request, bytes, name, &index, &further)) {
		return false;
	}
	const char *semicolon = value.size == 0 ? NULL : memchr(value.bytes, ';', value.size);
	if (semicolon != NULL) {
		value.size = (uint32_t)(semicolon - value.bytes);
	}
	return hw_span_equal_nocase(hw_http_char_trim(value), type);
}
