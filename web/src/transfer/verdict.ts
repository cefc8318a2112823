// SPDX-License-Identifier: Apache-2.0
//
// verdict.ts - what an upload does after an answer that was no success: one table, without side effects
//
// Most things pass: a network, a restart, a proxy that had enough. Those are tried again without an end, with
// waits that grow. What is final is what the server says of the file or of the share.

import type { Failure, Stall } from './model';

export type Verdict =
	| { kind: 'again'; stall: Stall; waitMs: number | null } // null: the ordinary backoff
	| { kind: 'smaller'; because: 'too-large' | 'too-slow' } // and then again
	| { kind: 'rename' } // the name is taken
	| { kind: 'lost'; isEnded: boolean } // the server does not have this upload any more; ended: it knows that it had
	| { kind: 'fail'; failure: Failure };

export interface Answer {
	method: string; // of the request
	status: number; // 0: none
	detail: string | null;
	retryAfterSeconds: number | null;
	isLive: boolean; // nothing is stored: the whole file goes with the POST
}

const LOCKED_WAIT_MS = 1_000; // 409, 423: another request lets go, or the offset is asked for afresh
const FULL_WAIT_MS = 30_000; // 507: until somebody has made room
const RATE_WAIT_MS = 5_000; // 429 that does not say how long

const again = (stall: Stall = 'connecting', waitMs: number | null = null): Verdict => ({ kind: 'again', stall, waitMs });
const fail = (code: Failure['code'], answer: Answer): Verdict => ({ kind: 'fail', failure: { code, detail: answer.detail } });

function waitOf(answer: Answer, otherwiseMs: number | null): number | null {
	return answer.retryAfterSeconds === null ? otherwiseMs : answer.retryAfterSeconds * 1000;
}

export function verdictOf(answer: Answer): Verdict {
	switch (answer.status) {
		case 401:
		case 403:
			return fail('not-allowed', answer);
		case 429:
			return again('rate', waitOf(answer, RATE_WAIT_MS));
		case 400:
		case 405:
		case 412:
		case 415:
		case 422:
			return fail('refused', answer);
	}
	if (answer.status < 400) return again(); // no answer; or a success that is not tus: a captive portal's
	return answer.method === 'POST' ? creation(answer) : continuation(answer);
}

function creation(answer: Answer): Verdict {
	switch (answer.status) {
		case 404:
		case 410:
			return fail('share-gone', answer);
		case 408:
			return again(answer.isLive ? 'receiver-missing' : 'connecting');
		case 409:
			return { kind: 'rename' };
		case 413:
			return fail('too-large', answer);
		case 507:
			return fail('no-room', answer);
	}
	return answer.status >= 500 || answer.status === 423 || answer.status === 425 ? again('connecting', waitOf(answer, null)) : fail('refused', answer);
}

/** HEAD and PATCH: something of the file is there already, so more is done to go on. */
function continuation(answer: Answer): Verdict {
	const isPatch = answer.method === 'PATCH';
	switch (answer.status) {
		case 404:
		case 410:
			return { kind: 'lost', isEnded: answer.status === 410 };
		case 408:
		case 502:
		case 504:
			return isPatch ? { kind: 'smaller', because: 'too-slow' } : again();
		case 409:
		case 423:
			return again('connecting', LOCKED_WAIT_MS);
		case 413:
			return isPatch ? { kind: 'smaller', because: 'too-large' } : again();
		case 425:
		case 460:
			return again();
		case 507:
			return again('quota', FULL_WAIT_MS);
	}
	return answer.status >= 500 ? again('connecting', waitOf(answer, null)) : fail('refused', answer);
}
