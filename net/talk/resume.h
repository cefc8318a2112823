/* SPDX-License-Identifier: Apache-2.0
 *
 * resume.h - resumable uploads as the IETF's draft has them (interop version 8), beside tus
 *
 * Room: net/talk    Thread: reactor    Blocks: never
 * Allocates: never (from the pools of uploads and of queries)
 *
 * The uploads, and the conversations that bring their bytes, are those of tus (tus.h): one may be
 * begun in one protocol and gone on with in the other. Which one a request speaks, its fields say.
 *
 * https://httpwg.org/http-extensions/draft-ietf-httpbis-resumable-upload.html. Of it there is no
 * 104 that tells of progress, and no digest of parts. An upload whose announced bytes are all there
 * is complete, though the request that brought the last of them said Upload-Complete: ?0.
 */
#ifndef HW_NET_TALK_RESUME_H
#define HW_NET_TALK_RESUME_H

#include "net/talk/tus.h"

/* Does the request speak the draft? Upload-Complete, Upload-Draft-Interop-Version or
 * application/partial-upload say so, and a GET; Tus-Resumable says no. */
bool hw_resume_is_spoken(const struct hw_http_conn *conn);
/* At start: what every answer says of limits. */
void hw_resume_prepare(struct hw_talks *talks);
/* Every answer of this request says it. */
void hw_resume_mark(const struct hw_talks *talks, struct hw_http_conn *conn);

/* POST. @id: the share's segment of the path; @query: of the target, perhaps with name=. */
void hw_resume_create_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
			    struct hw_span query);
/* PATCH; HEAD, GET, DELETE. @id: a segment of the path. */
void hw_resume_patch_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);
void hw_resume_query_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);

/* -- where a conversation of tus.h comes to what differs; is_draft -- */

/* Before the bytes: 104 tells where to go on, for who understands it. */
void hw_resume_announce(struct hw_tus *tus);
/* Against what the catalog knows. Returns the status of the refusal, 0: go on. */
uint32_t hw_resume_judge(struct hw_tus *tus, const char **ret_sentence);
/* The upload is left: say refusal, sentence and problem, and give @tus back. */
void hw_resume_refused(struct hw_tus *tus);
/* The whole answer to a request whose bytes are stored. */
void hw_resume_answer_write(struct hw_tus *tus, struct hw_http_writer *head);

#endif
