// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever a person does while the worker's last words are on their way, a verified download ends, and its
// place with it.
// Method: a worker that says what the test says, after the person has done something.

import '../fake/browser';
import { type DownloadNews, VerifiedDownload } from '../../../../web/src/transfer/download';
import type { VerifyNews } from '../../../../web/src/transfer/verify';

const ROOT = 'a'.repeat(64);
const ENDS: [string, VerifyNews[]][] = [
	['verified', [{ type: 'bytes', done: 3, size: 3 }, { type: 'verifying' }, { type: 'done', root: ROOT, isVerified: true, blob: null }]],
	['taken', [{ type: 'bytes', done: 3, size: 3 }, { type: 'verifying' }, { type: 'done', root: ROOT, isVerified: false, blob: null }]],
	['failed', [{ type: 'bytes', done: 3, size: 3 }, { type: 'verifying' }, { type: 'fail', failure: { code: 'damaged', detail: null } }]],
];

let worker: { onmessage: ((message: { data: VerifyNews }) => void) | null; postMessage: () => void };
let over: number;
let roots: string[];

async function begun(): Promise<VerifiedDownload> {
	worker = { onmessage: null, postMessage: () => undefined };
	over = 0;
	roots = [];
	const news: DownloadNews = { changed: () => undefined, over: () => void over++, verified: (root) => void roots.push(root) };
	const job = { share: 'share', name: 'a', size: 3 };
	const who = () => Promise.resolve({ proof: {}, client: null });
	const download = new VerifiedDownload({ base: '', job, who, handle: null, makeWorker: () => worker as unknown as Worker }, news);
	download.begin();
	await new Promise((resolve) => setImmediate(resolve));
	return download;
}

describe.each(ENDS)('a download that is %s', (state, words) => {
	it.each([0, 1, 2])('ends so, though it was paused %i words before the last', async (before) => {
		const download = await begun();
		words.forEach((data, index) => {
			if (index === words.length - 1 - before) download.pause();
			worker.onmessage!({ data });
		});
		download.resume();
		expect(download.machine).toMatchObject({ state, stall: null });
		expect(download.isBegun).toBe(false);
		expect(over).toBe(1);
		expect(roots).toEqual(state === 'verified' ? [ROOT] : []);
	});
});
