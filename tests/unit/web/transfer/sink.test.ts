// SPDX-License-Identifier: Apache-2.0
//
// Goal: nothing is kept of what was not verified, and nothing is lost of what was there before.
// Method: a handle that remembers what was done to it.

import '../fake/browser';
import { BlobSink, FileSink, SinkError } from '../../../../web/src/transfer/sink';

function handle(before: number, part: object = {}) {
	const did: string[] = [];
	const note = (what: string) => () => (did.push(what), Promise.resolve());
	const writable = { write: note('write'), close: note('close'), abort: note('abort') };
	const all = {
		createWritable: () => (did.push('open'), Promise.resolve(writable)),
		getFile: () => Promise.resolve(new File([new Uint8Array(before)], 'a')),
		remove: note('remove'),
		...part,
	};
	return { did, sink: new FileSink(all as unknown as FileSystemFileHandle) };
}

describe('a file', () => {
	it('is opened once, written and closed', async () => {
		const { did, sink } = handle(0);
		await sink.write(new Uint8Array(1));
		await sink.write(new Uint8Array(1));
		expect(await sink.close()).toBeNull();
		expect(did).toEqual(['open', 'write', 'write', 'close']);
	});
	it('is made though it has no bytes', async () => {
		const { did, sink } = handle(0);
		await sink.close();
		expect(did).toEqual(['open', 'close']);
	});
	it('that the picker made is taken away again', async () => {
		const { did, sink } = handle(0);
		await sink.write(new Uint8Array(1));
		await sink.abort();
		expect(did).toEqual(['open', 'write', 'abort', 'remove']);
	});
	it('that was there before stays', async () => {
		const { did, sink } = handle(5);
		await sink.write(new Uint8Array(1));
		await sink.abort();
		expect(did).toEqual(['open', 'write', 'abort']);
	});
	it('cannot be taken away by every browser', async () => {
		await handle(0, { remove: undefined }).sink.abort();
		await handle(0, { getFile: () => Promise.reject(new Error('gone')) }).sink.abort();
	});
	it('says when the disk is full', async () => {
		const full = handle(0, { createWritable: () => Promise.reject(new DOMException('', 'QuotaExceededError')) });
		const error = await full.sink.write(new Uint8Array(1)).catch((one: unknown) => one);
		expect(error).toBeInstanceOf(SinkError);
		expect((error as SinkError).isFull).toBe(true);
	});
});

describe('a Blob', () => {
	it('has all bytes in their order', async () => {
		const sink = new BlobSink();
		const piece = new Uint8Array(3 << 20);
		for (let index = 0; index < 3; index++) await sink.write(piece.fill(index).slice());
		const blob = new Uint8Array(await (await sink.close()).arrayBuffer());
		expect(blob.length).toBe(9 << 20);
		expect([0, 1, 2].map((index) => blob[index * (3 << 20)])).toEqual([0, 1, 2]);
	});
});
