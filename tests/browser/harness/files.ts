// SPDX-License-Identifier: Apache-2.0
//
// files.ts - files to send, of bytes that nobody else has, and what became of them
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PIECE = 1 << 20;

export class Files {
	readonly folder = mkdtempSync(join(tmpdir(), 'hawser-files-'));

	/** A file of so many bytes; the same random mebibyte over and over, with its number in it. */
	make(name: string, size: number): string {
		const path = join(this.folder, name);
		const piece = randomBytes(Math.min(size, PIECE));
		const fd = openSync(path, 'w');
		for (let at = 0; at < size; at += piece.length) {
			if (piece.length >= 4) {
				piece.writeUInt32LE((at / PIECE) >>> 0, 0);
			}
			writeSync(fd, piece, 0, Math.min(piece.length, size - at));
		}
		closeSync(fd);
		return path;
	}

	end(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

export async function sha256(path: string): Promise<string> {
	const hash = createHash('sha256');
	for await (const piece of createReadStream(path)) {
		hash.update(piece as Buffer);
	}
	return hash.digest('hex');
}
