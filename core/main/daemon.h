/* SPDX-License-Identifier: Apache-2.0
 *
 * daemon.h - the whole process: what is started in which order, and stopped in which
 *
 * Room: core/main    Thread: main    Blocks: yes    Allocates: at start
 * Owns: everything
 */
#ifndef HW_CORE_MAIN_DAEMON_H
#define HW_CORE_MAIN_DAEMON_H

#include "core/base/config.h"
#include "net/talk/portal.h"

/* Run until told to stop (SIGTERM, SIGINT). @config: lent; port 0 is replaced by what the kernel
 * chose. @portal: lent for ever; NULL: no pages for browsers. Returns the process's exit status;
 * what went wrong was said on the log. */
int hw_daemon_run(struct hw_config *config, const struct hw_portal *portal);

#endif
