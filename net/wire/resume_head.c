/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/resume_head.h"

#include "net/wire/structured.h"

/* False when the field is missing or comes twice: lines of one field are one list, no item. */
static bool field_read(const struct hw_http_request *request, const char *bytes,
		       struct hw_span name, struct hw_span *ret_value)
{
	uint32_t index = 0;
	struct hw_span further;
	return hw_http_request_field_next(request, bytes, name, &index, ret_value) &&
	       !hw_http_request_field_next(request, bytes, name, &index, &further);
}

static bool count_read(const struct hw_http_request *request, const char *bytes,
		       struct hw_span name, uint64_t *ret_count)
{
	struct hw_span value;
	return field_read(request, bytes, name, &value) &&
	       hw_structured_count(value, ret_count) == 0;
}

void hw_resume_head_parse(const struct hw_http_request *request, const char *bytes,
			  struct hw_resume_head *ret_head)
{
	struct hw_resume_head head = {0};
	struct hw_span value;
	head.has_length = count_read(request, bytes, HW_SPAN("upload-length"), &head.length);
	head.has_offset = count_read(request, bytes, HW_SPAN("upload-offset"), &head.offset);
	head.has_interop =
		count_read(request, bytes, HW_SPAN("upload-draft-interop-version"), &head.interop);
	head.has_complete = field_read(request, bytes, HW_SPAN("upload-complete"), &value) &&
			    hw_structured_boolean(value, &head.is_complete) == 0;
	head.has_partial_type =
		hw_http_request_has_media_type(request, bytes, HW_SPAN(HW_RESUME_MEDIA_TYPE));
	*ret_head = head;
}

static void member_write(struct hw_http_writer *writer, const char *key, uint64_t value)
{
	if (value > 0) {
		hw_http_writer_text(writer, key);
		hw_http_writer_number(writer, hw_min(value, HW_STRUCTURED_INTEGER_MAX));
	}
}

void hw_resume_limit_write(struct hw_http_writer *writer, const struct hw_resume_limit *limit)
{
	hw_http_writer_text(writer, "Upload-Limit: min-size=0");
	member_write(writer, ", max-size=", limit->max_size);
	member_write(writer, ", max-append-size=", limit->max_append_size);
	member_write(writer, ", max-age=", limit->max_age_s);
	hw_http_writer_text(writer, "\r\n");
}

void hw_resume_complete_write(struct hw_http_writer *writer, bool is_complete)
{
	hw_http_writer_field(writer, HW_SPAN("Upload-Complete"),
			     is_complete ? HW_SPAN("?1") : HW_SPAN("?0"));
}
