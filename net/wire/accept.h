/* SPDX-License-Identifier: Apache-2.0
 *
 * accept.h - does a client name this among what it takes? Accept, Accept-Encoding
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Standard: RFC 9110, section 12.5
 */
#ifndef HW_NET_WIRE_ACCEPT_H
#define HW_NET_WIRE_ACCEPT_H

#include "core/base/span.h"

/* hw_accept_names - is @name in the list, and not with a weight of zero?
 * Wildcards name nothing: who says no more than that has no wish of its own. Any case; of a name
 * that is there several times the first counts. @value: the field's; @name: a literal. */
bool hw_accept_names(struct hw_span value, struct hw_span name);

#endif
