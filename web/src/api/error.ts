// SPDX-License-Identifier: Apache-2.0
//
// error.ts - an answer that is no success, as one type; what it means is said by failure.ts

/** `status` 0: there was no answer at all (no network, no server, or none in time). */
export class ApiError extends Error {
	readonly status: number;
	readonly detail: string | null; // the server's own sentence; null where a proxy spoke, or nobody
	readonly retryAfterSeconds: number | null;
	readonly wantsPassword: boolean; // a 401 that asks for the share's password, and not for a token

	constructor(status: number, detail: string | null, retryAfterSeconds: number | null = null, wantsPassword = false) {
		super(detail ?? `status ${status}`);
		this.name = 'ApiError';
		this.status = status;
		this.detail = detail;
		this.retryAfterSeconds = retryAfterSeconds;
		this.wantsPassword = wantsPassword;
	}
}

const RETRY_AFTER_MAX_S = 600; // a page that waits for hours looks dead, and the server may long be well again

/** Seconds of a Retry-After field, as far as we follow it; the form with a date is not one that we send, so it is passed over. */
export function retryAfterOf(field: string | null | undefined): number | null {
	if (field == null || !/^\d{1,6}$/.test(field.trim())) return null;
	return Math.min(Number(field.trim()), RETRY_AFTER_MAX_S);
}

/**
 * The sentence in an error's body. A proxy in front answers with pages of its own: what is neither our
 * plain text nor problem+json is nothing that a person should read.
 */
export function detailOf(contentType: string | null | undefined, body: string): string | null {
	const type = (contentType ?? '').toLowerCase();
	if (type.startsWith('text/plain')) return body.trim().slice(0, 500) || null;
	if (!type.includes('json')) return null;
	try {
		const problem: unknown = JSON.parse(body);
		const detail = (problem as { detail?: unknown } | null)?.detail;
		return typeof detail === 'string' ? detail : null;
	} catch {
		return null;
	}
}

/** Asked again, may it go well? Without an answer, and where the server or a proxy was not able to. */
export function isPassing(error: unknown): boolean {
	if (!(error instanceof ApiError)) return false;
	return error.status === 0 || error.status === 408 || error.status === 425 || error.status === 429 || (error.status >= 500 && error.status !== 507);
}
