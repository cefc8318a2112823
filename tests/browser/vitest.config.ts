// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
	test: {
		include: ['*.test.ts'],
		globals: true,
		// One Chromium at a time: there are two cores, and the daemon wants one.
		fileParallelism: false,
		testTimeout: 60_000,
		hookTimeout: 60_000,
	},
	cacheDir: fileURLToPath(new URL('../../build/vitest-browser', import.meta.url)),
});
