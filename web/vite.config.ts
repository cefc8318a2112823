// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';

const tree = fileURLToPath(new URL('..', import.meta.url));
// `npm run dev` shows the pages with a hawserd that runs elsewhere behind them.
const daemon = process.env.HAWSER_DAEMON ?? 'http://127.0.0.1:5000';

export default defineConfig({
	plugins: [svelte(), tailwindcss()],
	cacheDir: `${tree}build/vite`,
	build: {
		outDir: process.env.PORTAL_DIST ?? `${tree}build/portal/dist`,
		emptyOutDir: true,
		target: 'es2022',
		assetsInlineLimit: 0, // the page's policy has no data: scripts or styles
		modulePreload: { polyfill: false },
	},
	worker: { format: 'es' },
	server: {
		fs: { allow: [tree] },
		proxy: {
			'/api': { target: daemon, ws: true },
			'/metrics': daemon,
			'/health': daemon,
			'/s/': {
				target: daemon,
				bypass: (request) => (request.headers.accept?.includes('text/html') ? '/index.html' : undefined),
			},
		},
	},
	test: {
		globals: true,
		environment: 'node',
		root: tree,
		include: ['tests/unit/web/**/*.test.ts'],
	},
});
