// SPDX-License-Identifier: Apache-2.0
//
// Goal: questions are what API.md says, secrets travel in fields only, and every failure is an ApiError.
// Method: fetch is a function of the test; what it was given is looked at.

import '../fake/browser';
import { Client, fileUrl } from '../../../../web/src/api/client';
import { ApiError, detailOf, isPassing, retryAfterOf } from '../../../../web/src/api/error';
import { failureOf } from '../../../../web/src/api/failure';

let calls: { url: string; init: RequestInit }[];
const client = new Client('http://here');
const answer = (...answers: (Response | Error)[]) =>
	vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
		calls.push({ url, init });
		const next = answers[Math.min(calls.length, answers.length) - 1]!;
		return next instanceof Error ? Promise.reject(next) : Promise.resolve(next.clone());
	});
const json = (value: unknown, status = 200, headers = {}) => new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });
const failure = async (work: Promise<unknown>): Promise<ApiError> => work.then(() => Promise.reject(new Error('it went well')), (error: ApiError) => error);

beforeEach(() => void (calls = []));
afterEach(() => void vi.unstubAllGlobals());

describe('questions', () => {
	it('create a share', async () => {
		answer(json({ id: 'x' }, 201));
		expect(await client.createShare({ expires_in: '7d' }, { token: 'up' })).toEqual({ id: 'x' });
		expect(calls[0]).toMatchObject({ url: 'http://here/api/v1/shares', init: { method: 'POST', body: '{"expires_in":"7d"}', headers: { Authorization: 'Bearer up', Accept: 'application/json' } } });
	});
	it('read all pages of a share, with the pass that the first one gave', async () => {
		answer(json({ id: 'x', files: [{ name: 'a' }], next: 'a/ \u00fc' }, 200, { 'hawser-pass': 'pass' }), json({ files: [{ name: 'b' }], next: null }));
		const { share, pass } = await client.share('x', { password: 'pw' });
		expect(share.files!.map(({ name }) => name)).toEqual(['a', 'b']);
		expect(pass).toBe('pass');
		expect(calls[0]!.init.headers).toMatchObject({ 'Hawser-Password': 'pw' });
		expect(calls[1]).toMatchObject({ url: 'http://here/api/v1/shares/x?after=a%2F%20%C3%BC', init: { headers: { 'Hawser-Pass': 'pass' } } });
		expect(calls[1]!.init.headers).not.toHaveProperty('Hawser-Password');
	});
	it('never have a secret in their address', async () => {
		answer(json({}));
		const proof = { token: 'secret', password: 'secret', pass: 'secret' };
		await client.share('x', proof);
		await client.changeShare('x', { password: 'secret' }, 'secret');
		await client.endShare('x', 'secret');
		await client.removeFile('x', 'a', 'secret');
		await client.shares('secret', null);
		await client.metrics('secret');
		await client.readFile('x', 'a', { from: 0, etag: null, client: 'me', proof, signal: new AbortController().signal });
		for (const { url } of calls) expect(url).not.toContain('secret');
	});
	it('name files by their bytes', () => {
		expect(fileUrl('x', 'a b#?%/\u00fc')).toBe('/s/x/a%20b%23%3F%25%2F%C3%BC');
	});
	it('read from a byte on, of the same file only', async () => {
		answer(new Response('def', { status: 206, headers: { 'content-range': 'bytes 3-5/6', etag: '"e"' } }));
		const read = await client.readFile('x', 'a', { from: 3, etag: '"e"', client: null, proof: {}, signal: new AbortController().signal });
		expect(read).toMatchObject({ status: 206, etag: '"e"', size: 6 });
		expect(calls[0]!.init.headers).toEqual({ Range: 'bytes=3-', 'If-Range': '"e"' });
	});
	it('take an answer without a body for what it is', async () => {
		answer(new Response(null, { status: 204 }));
		expect(await client.endShare('x', 't')).toBeUndefined();
	});
});

describe('failures', () => {
	it('have the server\'s own sentence', async () => {
		answer(new Response('{"title":"Gone","status":410,"detail":"It expired."}', { status: 410, headers: { 'content-type': 'application/problem+json' } }));
		expect(await failure(client.share('x'))).toMatchObject({ status: 410, detail: 'It expired.' });
	});
	it('say how long to wait, and whether a password is wanted', async () => {
		answer(new Response('', { status: 429, headers: { 'retry-after': '7' } }));
		expect(await failure(client.share('x'))).toMatchObject({ status: 429, retryAfterSeconds: 7 });
		answer(new Response('', { status: 401, headers: { 'www-authenticate': 'Hawser-Password' } }));
		const wants = await failure(client.share('x'));
		expect(wants.wantsPassword).toBe(true);
		expect(failureOf(wants).code).toBe('password');
	});
	it('without an answer have status 0', async () => {
		answer(new TypeError('fetch failed'));
		expect(await failure(client.share('x'))).toMatchObject({ status: 0 });
	});
	it('of a captive portal, which says 200 and HTML, are none of the server', async () => {
		answer(new Response('<html>', { status: 200 }));
		expect(await failure(client.share('x'))).toMatchObject({ status: 0 });
	});
	it('by our own abort are no failures of the server', async () => {
		const abort = new AbortController();
		abort.abort();
		answer(abort.signal.reason as Error);
		const error = await failure(client.readFile('x', 'a', { from: 0, etag: null, client: null, proof: {}, signal: abort.signal }));
		expect(error).not.toBeInstanceOf(ApiError);
	});
	it('do not show a proxy\'s page', () => {
		expect(detailOf('text/html', '<h1>Bad Gateway</h1>')).toBeNull();
		expect(detailOf(null, 'x')).toBeNull();
		expect(detailOf('text/plain; charset=utf-8', ' A sentence. \n')).toBe('A sentence.');
		expect(detailOf('application/json', '{')).toBeNull();
		expect(detailOf('application/json', 'null')).toBeNull();
		expect(detailOf('application/json', '{"detail":5}')).toBeNull();
		expect(detailOf('text/plain', 'x'.repeat(9999))).toHaveLength(500);
	});
	it.each([
		['7', 7],
		[' 7 ', 7],
		['', null],
		['-1', null],
		['Wed, 21 Oct 2026 07:28:00 GMT', null],
		['99999999999', null],
		[null, null],
		['86400', 600],
	])('Retry-After %j is %s', (field, seconds) => expect(retryAfterOf(field)).toBe(seconds));
	it.each([0, 408, 425, 429, 500, 502, 503, 504])('%i may pass', (status) => expect(isPassing(new ApiError(status, null))).toBe(true));
	it.each([400, 401, 403, 404, 409, 410, 413, 422, 507])('%i does not', (status) => expect(isPassing(new ApiError(status, null))).toBe(false));
	it('that nobody thought of are unknown', () => {
		expect(failureOf(new Error('a bug'))).toEqual({ code: 'unknown', detail: 'a bug' });
		expect(failureOf(new ApiError(418, null))).toEqual({ code: 'unknown', detail: null });
		expect(isPassing(new Error('a bug'))).toBe(false);
	});
});
