// SPDX-License-Identifier: Apache-2.0
//
// build.mjs - the portal with doubles in the place of its logic, to look at its pages: node build.mjs <where to>
import { fileURLToPath } from 'node:url';
import { build } from '../../../web/node_modules/vite/dist/node/index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const web = fileURLToPath(new URL('../../../web/', import.meta.url));

process.chdir(web); // Tailwind and Svelte look for their files from here
await build({
	root: web,
	configFile: `${web}vite.config.ts`,
	logLevel: 'warn',
	build: { outDir: process.argv[2] ?? '/tmp/portal-doubles', emptyOutDir: true },
	resolve: {
		alias: [
			{ find: /^.*\/transfer\/session$/, replacement: `${here}session.ts` },
			{ find: /^.*\/operator\/session$/, replacement: `${here}operator.ts` },
		],
	},
});
