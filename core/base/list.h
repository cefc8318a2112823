/* SPDX-License-Identifier: Apache-2.0
 *
 * list.h - doubly linked list whose links are embedded in the members
 *
 * Room: core/base    Thread: any, one at a time    Blocks: never    Allocates: never
 * Owns: nothing; a member belongs to whoever embedded the link
 */
#ifndef HW_CORE_BASE_LIST_H
#define HW_CORE_BASE_LIST_H

#include "core/base/check.h"

struct hw_list {
	struct hw_list *next;
	struct hw_list *prev;
};

/* A head, or a link that is in no list: both point at themselves. */
static inline void hw_list_init(struct hw_list *link)
{
	link->next = link;
	link->prev = link;
}

static inline bool hw_list_is_empty(const struct hw_list *head)
{
	hw_assert(head->next != NULL); /* a head is inited; only a link may be all zero */
	return head->next == head;
}

/* A link that is all zero, as in a fresh struct, is in no list either. */
static inline bool hw_list_is_linked(const struct hw_list *link)
{
	return link->next != NULL && link->next != link;
}

static inline void hw_list_append(struct hw_list *head, struct hw_list *link)
{
	hw_assert(!hw_list_is_linked(link));
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* Taking out a link that is in no list is allowed: it says "wherever it is, it is not there now".
 */
static inline void hw_list_remove(struct hw_list *link)
{
	if (hw_list_is_linked(link)) {
		link->prev->next = link->next;
		link->next->prev = link->prev;
	}
	hw_list_init(link);
}

/* The first member, taken out; NULL when empty. */
static inline struct hw_list *hw_list_take_first(struct hw_list *head)
{
	if (hw_list_is_empty(head)) {
		return NULL;
	}
	struct hw_list *link = head->next;
	hw_list_remove(link);
	return link;
}

#endif
