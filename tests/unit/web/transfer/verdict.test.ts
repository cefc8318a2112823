// SPDX-License-Identifier: Apache-2.0
//
// Goal: what passes is tried again without an end; what is final is final; and nothing else happens.
// Method: the table of net/talk/API.md, for creation and for going on.

import { type Answer, verdictOf } from '../../../../web/src/transfer/verdict';

const answer = (method: string, status: number, part: Partial<Answer> = {}): Answer => ({ method, status, detail: 'a sentence', retryAfterSeconds: null, isLive: false, ...part });
const kind = (method: string, status: number, part?: Partial<Answer>) => verdictOf(answer(method, status, part));

describe('creation', () => {
	it.each([0, 200, 302, 408, 423, 500, 502, 503, 504])('with %i is tried again', (status) => expect(kind('POST', status).kind).toBe('again'));
	it.each([
		[401, 'not-allowed'],
		[403, 'not-allowed'],
		[404, 'share-gone'],
		[410, 'share-gone'],
		[413, 'too-large'],
		[422, 'refused'],
		[400, 'refused'],
		[418, 'refused'],
		[507, 'no-room'],
	])('with %i fails: %s, with the sentence', (status, code) => expect(kind('POST', status)).toEqual({ kind: 'fail', failure: { code, detail: 'a sentence' } }));
	it('with 409 takes another name', () => expect(kind('POST', 409).kind).toBe('rename'));
	it('of a live share that nobody takes waits for somebody', () => expect(kind('POST', 408, { isLive: true })).toMatchObject({ kind: 'again', stall: 'receiver-missing' }));
});

describe('going on', () => {
	it.each([0, 200, 409, 423, 425, 460, 500, 503, 507])('with %i is tried again', (status) => {
		for (const method of ['HEAD', 'PATCH']) expect(kind(method, status).kind).toBe('again');
	});
	it.each([
		[413, 'too-large'],
		[408, 'too-slow'],
		[502, 'too-slow'],
		[504, 'too-slow'],
	])('with %i makes a PATCH smaller, and a HEAD not', (status, because) => {
		expect(kind('PATCH', status)).toEqual({ kind: 'smaller', because });
		expect(kind('HEAD', status).kind).toBe('again');
	});
	it.each([404, 410])('with %i is lost', (status) => {
		for (const method of ['HEAD', 'PATCH']) expect(kind(method, status)).toEqual({ kind: 'lost', isEnded: status === 410 });
	});
	it.each([400, 401, 403, 415])('with %i fails', (status) => expect(kind('PATCH', status).kind).toBe('fail'));
});

describe('waiting', () => {
	it('is as long as the server says, within reason', () => {
		expect(kind('PATCH', 429, { retryAfterSeconds: 7 })).toEqual({ kind: 'again', stall: 'rate', waitMs: 7000 });
		expect(kind('POST', 503, { retryAfterSeconds: 3 })).toMatchObject({ waitMs: 3000 });
		expect(kind('POST', 429)).toMatchObject({ stall: 'rate', waitMs: 5000 });
	});
});
