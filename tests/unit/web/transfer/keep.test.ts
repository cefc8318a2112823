// SPDX-License-Identifier: Apache-2.0
//
// Goal: what is kept comes back after a reload; where nothing can be kept, nothing breaks.
// Method: fake-indexeddb, a new Keep for each "page"; handles that grant, ask or throw.

import '../fake/browser';
import { IDBFactory, IDBKeyRange } from '../../../../web/node_modules/fake-indexeddb';
import { isSame, Keep, type KeptUpload, mayCopy } from '../../../../web/src/transfer/keep';

const row = (id: string, part: Partial<KeptUpload> = {}): KeptUpload => ({ id, share: 'share', url: null, name: `${id}.txt`, size: 3, lastModified: 7, handle: null, keptMs: 1, ...part });
const file = (text = 'abc', lastModified = 7) => new File([text], 'a.txt', { lastModified });

beforeEach(() => {
	vi.stubGlobal('indexedDB', new IDBFactory());
	vi.stubGlobal('IDBKeyRange', IDBKeyRange);
	vi.stubGlobal('navigator', { storage: { estimate: () => Promise.resolve({ quota: 1e9, usage: 0 }) } });
});
afterEach(() => void vi.unstubAllGlobals());

describe('rows', () => {
	it('come back in their order, of their share only', async () => {
		const keep = new Keep();
		expect(await keep.put(row('b', { keptMs: 2 }))).toBe(true);
		await keep.put(row('a', { keptMs: 1 }));
		await keep.put(row('c', { share: 'other' }));
		await keep.put(row('b', { keptMs: 2, url: '/api/v1/uploads/x' }));
		const page = new Keep();
		expect((await page.ofShare('share')).map(({ id, url }) => [id, url])).toEqual([
			['a', null],
			['b', '/api/v1/uploads/x'],
		]);
		expect(await page.countOf('share')).toBe(2);
		expect(await page.get('c')).toMatchObject({ share: 'other' });
		expect(await page.get('none')).toBeNull();
	});
	it('go with their files', async () => {
		const keep = new Keep();
		await keep.put(row('a'));
		await keep.putFile('a', file());
		await keep.put(row('b'));
		await keep.removeShare('share');
		expect(await keep.ofShare('share')).toEqual([]);
		expect(await keep.fileOf(row('a'), false)).toEqual({ file: null, isChanged: false });
	});
	it('that nobody came back for are forgotten', async () => {
		const keep = new Keep();
		await keep.put(row('old', { keptMs: 0 }));
		await keep.put(row('new', { keptMs: 40 * 86_400_000 }));
		await keep.tidy(40 * 86_400_000 + 1);
		expect((await keep.ofShare('share')).map(({ id }) => id)).toEqual(['new']);
	});
});

describe('a file', () => {
	const handle = (permission: string, found: File | Error) => ({
		queryPermission: vi.fn(() => Promise.resolve(permission)),
		requestPermission: vi.fn(() => Promise.resolve('granted')),
		getFile: () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)),
	});
	const of = (one: ReturnType<typeof handle>) => row('a', { handle: one as unknown as FileSystemFileHandle });

	// fake-indexeddb clones by node's structuredClone, which makes no File of a File: only that it was put is seen.
	it('is copied where there is room', async () => {
		expect(await new Keep().putFile('a', file())).toBe(true);
	});
	it('comes by a handle that is granted', async () => {
		const granted = handle('granted', file());
		expect((await new Keep().fileOf(of(granted), false)).file).not.toBeNull();
		expect(granted.requestPermission).not.toHaveBeenCalled();
	});
	it('is asked for in a click only', async () => {
		const prompt = handle('prompt', file());
		expect(await new Keep().fileOf(of(prompt), false)).toEqual({ file: null, isChanged: false });
		expect(prompt.requestPermission).not.toHaveBeenCalled();
		expect((await new Keep().fileOf(of(prompt), true)).file).not.toBeNull();
	});
	it('that has changed is not taken', async () => {
		expect(await new Keep().fileOf(of(handle('granted', file('abcd'))), false)).toEqual({ file: null, isChanged: true });
		expect(await new Keep().fileOf(of(handle('granted', file('abc', 8))), false)).toEqual({ file: null, isChanged: true });
	});
	it('that is gone is only not there', async () => {
		expect(await new Keep().fileOf(of(handle('granted', new Error('gone'))), false)).toEqual({ file: null, isChanged: false });
	});
	it('is the same by size and time', () => {
		expect(isSame(row('a'), file())).toBe(true);
		expect(isSame(row('a'), file('ab'))).toBe(false);
		expect(isSame(row('a'), file('abc', 1))).toBe(false);
	});
	it('is not copied if it is too large, or there is no room, or nobody knows', async () => {
		expect(await mayCopy(1000)).toBe(true);
		expect(await mayCopy(513 * 1024 * 1024)).toBe(false);
		vi.stubGlobal('navigator', { storage: { estimate: () => Promise.resolve({ quota: 1000, usage: 900 }) } });
		expect(await mayCopy(60)).toBe(false);
		vi.stubGlobal('navigator', {});
		expect(await mayCopy(1)).toBe(false);
	});
});

describe('without IndexedDB', () => {
	it.each([
		['none at all', undefined],
		['one that throws', { open: () => { throw new Error('forbidden'); } }],
	])('(%s) every call only says that it is not there', async (_, broken) => {
		vi.stubGlobal('indexedDB', broken);
		const keep = new Keep();
		expect(await keep.put(row('a'))).toBe(false);
		expect(await keep.get('a')).toBeNull();
		expect(await keep.ofShare('share')).toEqual([]);
		expect(await keep.countOf('share')).toBe(0);
		expect(await keep.putFile('a', file())).toBe(false);
		expect(await keep.fileOf(row('a'), true)).toEqual({ file: null, isChanged: false });
		await keep.remove('a');
		await keep.removeShare('share');
		await keep.tidy();
	});
});
