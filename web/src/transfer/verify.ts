// SPDX-License-Identifier: Apache-2.0
//
// verify.ts - a download that is hashed on its way: read, hash, write, and compare the root in the end
//
//   run -> [fetch from the bytes that are verified -> drain]* -> judge -> done | failed
//
// What broke off goes on where it stopped (Range; If-Range with the root as ETag, so that no two files are
// mixed), without an end to the patience. A file that is still uploaded is followed: it has no ETag, and its
// root is asked for when it is complete. A root that does not match: nothing is kept.
//
// Runs in a worker (verify.worker.ts); nothing here needs one.

import type { Client, Proof, RangeAnswer } from '../api/client';
import { ApiError, isPassing } from '../api/error';
import { failureOf } from '../api/failure';
import { backoffMs } from '../live/backoff';
import { FileHasher } from './merkle';
import type { Failure, Stall } from './model';
import { type Sink, SinkError } from './sink';

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 20_000;
const STALL_MS = 3_000; // without a byte, after which it is said
const SILENCE_MS = 30_000; // without a byte, after which it is asked again
const FOLLOW_SILENCE_MS = 120_000; // likewise, where the sender sets the pace
const NEWS_MS = 150; // between two messages of bytes
const RANGE_REFUSALS_MAX = 3; // in a row: a shorter file has come under that name, and no ETag says so
const ROOT_ASKS_MAX = 30;
const ROOT_WAIT_MS = 1_000;

export interface VerifyJob {
	share: string;
	name: string;
	client: string | null; // who we are in the share's room
	proof: Proof;
	size: number | null;
}

export type VerifyNews =
	| { type: 'bytes'; done: number; size: number | null }
	| { type: 'stall'; stall: Stall }
	| { type: 'verifying' }
	| { type: 'done'; root: string; isVerified: boolean; blob: Blob | null } // not verified: the server knows no root
	| { type: 'fail'; failure: Failure };

class Final extends Error {
	constructor(readonly failure: Failure) {
		super(failure.code);
	}
}

export class Verification {
	readonly #hasher = new FileHasher();
	#done = 0; // hashed and written
	#size: number | null;
	#etag: string | null = null;
	#failures = 0;
	#rangeRefusals = 0; // since the last byte
	#toldMs = 0;
	#movedMs = 0;
	#isCancelled = false;
	#abort: AbortController | null = null; // of the request under way
	#wake: (() => void) | null = null; // ends a wait
	#paused: Promise<void> | null = null;
	#unpause: (() => void) | null = null;

	constructor(
		private readonly job: VerifyJob,
		private readonly sink: Sink,
		private readonly client: Client,
		private readonly tell: (news: VerifyNews) => void,
	) {
		this.#size = job.size;
	}

	/** Resolves when it is over; what became of it has been told. */
	async run(): Promise<void> {
		try {
			while (!(await this.#turn()));
			if (!this.#isCancelled) await this.#judge();
		} catch (error) {
			if (!this.#isCancelled) this.tell({ type: 'fail', failure: failureFrom(error) });
			await this.sink.abort();
			return;
		}
		if (this.#isCancelled) await this.sink.abort();
	}

	pause(): void {
		if (this.#paused !== null) return;
		this.#paused = new Promise((resolve) => (this.#unpause = resolve));
		this.#abort?.abort();
	}

	resume(): void {
		this.#unpause?.();
		this.#paused = this.#unpause = null;
		this.#failures = 0;
		this.#wake?.();
	}

	cancel(): void {
		this.#isCancelled = true;
		this.#unpause?.();
		this.#wake?.();
		this.#abort?.abort();
	}

	/** One request. True: all bytes are there, or it was cancelled. */
	async #turn(): Promise<boolean> {
		await this.#paused;
		if (this.#isCancelled || (this.#size !== null && this.#done === this.#size && this.#done > 0)) return true;
		const abort = (this.#abort = new AbortController());
		const watch = setInterval(() => this.#look(abort), 1_000);
		this.#movedMs = Date.now();
		try {
			const { share, name, client, proof } = this.job;
			const answer = await this.client.readFile(share, name, { from: this.#done, etag: this.#etag, client, proof, signal: abort.signal });
			await this.#drain(answer);
			if (this.#size === null || this.#done === this.#size) return true;
			if (this.#done > this.#size) throw new Final({ code: 'damaged', detail: null });
			await this.#failed(null); // it ended too early, and nothing said so
			return this.#isCancelled;
		} catch (error) {
			if (error instanceof SinkError || error instanceof Final) throw error;
			if (!abort.signal.aborted) await this.#failed(error);
			return this.#isCancelled;
		} finally {
			clearInterval(watch);
			abort.abort();
		}
	}

	async #drain(answer: RangeAnswer): Promise<void> {
		if (this.#etag !== null && answer.etag !== this.#etag) throw new Final({ code: 'file-changed', detail: null });
		this.#etag = answer.etag ?? this.#etag;
		this.#size = answer.size ?? this.#size;
		let skip = answer.status === 200 ? this.#done : 0; // the server did not go on where we asked it to
		const reader = answer.body.getReader();
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			const bytes = value.subarray(Math.min(skip, value.length));
			skip -= value.length - bytes.length;
			if (bytes.length > 0) await this.#take(bytes);
		}
	}

	async #take(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
		await this.#hasher.add(bytes);
		await this.sink.write(bytes);
		this.#done += bytes.length;
		this.#failures = this.#rangeRefusals = 0;
		this.#movedMs = Date.now();
		if (this.#movedMs - this.#toldMs >= NEWS_MS) this.#tellBytes();
	}

	#tellBytes(): void {
		this.#toldMs = Date.now();
		this.tell({ type: 'bytes', done: this.#done, size: this.#size });
	}

	#look(abort: AbortController): void {
		const silentMs = Date.now() - this.#movedMs;
		const isFollowing = this.#etag === null && this.#done > 0;
		if (silentMs >= STALL_MS) this.tell({ type: 'stall', stall: isFollowing ? 'sender-idle' : 'connecting' });
		if (silentMs >= (isFollowing ? FOLLOW_SILENCE_MS : SILENCE_MS)) abort.abort();
	}

	async #failed(error: unknown): Promise<void> {
		const status = error instanceof ApiError ? error.status : 0;
		// An exception that is no answer came out of the body: it broke off.
		if (error instanceof ApiError && !isPassing(error) && status !== 416) throw error;
		if (status === 416 && ++this.#rangeRefusals >= RANGE_REFUSALS_MAX) throw new Final({ code: 'file-changed', detail: null });
		const retryAfterS = error instanceof ApiError ? error.retryAfterSeconds : null;
		this.tell({ type: 'stall', stall: status === 429 ? 'rate' : 'connecting' });
		await this.#wait(retryAfterS !== null ? retryAfterS * 1000 : backoffMs(this.#failures++, BACKOFF_FIRST_MS, BACKOFF_MAX_MS));
	}

	#wait(waitMs: number): Promise<void> {
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, waitMs);
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	async #judge(): Promise<void> {
		this.#tellBytes();
		this.tell({ type: 'verifying' });
		const root = await this.#hasher.root();
		const expected = await this.#expected();
		if (expected !== null && expected !== root) throw new Final({ code: 'damaged', detail: null });
		if (this.#isCancelled) return;
		const blob = await this.sink.close();
		this.tell({ type: 'done', root, isVerified: expected !== null, blob });
	}

	/** The root by the server's word: it was the ETag, or is said as soon as the file is complete. */
	async #expected(): Promise<string | null> {
		const etag = /^"([0-9a-f]{64})"$/.exec(this.#etag ?? '');
		if (etag) return etag[1]!;
		for (let asks = 0; asks < ROOT_ASKS_MAX && !this.#isCancelled; asks++) {
			try {
				const { share } = await this.client.share(this.job.share, this.job.proof);
				if (share.mode === 'live') return null; // nothing is stored, so nothing is known of it
				const file = share.files?.find(({ name }) => name === this.job.name);
				if (file === undefined) return null;
				if (file.root !== null) return file.root;
			} catch (error) {
				if (!isPassing(error)) return null;
			}
			await this.#wait(ROOT_WAIT_MS);
		}
		return null;
	}
}

function failureFrom(error: unknown): Failure {
	if (error instanceof Final) return error.failure;
	if (error instanceof SinkError) return { code: error.isFull ? 'no-room' : 'file-unreadable', detail: null };
	const failure = failureOf(error);
	return failure.code === 'not-found' ? { ...failure, code: 'share-gone' } : failure;
}
