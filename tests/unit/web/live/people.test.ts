// SPDX-License-Identifier: Apache-2.0
//
// Goal: who has what is counted once, and a stall is told by whoever may know why.
// Method: rooms out of a few events.

import type { RoomEvent, TransferEvent } from '../../../../web/src/api/types';
import { emptyRoom, fold } from '../../../../web/src/live/fold';
import { byFile, countsOf, receiversOf, stallOf } from '../../../../web/src/live/people';

let count = 0;
const down = (client: string | null, file: string, state: TransferEvent['state'], part: Partial<TransferEvent> = {}): TransferEvent => ({
	type: 'transfer',
	seq: ++count,
	id: `t${count}`,
	file,
	direction: 'down',
	state,
	bytes: 50,
	size: 100,
	bytes_per_s: 10,
	seconds_left: 5,
	stalled: null,
	client,
	...part,
});
const room = (...events: RoomEvent[]) => events.reduce(fold, emptyRoom());
const who = (...seats: { client: string; role: 'sender' | 'receiver'; away?: boolean }[]): RoomEvent => ({
	type: 'presence',
	seq: ++count,
	who: seats,
	senders: seats.filter(({ role }) => role === 'sender').length,
	receivers: seats.filter(({ role, away }) => role === 'receiver' && !away).length,
});

describe('counts', () => {
	it('each receiver once, where it got to', () => {
		const downs = byFile(room(down('x', 'a', 'cancelled'), down('x', 'a', 'uploaded'), down('x', 'a', 'uploading'), down('y', 'a', 'confirmed'), down('z', 'a', 'uploading')), 'down');
		expect(countsOf(downs.get('a')!)).toEqual({ downloading: 1, taken: 1, verified: 1 });
		expect(countsOf([])).toEqual({ downloading: 0, taken: 0, verified: 0 });
	});
	it('nameless downloads each on their own', () => {
		expect(countsOf(byFile(room(down(null, 'a', 'uploaded'), down(null, 'a', 'uploaded')), 'down').get('a')!).taken).toBe(2);
	});
	it('each way apart', () => {
		const both = room(down(null, 'a', 'uploaded', { direction: 'up' }), down(null, 'a', 'uploading'));
		expect(byFile(both, 'up').get('a')).toHaveLength(1);
		expect(byFile(both, 'down').get('a')).toHaveLength(1);
		expect(byFile(both, 'down').get('b')).toBeUndefined();
	});
});

describe('receivers', () => {
	it('are those with a seat, and those who only download', () => {
		const views = receiversOf(room(who({ client: 's', role: 'sender' }, { client: 'x', role: 'receiver' }, { client: 'y', role: 'receiver', away: true }), down('y', 'a', 'uploading'), down(null, 'a', 'uploading')));
		expect(views.map(({ away, transfers }) => [away, transfers.length])).toEqual([
			[false, 0],
			[true, 1],
			[false, 1],
		]);
	});
	it('have the furthest transfer of a file, not each of its pieces', () => {
		const [view] = receiversOf(room(who({ client: 'x', role: 'receiver' }), down('x', 'a', 'cancelled'), down('x', 'a', 'uploading', { bytes: 70 })));
		expect(view!.transfers).toEqual([{ file: 'a', state: 'uploading', stall: null, pace: { size: 100, done: 70, bytesPerSecond: 10, secondsLeft: 3 } }]);
	});
	it('say why they are slow', () => {
		const [view] = receiversOf(room(who({ client: 'x', role: 'receiver' }), down('x', 'a', 'uploading', { stalled: 'receiver slow' })));
		expect(view!.transfers[0]!.pace.bytesPerSecond).toBe(0);
		expect(view!.transfers[0]!.stall).toBe('receiver-slow');
	});
});

describe('a stall', () => {
	const full = room(who({ client: 's', role: 'sender' }, { client: 'x', role: 'receiver' }), down('x', 'a', 'uploading'), down('x', 'b', 'uploaded'));
	const empty = room(who());
	it.each([
		[full, 'sender idle', 'receiver', 'sender-idle'],
		[empty, 'sender idle', 'receiver', 'sender-gone'],
		[full, 'sender idle', 'sender', null],
		[full, 'receiver slow', 'sender', 'receiver-slow'],
		[empty, 'receiver slow', 'sender', 'receiver-missing'],
		[full, 'disk', 'sender', 'disk'],
		[full, 'quota', 'receiver', 'quota'],
		[full, null, 'sender', null],
		[full, 'something new', 'sender', null],
	] as const)('%#: %s, %s for the %s is %s', (picture, said, side, stall) => {
		expect(stallOf(picture, 'a', said, side)).toBe(stall);
	});
	it('is nobody\'s slowness where nobody takes that file', () => {
		expect(stallOf(full, 'b', 'receiver slow', 'sender')).toBe('receiver-missing');
	});
});
