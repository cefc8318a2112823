// SPDX-License-Identifier: Apache-2.0
//
// Goal: a transfer's state goes forward only, and carries a reason exactly where it has one.
// Method: each legal way; each illegal one as a no-op; ten thousand random events with a seed.

import { type DownloadMachine, downloadNext, isDownloadOver, isUploadOver, type MachineEvent, QUEUED, RUNNING, type UploadMachine, uploadNext } from '../../../../web/src/transfer/machine';
import type { DownloadState, UploadState } from '../../../../web/src/transfer/model';
import { pick, seeded } from '../fake/random';

const run = (events: MachineEvent<UploadState>[], from: UploadMachine = QUEUED) => events.reduce(uploadNext, from);
const go = (state: UploadState): MachineEvent<UploadState> => ({ type: 'go', state });

describe('an upload', () => {
	it('goes its ordinary way', () => {
		const end = run([go('sending'), { type: 'bytes', done: 5 }, { type: 'stall', stall: 'offline' }, go('sending'), { type: 'bytes', done: 9 }, go('uploaded'), go('confirmed')]);
		expect(end).toEqual({ state: 'confirmed', stall: null, failure: null, done: 9 });
	});

	it('is confirmed only after it was uploaded', () => {
		expect(run([go('sending'), go('confirmed')]).state).toBe('sending');
	});

	it('does not leave a pause but by being queued', () => {
		const paused = run([go('sending'), go('paused')]);
		expect(paused.stall).toBe('paused');
		expect(run([go('sending')], paused)).toBe(paused);
		expect(run([{ type: 'stall', stall: 'connecting' }], paused)).toBe(paused);
		expect(run([go('queued')], paused)).toMatchObject({ state: 'queued', stall: null });
	});

	it.each(['uploaded', 'confirmed', 'failed', 'cancelled'] as const)('stays %s, whatever comes late', (state) => {
		const end = state === 'failed' ? run([{ type: 'fail', failure: { code: 'no-room', detail: null } }]) : run([go('uploaded'), go(state)].slice(state === 'cancelled' ? 1 : 0));
		expect(end.state).toBe(state);
		for (const late of ['queued', 'sending', 'paused', 'cancelled'] as const) expect(run([go(late)], end)).toBe(end);
		expect(run([{ type: 'fail', failure: { code: 'unknown', detail: null } }], end)).toBe(end);
		expect(run([{ type: 'restart' }], end)).toBe(end);
	});

	it('says another reason for the same stall, and the same one not again', () => {
		const stalled = run([{ type: 'stall', stall: 'connecting' }]);
		expect(run([{ type: 'stall', stall: 'connecting' }], stalled)).toBe(stalled);
		expect(run([{ type: 'stall', stall: 'disk' }], stalled).stall).toBe('disk');
	});

	it('takes bytes back by a restart only', () => {
		const some = run([go('sending'), { type: 'bytes', done: 100 }]);
		expect(run([{ type: 'bytes', done: 50 }], some)).toBe(some);
		expect(run([{ type: 'restart' }], some).done).toBe(0);
	});

	it('keeps its invariants over random events', () => {
		const states: UploadState[] = ['queued', 'sending', 'stalled', 'paused', 'uploaded', 'confirmed', 'failed', 'cancelled'];
		for (let seed = 0; seed < 150; seed++) {
			const random = seeded(seed);
			let machine = QUEUED;
			for (let step = 0; step < 20; step++) {
				const was = machine;
				machine = uploadNext(machine, randomEvent(random, states));
				check(was, machine, isUploadOver, seed);
			}
		}
	});
});

describe('a download', () => {
	const take = (events: MachineEvent<DownloadState>[], from: DownloadMachine = RUNNING) => events.reduce(downloadNext, from);

	it('is verified after it was read', () => {
		expect(take([{ type: 'bytes', done: 7 }, { type: 'go', state: 'verifying' }, { type: 'go', state: 'verified' }])).toMatchObject({ state: 'verified', done: 7 });
	});

	it('cannot stall any more when all of it is here', () => {
		const verifying = take([{ type: 'go', state: 'verifying' }]);
		expect(take([{ type: 'stall', stall: 'connecting' }], verifying)).toBe(verifying);
		expect(take([{ type: 'go', state: 'paused' }], verifying)).toBe(verifying);
	});

	it.each(['verifying', 'verified', 'taken'] as const)('is %s also where the pause came too late', (state) => {
		expect(take([{ type: 'go', state: 'paused' }, { type: 'go', state }])).toMatchObject({ state, stall: null });
	});

	it('keeps its invariants over random events', () => {
		const states: DownloadState[] = ['running', 'stalled', 'paused', 'verifying', 'verified', 'taken', 'failed', 'cancelled'];
		for (let seed = 0; seed < 150; seed++) {
			const random = seeded(seed);
			let machine = RUNNING;
			for (let step = 0; step < 20; step++) {
				const was = machine;
				machine = downloadNext(machine, randomEvent(random, states));
				check(was, machine, isDownloadOver, seed);
			}
		}
	});
});

function randomEvent<S extends string>(random: () => number, states: readonly S[]): MachineEvent<S> {
	const state = pick(random, states.filter((one) => one !== 'stalled' && one !== 'failed'));
	return pick<MachineEvent<S>>(random, [
		{ type: 'go', state },
		{ type: 'go', state },
		{ type: 'stall', stall: 'connecting' },
		{ type: 'bytes', done: Math.floor(random() * 100) },
		{ type: 'fail', failure: { code: 'unknown', detail: null } },
	]);
}

function check<S extends UploadState | DownloadState>(was: { state: S; done: number }, is: { state: S; done: number; stall: unknown; failure: unknown }, isOver: (state: S) => boolean, seed: number): void {
	const label = `seed ${seed}: ${was.state} -> ${is.state}`;
	expect(is.done, label).toBeGreaterThanOrEqual(was.done);
	if (isOver(was.state)) expect(isOver(is.state), label).toBe(true);
	expect(is.stall !== null, label).toBe(is.state === 'stalled' || is.state === 'paused');
	expect(is.failure !== null, label).toBe(is.state === 'failed');
}
