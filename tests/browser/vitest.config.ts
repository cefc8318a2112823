// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
	test: {
		include: ['*.test.ts'],
		globals: true,
		// Two at a time: most of what a test does is to wait for a transfer that is slow on purpose.
		poolOptions: { forks: { maxForks: 2, minForks: 1 } },
		testTimeout: 180_000,
		hookTimeout: 60_000,
	},
	cacheDir: fileURLToPath(new URL('../../build/vitest-browser', import.meta.url)),
});
