// SPDX-License-Identifier: Apache-2.0
//
// pick.ts - files as they come: chosen, dropped (folders too) or pasted
//
//   picker, input -> PickedFile[]        drop -> handles, else entries, walked without recursion        paste -> files, or a note
//
// A handle, where the browser gives one, is what lets an upload go on after a reload without asking for the file again.
// What cannot be read (moved away, not permitted, only in a cloud) is left out and counted: the others are taken.
import type { PickedFile } from '../transfer/model';

type OpenPicker = (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;
type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };
type DirectoryEntries = FileSystemDirectoryHandle & { values(): AsyncIterable<FileSystemFileHandle | FileSystemDirectoryHandle> };

export interface Picked {
	files: PickedFile[];
	unreadable: number; // files and folders that were left out
}

const NOTHING: Picked = { files: [], unreadable: 0 };

const joined = (parts: Picked[]): Picked => ({
	files: parts.flatMap(({ files }) => files),
	unreadable: parts.reduce((sum, { unreadable }) => sum + unreadable, 0),
});

/** Returns null where the browser has no such picker: then the input is to be clicked. */
export function pickWithHandles(): Promise<Picked> | null {
	const open = (window as { showOpenFilePicker?: OpenPicker }).showOpenFilePicker;
	if (!open) {
		return null;
	}
	return open({ multiple: true }).then(
		(handles) => Promise.all(handles.map(fromHandle)).then(joined),
		() => NOTHING, // the person closed it
	);
}

export function fromInput(input: HTMLInputElement): PickedFile[] {
	const picked = [...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name, handle: null }));
	input.value = ''; // so that the same file can be chosen again
	return picked;
}

/** Must be called in the drop event: its items are gone when it returns. */
export function fromDrop(transfer: DataTransfer): Promise<Picked> {
	const roots = [...transfer.items].filter((item) => item.kind === 'file').map(rootOf);
	return Promise.all(roots).then(joined);
}

export function fromPaste(transfer: DataTransfer): PickedFile[] {
	const files = [...transfer.files];
	const stamp = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
	if (files.length > 0) {
		return files.map((file) => ({ file, path: file.name === 'image.png' ? `image ${stamp}.png` : file.name, handle: null }));
	}
	const text = transfer.getData('text/plain');
	if (!text.trim()) {
		return [];
	}
	const name = `text ${stamp}.txt`;
	return [{ file: new File([text], name, { type: 'text/plain' }), path: name, handle: null }];
}

/** Both questions to the item are asked before anything is awaited. */
async function rootOf(item: HandleItem): Promise<Picked> {
	const asked = item.getAsFileSystemHandle?.().catch(() => null);
	const entry = item.webkitGetAsEntry?.() ?? null;
	const file = item.getAsFile();
	const handle = (await asked) ?? null;
	if (handle) {
		return fromHandle(handle as FileSystemFileHandle | FileSystemDirectoryHandle);
	}
	if (entry) {
		return fromEntry(entry);
	}
	return file ? { files: [{ file, path: file.name, handle: null }], unreadable: 0 } : { files: [], unreadable: 1 };
}

async function fromHandle(root: FileSystemFileHandle | FileSystemDirectoryHandle): Promise<Picked> {
	const picked: Picked = { files: [], unreadable: 0 };
	const waiting = [{ handle: root, path: root.name }];
	for (let next = waiting.pop(); next; next = waiting.pop()) {
		try {
			if (next.handle.kind === 'file') {
				picked.files.push({ file: await next.handle.getFile(), path: next.path, handle: next.handle });
				continue;
			}
			for await (const child of (next.handle as DirectoryEntries).values()) {
				waiting.push({ handle: child, path: `${next.path}/${child.name}` });
			}
		} catch {
			picked.unreadable += 1; // of a folder: what it named before is walked all the same
		}
	}
	return inOrder(picked);
}

async function fromEntry(root: FileSystemEntry): Promise<Picked> {
	const picked: Picked = { files: [], unreadable: 0 };
	const waiting = [root];
	for (let next = waiting.pop(); next; next = waiting.pop()) {
		const entry = next;
		try {
			if (entry.isFile) {
				const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
				picked.files.push({ file, path: entry.fullPath.replace(/^\//, ''), handle: null });
				continue;
			}
			const reader = (entry as FileSystemDirectoryEntry).createReader();
			for (let batch = await entries(reader); batch.length > 0; batch = await entries(reader)) {
				waiting.push(...batch); // Chromium gives 100 at a time, and none when there are no more
			}
		} catch {
			picked.unreadable += 1;
		}
	}
	return inOrder(picked);
}

function entries(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
	return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

function inOrder(picked: Picked): Picked {
	picked.files.sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
	return picked;
}
