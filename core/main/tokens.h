/* SPDX-License-Identifier: Apache-2.0
 *
 * tokens.h - the file of tokens: read it, add to it
 *
 * Room: core/main    Thread: main    Blocks: on the file    Allocates: never
 */
#ifndef HW_CORE_MAIN_TOKENS_H
#define HW_CORE_MAIN_TOKENS_H

#include "core/base/config.h"
#include "core/gate/tokens.h"

#define HW_TOKENS_FILE         "tokens" /* in the data directory */
#define HW_TOKENS_MESSAGE_SIZE 256U     /* bytes that hold every message */

/* No file is no tokens. @ret_message: one sentence with file and line, when the result is not 0.
 * Returns 0, -EINVAL a line is wrong, or what the kernel said; @ret_tokens is then of no meaning.
 */
int hw_tokens_load(int dir_fd, struct hw_tokens *ret_tokens, char *ret_message) HW_MUST_CHECK;

/* --new-token: make one, add its hash to the file, print the token. Works beside a running daemon,
 * which looks again at SIGHUP. Returns the process's exit status. */
int hw_tokens_new(const struct hw_config *config);

#endif
