/* SPDX-License-Identifier: Apache-2.0
 *
 * phc.h - a password as what may be kept of it: "$argon2id$v=19$m=65536,t=3,p=1$salt$hash"
 *
 * Room: core/gate    Thread: crypt    Blocks: computes for a tenth of a second
 * Allocates: HW_PHC_MEMORY_KIB for the length of the call, by libargon2
 * Limits: those below
 *
 * The cost is that of RFC 9106's second recommendation: 64 MiB, three passes, and what makes
 * guessing on a graphics card as dear as here is the memory. One lane: the thread is one.
 */
#ifndef HW_CORE_GATE_PHC_H
#define HW_CORE_GATE_PHC_H

#include "core/base/span.h"

#define HW_PASSWORD_SIZE_MAX 256U   /* bytes; longer ones are refused, not cut */
#define HW_PHC_SIZE_MAX      128U   /* bytes of the text */
#define HW_PHC_SALT_SIZE     16U    /* bytes; random, one for each password */
#define HW_PHC_HASH_SIZE     32U    /* bytes */
#define HW_PHC_MEMORY_KIB    65536U /* the budget's term */
#define HW_PHC_PASSES        3U
#define HW_PHC_LANES         1U

/* @password: lent, 1 .. HW_PASSWORD_SIZE_MAX bytes; @salt: HW_PHC_SALT_SIZE random bytes;
 * @ret_text: HW_PHC_SIZE_MAX bytes, with a NUL. Returns its size, or -ENOMEM. */
int hw_phc_make(struct hw_span password, const uint8_t *salt, char *ret_text) HW_MUST_CHECK;
/* Is it this password? Takes as long whatever the answer is. Dearer parameters than ours are not
 * computed: the text may come from a damaged disk.
 * Returns 0 yes, -EACCES no, -EBADMSG no text of ours, -ENOMEM. */
int hw_phc_check(struct hw_span text, struct hw_span password) HW_MUST_CHECK;

#endif
