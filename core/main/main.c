/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/failpoint.h"
#include "core/main/check.h"
#include "core/main/daemon.h"
#include "core/main/portal_files.h"
#include "core/main/tokens.h"

extern char **environ;

static const struct hw_portal *portal(void)
{
#if HW_HAS_PORTAL
	return &hw_portal_files;
#else
	return NULL;
#endif
}

int main(int argc, char **argv)
{
	static struct hw_config config;
	char message[HW_CONFIG_MESSAGE_SIZE];
	int r = hw_config_parse(&config, argc, argv, environ, message, sizeof(message));
	if (r < 0) {
		(void)fprintf(stderr, "hawserd: %s\n", message);
		return EXIT_FAILURE;
	}
	if (r > 0) {
		return EXIT_SUCCESS;
	}
	if (config.new_token != NULL) {
		return hw_tokens_new(&config);
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
	if (hw_failpoint_start(getenv("HAWSER_FAILPOINT")) < 0) {
		(void)fprintf(stderr,
			      "hawserd: HAWSER_FAILPOINT names no place that this build knows\n");
		return EXIT_FAILURE;
	}
	return config.has_check ? hw_check_run(&config) : hw_daemon_run(&config, portal());
}
