/* SPDX-License-Identifier: Apache-2.0
 *
 * intake_steps.h - what the files of an intake are to each other: receive, load, store, spill
 *
 * Room: net/talk, private to intake*.c    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_INTAKE_STEPS_H
#define HW_NET_TALK_INTAKE_STEPS_H

#include "net/talk/intake.h"

/* -- intake.c -- */

/* The one place that changes intake->state. */
void hw_intake_set_state(struct hw_intake *intake, enum hw_intake_state state);
/* The next step of receiving, if it may be taken now. */
void hw_intake_receive(struct hw_intake *intake);
/* @slab: moved; whole blocks, or the file's end. The newest writer takes it. Returns false when
 * that ended the intake's receiving. */
bool hw_intake_append(struct hw_intake *intake, struct hw_slab *slab);
/* Is there a writer with room for a slab? */
bool hw_intake_has_room(const struct hw_intake *intake);
/* The short chunk is read back: what came meanwhile goes on. */
void hw_intake_loaded(struct hw_intake *intake);

/* -- intake_load.c -- */

/* Read the short last chunk back into a new one, then receive. */
void hw_intake_load_begin(struct hw_intake *intake);
/* A writer has room again, or a slab is there. */
void hw_intake_load_next(struct hw_intake *intake);
void hw_intake_load_slab(struct hw_intake *intake, struct hw_slab *slab);

/* -- intake_spill.c: while live.is_keeping -- */

/* Before the next slab: make room for it. Returns false: there is none, those who follow have to
 * take something first. Afterwards it may have spilled. */
bool hw_intake_keep_on(struct hw_intake *intake);
/* The body is over: is there anybody to wait for? */
void hw_intake_keep_end(struct hw_intake *intake);
/* Every HW_INTAKE_LOOK_MS: has the sender waited too long? */
void hw_intake_keep_look(struct hw_intake *intake);

/* -- intake_store.c -- */

void hw_intake_writer_progress(struct hw_chunk_writer *writer);
void hw_intake_writer_done(struct hw_chunk_writer *writer, int res);
/* The body is over, and no slab is under way. */
void hw_intake_collect(struct hw_intake *intake);
void hw_intake_fail(struct hw_intake *intake, int error);
/* Something that a failing intake may have waited for has ended. */
void hw_intake_join(struct hw_intake *intake);

#endif
