// SPDX-License-Identifier: Apache-2.0
//
// client.ts - the only file that calls fetch: one function for each question of the interface
//
// Used by the pages and by the worker, so it knows nothing of a document. Tokens, passwords and passes are
// parameters and travel in fields, never in an address: addresses are kept in logs and histories.

import { ApiError, detailOf, retryAfterOf } from './error';
import type { ClusterJson, HealthJson, MetricsJson, PolicyJson, ShareJson, ShareListJson } from './types';

const QUESTION_TIMEOUT_MS = 20_000; // answers that fit in memory; not for files
const PAGES_MAX = 200; // of a share's files: 10,000 at the most, whatever a page holds

/** What somebody can show; every part is left out where there is none. */
export interface Proof {
	token?: string | null; // owner's, operator's or for uploading
	password?: string | null;
	pass?: string | null; // what a right password was answered with
}

export interface ShareAnswer {
	share: ShareJson; // with its files
	pass: string | null; // a new one, if the password was right
}

function fieldsOf(proof: Proof): Record<string, string> {
	const fields: Record<string, string> = {};
	if (proof.token) fields['Authorization'] = `Bearer ${proof.token}`;
	if (proof.password) fields['Hawser-Password'] = proof.password;
	if (proof.pass) fields['Hawser-Pass'] = proof.pass;
	return fields;
}

async function failureOf(response: Response): Promise<ApiError> {
	const body = await response.text().catch(() => '');
	return new ApiError(
		response.status,
		detailOf(response.headers.get('Content-Type'), body),
		retryAfterOf(response.headers.get('Retry-After')),
		(response.headers.get('WWW-Authenticate') ?? '').includes('Hawser-Password'),
	);
}

/** Also turns what fetch throws into an ApiError of status 0; an abort by @signal is thrown as it is. */
async function ask(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
	let response: Response;
	try {
		response = await fetch(url, { cache: 'no-store', credentials: 'same-origin', ...init, signal });
	} catch (error) {
		if (signal.aborted && signal.reason === error && (error as DOMException).name !== 'TimeoutError') throw error;
		throw new ApiError(0, null);
	}
	if (!response.ok) throw await failureOf(response);
	return response;
}

async function askJson<T>(method: string, url: string, proof: Proof, body?: unknown): Promise<{ json: T; response: Response }> {
	const headers: Record<string, string> = { Accept: 'application/json', ...fieldsOf(proof) };
	const init: RequestInit = { method, headers };
	if (body !== undefined) {
		headers['Content-Type'] = 'application/json';
		init.body = JSON.stringify(body);
	}
	const response = await ask(url, init, AbortSignal.timeout(QUESTION_TIMEOUT_MS));
	if (response.status === 204) return { json: undefined as T, response };
	try {
		return { json: (await response.json()) as T, response };
	} catch {
		throw new ApiError(0, null); // it broke off, or a captive portal answered in the server's place
	}
}

const shareUrl = (id: string) => `/api/v1/shares/${encodeURIComponent(id)}`;

export const fileUrl = (id: string, name: string) => `/s/${encodeURIComponent(id)}/${encodeURIComponent(name)}`;
export const zipUrl = (id: string) => `/s/${encodeURIComponent(id)}.zip`;
export const uploadsUrl = (id: string) => `${shareUrl(id)}/files`;

export interface RangeAnswer {
	status: 200 | 206;
	etag: string | null; // null: the file is still uploaded
	size: number | null; // of the whole file, if that is said
	body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

function sizeOf(response: Response): number | null {
	const range = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '');
	if (range) return Number(range[1]);
	const length = response.headers.get('Content-Length');
	return response.status === 200 && length !== null ? Number(length) : null;
}

/** Of one server: the page's own, with base ''. */
export class Client {
	constructor(readonly base = '') {}

	async createShare(policy: PolicyJson, proof: Proof = {}): Promise<ShareJson> {
		return (await askJson<ShareJson>('POST', `${this.base}/api/v1/shares`, proof, policy)).json;
	}

	/** With the first page of its files only. */
	async shareAlone(id: string, proof: Proof = {}): Promise<ShareAnswer> {
		const { json, response } = await askJson<ShareJson>('GET', this.base + shareUrl(id), proof);
		return { share: json, pass: response.headers.get('Hawser-Pass') };
	}

	async share(id: string, proof: Proof = {}): Promise<ShareAnswer> {
		const { share, pass } = await this.shareAlone(id, proof);
		const after: Proof = pass ? { ...proof, pass, password: null } : proof;
		let next = share.next ?? null;
		for (let page = 1; next !== null && page < PAGES_MAX; page++) {
			const url = `${this.base}${shareUrl(id)}?after=${encodeURIComponent(next)}`;
			const more: ShareJson = (await askJson<ShareJson>('GET', url, after)).json;
			(share.files ??= []).push(...(more.files ?? []));
			next = more.next ?? null;
		}
		return { share, pass };
	}

	async changeShare(id: string, policy: PolicyJson, token: string): Promise<ShareJson> {
		return (await askJson<ShareJson>('PATCH', this.base + shareUrl(id), { token }, policy)).json;
	}

	async endShare(id: string, token: string): Promise<void> {
		await askJson<void>('DELETE', this.base + shareUrl(id), { token });
	}

	async removeFile(id: string, name: string, token: string): Promise<void> {
		await askJson<void>('DELETE', this.base + fileUrl(id, name), { token });
	}

	/** Gives up an upload that is not complete; its address is all the right that is needed. */
	async giveUpUpload(url: string): Promise<void> {
		const init = { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } };
		await ask(new URL(url, this.base || location.href).href, init, AbortSignal.timeout(QUESTION_TIMEOUT_MS));
	}

	/** Bytes of a file from @from on; @etag: of the bytes before, so that no two files are mixed. */
	async readFile(id: string, name: string, options: { from: number; etag: string | null; client: string | null; proof: Proof; signal: AbortSignal }): Promise<RangeAnswer> {
		const headers: Record<string, string> = fieldsOf(options.proof);
		if (options.from > 0) {
			headers['Range'] = `bytes=${options.from}-`;
			if (options.etag !== null) headers['If-Range'] = options.etag;
		}
		if (options.client !== null) headers['Hawser-Client'] = options.client;
		const response = await ask(this.base + fileUrl(id, name), { headers }, options.signal);
		return {
			status: response.status === 206 ? 206 : 200,
			etag: response.headers.get('ETag'),
			size: sizeOf(response),
			body: (response.body ?? new Blob().stream()) as ReadableStream<Uint8Array<ArrayBuffer>>,
		};
	}

	async shares(token: string, before: string | null): Promise<ShareListJson> {
		const query = before === null ? '' : `?before=${encodeURIComponent(before)}`;
		return (await askJson<ShareListJson>('GET', `${this.base}/api/v1/shares${query}`, { token })).json;
	}

	async metrics(token: string | null): Promise<MetricsJson> {
		return (await askJson<MetricsJson>('GET', `${this.base}/metrics/json`, { token })).json;
	}

	async cluster(token: string | null): Promise<ClusterJson> {
		return (await askJson<ClusterJson>('GET', `${this.base}/api/v1/cluster`, { token })).json;
	}

	async health(token: string | null = null): Promise<HealthJson> {
		return (await askJson<HealthJson>('GET', `${this.base}/health`, { token })).json;
	}
}
