/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/link.h"

#include <string.h>

#include "net/wire/base32.h"
#include "net/wire/link_name.h"
#include "net/wire/name.h"

void hw_share_ref_parse(struct hw_catalog_request *request, struct hw_span id)
{
	memset(request->share_id, 0, HW_SHARE_ID_SIZE); /* random ids are never all zeros */
	request->link_name_size = 0;
	if (hw_base32_decode(id, request->share_id, HW_SHARE_ID_SIZE) < 0) {
		memset(request->share_id, 0, HW_SHARE_ID_SIZE);
		if (hw_link_name_judge(id) == HW_LINK_NAME_GOOD) {
			memcpy(request->link_name, id.bytes, id.size);
			request->link_name_size = (uint8_t)id.size;
		}
	}
}

void hw_link_parse(struct hw_catalog_request *request, struct hw_span id, struct hw_span name)
{
	uint32_t name_size = 0;
	hw_share_ref_parse(request, id);
	if (name.size > 0 && hw_name_clean(name, request->name, &name_size) != HW_NAME_GOOD) {
		memset(request->share_id, 0, HW_SHARE_ID_SIZE);
		request->link_name_size = 0;
		name_size = 0;
	}
	request->name_size = (uint16_t)name_size;
}
