// SPDX-License-Identifier: Apache-2.0
//
// failure.ts - what an answer means to a person: the table from statuses to the codes that the pages know

import type { Failure } from '../transfer/model';
import { ApiError } from './error';

const CODES: Record<number, Failure['code']> = {
	400: 'refused',
	401: 'not-allowed',
	403: 'not-allowed',
	404: 'not-found',
	409: 'name-taken',
	410: 'share-gone',
	413: 'too-large',
	415: 'refused',
	422: 'refused',
	507: 'no-room',
};

export function failureOf(error: unknown): Failure {
	if (!(error instanceof ApiError)) return { code: 'unknown', detail: error instanceof Error ? error.message : null };
	if (error.wantsPassword) return { code: 'password', detail: error.detail };
	return { code: CODES[error.status] ?? 'unknown', detail: error.detail };
}
