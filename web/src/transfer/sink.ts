// SPDX-License-Identifier: Apache-2.0
//
// sink.ts - where the bytes of a download go while they are verified: a file that the person chose, or a Blob

/** Nothing of it is kept before close(), and nothing at all after abort(). */
export interface Sink {
	write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
	close(): Promise<Blob | null>;
	abort(): Promise<void>;
}

/** The disk refused. */
export class SinkError extends Error {
	readonly isFull: boolean;

	constructor(cause: unknown) {
		super('could not be written', { cause });
		this.isFull = (cause as DOMException | null)?.name === 'QuotaExceededError';
	}
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		throw new SinkError(error);
	}
}

/** The browser writes beside the file, and moves it into its place when it is closed. */
export class FileSink implements Sink {
	#writable: FileSystemWritableFileStream | null = null;

	constructor(private readonly handle: FileSystemFileHandle) {}

	async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
		const writable = await this.#open();
		await guarded(() => writable.write(bytes));
	}

	async close(): Promise<null> {
		const writable = await this.#open();
		await guarded(() => writable.close());
		return null;
	}

	async abort(): Promise<void> {
		await this.#writable?.abort().catch(() => undefined);
		try {
			// The picker made an empty file. One that has bytes was there before, and stays as it was.
			const isOurs = (await this.handle.getFile()).size === 0;
			if (isOurs) await (this.handle as { remove?: () => Promise<void> }).remove?.();
		} catch {
			// Not every browser can take it away again.
		}
	}

	async #open(): Promise<FileSystemWritableFileStream> {
		return (this.#writable ??= await guarded(() => this.handle.createWritable()));
	}
}

const PIECE_SIZE = 4 * 1024 * 1024; // as a Blob, which browsers may put on disk

export class BlobSink implements Sink {
	#pieces: Blob[] = [];
	#parts: Uint8Array<ArrayBuffer>[] = [];
	#size = 0;

	write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
		this.#parts.push(bytes);
		this.#size += bytes.length;
		if (this.#size >= PIECE_SIZE) this.#gather();
		return Promise.resolve();
	}

	close(): Promise<Blob> {
		this.#gather();
		return Promise.resolve(new Blob(this.#pieces, { type: 'application/octet-stream' }));
	}

	abort(): Promise<void> {
		this.#pieces = [];
		this.#parts = [];
		return Promise.resolve();
	}

	#gather(): void {
		this.#pieces.push(new Blob(this.#parts));
		this.#parts = [];
		this.#size = 0;
	}
}
