// SPDX-License-Identifier: Apache-2.0
//
// Goal: one file that cannot be read costs that file, and not the others of the same drop or choice; it is counted.
// Method: handles and entries of the test, of which some refuse.

import '../fake/browser';
import { fromDrop, pickWithHandles } from '../../../../web/src/ui/pick';

const refuse = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
const fileHandle = (name: string, isGood = true) => ({ kind: 'file', name, getFile: () => (isGood ? Promise.resolve(new File(['x'], name)) : refuse()) });
const folderHandle = (name: string, children: unknown[], isGood = true) => ({
	kind: 'directory',
	name,
	async *values() {
		yield* children;
		if (!isGood) await refuse();
	},
});
const fileEntry = (fullPath: string, isGood = true) => ({
	isFile: true,
	fullPath,
	file: (resolve: (file: File) => void, reject: (error: unknown) => void) => (isGood ? resolve(new File(['x'], fullPath.split('/').at(-1)!)) : reject(new DOMException('', 'NotReadableError'))),
});
const folderEntry = (fullPath: string, children: unknown[], isGood = true) => ({
	isFile: false,
	fullPath,
	createReader() {
		const batches = [children, []];
		return { readEntries: (resolve: (batch: unknown) => void, reject: (error: unknown) => void) => (isGood ? resolve(batches.shift()) : reject(new DOMException('', 'NotReadableError'))) };
	},
});
const dropped = (...items: object[]) => ({ items: items.map((item) => ({ kind: 'file', getAsFile: () => null, ...item })) }) as unknown as DataTransfer;
const byHandle = (handle: unknown) => ({ getAsFileSystemHandle: () => Promise.resolve(handle) });
const byEntry = (entry: unknown) => ({ webkitGetAsEntry: () => entry });
const paths = ({ files }: { files: { path: string }[] }) => files.map(({ path }) => path);

afterEach(() => vi.unstubAllGlobals());

describe('a drop', () => {
	it('of handles leaves out what cannot be read, and says how many', async () => {
		const folder = folderHandle('f', [fileHandle('a'), fileHandle('b', false), folderHandle('g', [fileHandle('c')])]);
		const picked = await fromDrop(dropped(byHandle(folder), byHandle(fileHandle('d')), byHandle(fileHandle('e', false))));
		expect(paths(picked)).toEqual(['f/a', 'f/g/c', 'd']);
		expect(picked.unreadable).toBe(2);
	});
	it('of entries does, too', async () => {
		const folder = folderEntry('/f', [fileEntry('/f/a'), fileEntry('/f/b', false), folderEntry('/f/g', [], false)]);
		const picked = await fromDrop(dropped(byEntry(folder), byEntry(fileEntry('/d'))));
		expect(paths(picked)).toEqual(['f/a', 'd']);
		expect(picked.unreadable).toBe(2);
	});
	it('keeps what a folder gave before it could not be read any further', async () => {
		const picked = await fromDrop(dropped(byHandle(folderHandle('f', [fileHandle('a')], false))));
		expect(paths(picked)).toEqual(['f/a']);
		expect(picked.unreadable).toBe(1);
	});
	it('of something that the browser gives in no way is counted', async () => {
		expect(await fromDrop(dropped({}))).toEqual({ files: [], unreadable: 1 });
	});
	it('where all can be read says nothing', async () => {
		expect(await fromDrop(dropped({ getAsFile: () => new File(['x'], 'a') }))).toMatchObject({ files: [{ path: 'a', handle: null }], unreadable: 0 });
	});
});

describe('a choice', () => {
	it('leaves out what cannot be read, and says how many', async () => {
		vi.stubGlobal('window', { showOpenFilePicker: () => Promise.resolve([fileHandle('a'), fileHandle('b', false), fileHandle('c')]) });
		const picked = (await pickWithHandles())!;
		expect(paths(picked)).toEqual(['a', 'c']);
		expect(picked.unreadable).toBe(1);
	});
	it('that was closed is of nothing', async () => {
		vi.stubGlobal('window', { showOpenFilePicker: refuse });
		expect(await pickWithHandles()).toEqual({ files: [], unreadable: 0 });
	});
	it('is not asked of a browser without such a picker', () => {
		vi.stubGlobal('window', {});
		expect(pickWithHandles()).toBeNull();
	});
});
