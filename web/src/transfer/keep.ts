// SPDX-License-Identifier: Apache-2.0
//
// keep.ts - uploads that are not finished, kept in the browser so that a page that was reloaded goes on
//
// A row has the file's handle where the browser gave one; else the file itself, of which the browser then
// makes a copy on its disk, if it is not too large and there is room. All of it is a convenience: where the
// browser has no IndexedDB (private windows, a full disk) every call says null or nothing, and uploads work.

const DATABASE = 'hawser';
const ROWS = 'uploads';
const FILES = 'files'; // copies, by the row's id: apart, so that a changed row does not copy its file again
const VERSION = 1;
const COPY_SIZE_MAX = 512 * 1024 * 1024;
const COPY_ROOM_FACTOR = 2; // the room that must be free, in copies
const ROWS_MAX = 10_000; // as many as a share may have files
const KEPT_MS = 30 * 24 * 3600 * 1000;

export interface KeptUpload {
	id: string;
	share: string;
	url: string | null; // null: the server does not know of it yet
	name: string;
	size: number;
	lastModified: number;
	handle: FileSystemFileHandle | null;
	keptMs: number; // when it was first kept
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
	new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});

function opened(): Promise<IDBDatabase> {
	const request = indexedDB.open(DATABASE, VERSION);
	request.onupgradeneeded = () => {
		request.result.createObjectStore(ROWS, { keyPath: 'id' }).createIndex('share', 'share');
		request.result.createObjectStore(FILES);
	};
	return settled(request);
}

export class Keep {
	#database: Promise<IDBDatabase | null> | null = null;

	/** Writes or replaces. False: it is not kept, and a reload will ask for the file. */
	async put(row: KeptUpload): Promise<boolean> {
		return (await this.#with(ROWS, 'readwrite', (rows) => rows.put(row))) !== null;
	}

	async get(id: string): Promise<KeptUpload | null> {
		return (await this.#with<KeptUpload | undefined>(ROWS, 'readonly', (rows) => rows.get(id))) ?? null;
	}

	/** Has the browser copy the file, where there is room for it. */
	async putFile(id: string, file: File): Promise<boolean> {
		return (await mayCopy(file.size)) && (await this.#with(FILES, 'readwrite', (files) => files.put(file, id))) !== null;
	}

	async remove(id: string): Promise<void> {
		await this.#with(ROWS, 'readwrite', (rows) => rows.delete(id));
		await this.#with(FILES, 'readwrite', (files) => files.delete(id));
	}

	/** In the order in which they were kept. */
	async ofShare(share: string): Promise<KeptUpload[]> {
		const rows = await this.#with<KeptUpload[]>(ROWS, 'readonly', (all) => all.index('share').getAll(share, ROWS_MAX));
		return (rows ?? []).sort((a, b) => a.keptMs - b.keptMs || (a.id < b.id ? -1 : 1));
	}

	async countOf(share: string): Promise<number> {
		return (await this.#with<number>(ROWS, 'readonly', (all) => all.index('share').count(share))) ?? 0;
	}

	/** Of a share that has ended. */
	async removeShare(share: string): Promise<void> {
		for (const row of await this.ofShare(share)) await this.remove(row.id);
	}

	/** Rows that nobody came back for. */
	async tidy(nowMs = Date.now()): Promise<void> {
		const rows = (await this.#with<KeptUpload[]>(ROWS, 'readonly', (all) => all.getAll(undefined, ROWS_MAX))) ?? [];
		for (const row of rows) {
			if (nowMs - row.keptMs > KEPT_MS) await this.remove(row.id);
		}
	}

	/**
	 * The file of a row. @mayAsk: the person has just clicked, so the browser may be made to ask for its
	 * permission; without, only what is granted already is used.
	 */
	async fileOf(row: KeptUpload, mayAsk: boolean): Promise<Found> {
		// Permission first: asking for it is allowed for a moment after the click only.
		const found = row.handle === null ? NOT_FOUND : await fileOfHandle(row, row.handle, mayAsk);
		if (found.file !== null) return found;
		const copy = await this.#with<File | undefined>(FILES, 'readonly', (files) => files.get(row.id));
		return copy instanceof Blob ? { file: copy } : found;
	}

	async #with<T>(store: string, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
		try {
			this.#database ??= opened().catch(() => null);
			const database = await this.#database;
			if (database === null) return null;
			const transaction = database.transaction(store, mode);
			const done = new Promise<void>((resolve, reject) => {
				transaction.oncomplete = () => resolve();
				transaction.onabort = transaction.onerror = () => reject(transaction.error);
			});
			const [result] = await Promise.all([settled(work(transaction.objectStore(store))), done]);
			return result;
		} catch {
			return null;
		}
	}
}

/** Whether a copy of so many bytes may be made on the person's disk. */
export async function mayCopy(size: number): Promise<boolean> {
	if (size > COPY_SIZE_MAX) return false;
	try {
		const { quota = 0, usage = 0 } = await navigator.storage.estimate();
		return quota - usage > size * COPY_ROOM_FACTOR;
	} catch {
		return false;
	}
}

export type Found = { file: File } | { file: null; isChanged: boolean };

const NOT_FOUND: Found = { file: null, isChanged: false };

async function fileOfHandle(row: KeptUpload, handle: FileSystemFileHandle, mayAsk: boolean): Promise<Found> {
	try {
		const options = { mode: 'read' } as const;
		const permission = mayAsk ? await handle.requestPermission(options) : await handle.queryPermission(options);
		if (permission !== 'granted') return NOT_FOUND;
		const file = await handle.getFile();
		return isSame(row, file) ? { file } : { file: null, isChanged: true };
	} catch {
		return NOT_FOUND;
	}
}

/** Is @file what was begun with? Content cannot be compared; its size and the time of its last change can. */
export function isSame(row: Pick<KeptUpload, 'size' | 'lastModified'>, file: File): boolean {
	return file.size === row.size && file.lastModified === row.lastModified;
}
