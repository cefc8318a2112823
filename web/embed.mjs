// SPDX-License-Identifier: Apache-2.0
//
// node embed.mjs DIST OUT - packs the built portal for the daemon: OUT/portal.bin has the bytes of every
// file, as it is and compressed where that is smaller; OUT/portal_files.c the table of them
// (net/talk/portal.h), which takes portal.bin in. Names and order depend on the content only.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = {
	css: 'text/css; charset=utf-8',
	html: 'text/html; charset=utf-8',
	js: 'text/javascript; charset=utf-8',
	json: 'application/json',
	png: 'image/png',
	svg: 'image/svg+xml',
};

const [dist, out] = process.argv.slice(2);
if (!dist || !out) {
	console.error('usage: node embed.mjs DIST OUT');
	process.exit(2);
}

function filesUnder(folder) {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
		.sort();
}

function brotli(bytes) {
	return brotliCompressSync(bytes, {
		params: {
			[constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
			[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
		},
	});
}

/** One table row, and the bytes that it is about. */
function pack(path, offset) {
	const plain = readFileSync(join(dist, path));
	const type = TYPES[path.split('.').pop()];
	if (!type) {
		throw new Error(`${path}: of what type is that? Add it to TYPES.`);
	}
	const hash = createHash('sha256').update(plain).digest('hex').slice(0, 32);
	const bodies = [['', plain]];
	for (const [suffix, coded] of [['-gzip', gzipSync(plain, { level: 9 })], ['-br', brotli(plain)]]) {
		bodies.push([suffix, coded.length < plain.length ? coded : Buffer.alloc(0)]);
	}
	const cells = bodies.map(([suffix, bytes]) => {
		const cell = `{${offset}, ${bytes.length}, "${hash}${suffix}"}`;
		offset += bytes.length;
		return cell;
	});
	const isHashed = path.startsWith('assets/');
	const row = `\t{"${path}", "${type}", ${isHashed},\n\t {${cells.join(', ')}}},\n`;
	return { path, row, bytes: Buffer.concat(bodies.map(([, bytes]) => bytes)) };
}

const packed = [];
let size = 0;
for (const path of filesUnder(resolve(dist))) {
	packed.push(pack(path, size));
	size += packed.at(-1).bytes.length;
}
const page = packed.findIndex((file) => file.path === 'index.html');
if (page < 0) {
	throw new Error(`${dist} has no index.html`);
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'portal.bin'), Buffer.concat(packed.map((file) => file.bytes)));
writeFileSync(
	join(out, 'portal_files.c'),
	`/* SPDX-License-Identifier: Apache-2.0
 * Made by web/embed.mjs. */
#include "core/main/portal_files.h"

extern const uint8_t hw_portal_bytes[];
__asm__(".section .rodata\\n"
	".balign 64\\n"
	".global hw_portal_bytes\\n"
	".hidden hw_portal_bytes\\n"
	"hw_portal_bytes:\\n"
	".incbin \\"${resolve(out)}/portal.bin\\"\\n"
	".byte 0\\n"
	".previous\\n");

static const struct hw_portal_file g_files[] = {
${packed.map((file) => file.row).join('')}};

const struct hw_portal hw_portal_files = {
	.files = g_files,
	.file_count = ${packed.length},
	.page = &g_files[${page}],
	.bytes = hw_portal_bytes,
};
`,
);
