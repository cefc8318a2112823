// SPDX-License-Identifier: Apache-2.0
//
// Goal: the sentence above all uploads says the worst that the person can do something about, and the rope agrees.
// Method: views with few uploads in every state that matters.
import { en } from '../../../../web/src/text/en';
import type { SendView, UploadView } from '../../../../web/src/transfer/model';
import { standingOf } from '../../../../web/src/views/send/standing';

const share: SendView['share'] = {
	id: 'a', url: 'http://h/s/a', createdAt: '2026-11-26T00:00:00Z', expiresAt: null, downloads: 0, downloadsMax: null, hasPassword: false, message: null, mode: 'stored',
};
const upload = (over: Partial<UploadView>): UploadView => ({
	id: 'u', name: 'a', state: 'sending', stall: null, failure: null, pace: { size: 10, done: 5, bytesPerSecond: 1, secondsLeft: 5 }, receivers: { downloading: 0, taken: 0, verified: 0 }, ...over,
});
const standing = (uploads: UploadView[], over: Partial<SendView> = {}) =>
	standingOf({ share, creating: false, failure: null, uploads, total: uploads[0]?.pace ?? { size: 0, done: 0, bytesPerSecond: 0, secondsLeft: null }, receivers: [], connection: 'online', ...over }, en);

test('one that moves is enough for a taut rope', () => {
	const now = standing([upload({}), upload({ state: 'stalled', stall: 'rate' })]);
	expect(now).toMatchObject({ sentence: en.total.sending, tone: 'plain', isTaut: true, isDone: false });
});

test('what stands still says why', () => {
	expect(standing([upload({ state: 'stalled', stall: 'disk' })])).toMatchObject({ sentence: en.stallHere.disk, tone: 'wait', isTaut: false });
	expect(standing([upload({ state: 'paused', stall: 'paused' })]).sentence).toBe(en.total.paused);
	expect(standing([upload({ state: 'paused', stall: 'file-needed' })]).sentence).toBe(en.stallHere['file-needed']);
	expect(standing([upload({})], { connection: 'offline' }).sentence).toBe(en.stallHere.offline);
});

test('done means all of it, and verified what every file is', () => {
	const done = { state: 'uploaded' as const };
	expect(standing([upload(done)])).toMatchObject({ sentence: en.total.uploaded, tone: 'good', isTaut: true, isDone: true });
	expect(standing([upload(done)], { share: { ...share, mode: 'live' } }).sentence).toBe(en.total.uploadedLive);
	const verified = { state: 'confirmed' as const, receivers: { downloading: 0, taken: 0, verified: 2 } };
	expect(standing([upload(verified)]).sentence).toBe(en.total.verified(2));
	expect(standing([upload(verified), upload(done)]).sentence).toBe(en.total.uploaded);
});

test('a failure is said when nothing is left to wait for', () => {
	expect(standing([upload({ state: 'failed' }), upload({})]).tone).toBe('plain');
	expect(standing([upload({ state: 'failed' }), upload({ state: 'uploaded' })])).toMatchObject({ sentence: en.total.failed(1), tone: 'bad', isDone: false });
	expect(standing([upload({ state: 'cancelled' })]).sentence).toBe(en.total.nothing);
});
