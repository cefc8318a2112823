// SPDX-License-Identifier: Apache-2.0
//
// people.ts - who has the link open, what they take, and how many have a file: read out of a room's picture

import type { Stall } from '../transfer/model';
import type { ReceiverView, UploadView } from '../transfer/model';
import { paceOf } from '../transfer/pace';
import type { Room } from './fold';
import { isMoving, type Transfer } from './transfers';

export type Counts = UploadView['receivers'];

export const NOBODY: Counts = { downloading: 0, taken: 0, verified: 0 };

const isTaken = (room: Room, file: string): boolean =>
	room.transfers.ofFile(file).some((one) => one.direction === 'down' && isMoving(one.state));

/** The server's word for what holds a transfer of @file up, for those on @side of it. */
export function stallOf(room: Room, file: string, stalled: string | null, side: 'sender' | 'receiver'): Stall | null {
	switch (stalled) {
		case 'disk':
		case 'quota':
			return stalled;
		case 'receiver slow':
			return isTaken(room, file) ? 'receiver-slow' : 'receiver-missing';
		case 'sender idle':
			if (side === 'sender') return null; // that is us, and we know better why
			return room.senders > 0 ? 'sender-idle' : 'sender-gone';
		default:
			return null;
	}
}

const pace = (transfer: Transfer) =>
	paceOf(transfer.size, transfer.bytes, isMoving(transfer.state) && transfer.stalled === null ? transfer.bytesPerSecond : 0);

/** Transfers to one client; a download that does not say whose it is counts as somebody's own. */
function byReceiver(room: Room): Map<string, Transfer[]> {
	const groups = new Map<string, Transfer[]>();
	for (const seat of room.who) if (seat.role === 'receiver') groups.set(seat.client, []);
	for (const transfer of room.transfers.values()) {
		if (transfer.direction !== 'down') continue;
		const key = transfer.client ?? transfer.id;
		const others = groups.get(key);
		if (others === undefined) groups.set(key, [transfer]);
		else others.push(transfer);
	}
	return groups;
}

export function receiversOf(room: Room): ReceiverView[] {
	const seats = new Map(room.who.map((seat) => [seat.client, seat]));
	return [...byReceiver(room)].map(([client, transfers]) => ({
		client,
		// Who is not named any more has left; but a plain download has no seat, and is there while it moves.
		away: seats.has(client) ? seats.get(client)!.away === true : !transfers.some((one) => isMoving(one.state)),
		transfers: newestOfEach(transfers).map((one) => ({
			file: one.file,
			state: one.state,
			stall: stallOf(room, one.file, one.stalled, 'sender'),
			pace: pace(one),
		})),
	}));
}

/** A download that was resumed is several transfers: the one that got furthest stands for the file. */
function newestOfEach(transfers: readonly Transfer[]): Transfer[] {
	const best = new Map<string, Transfer>();
	for (const one of transfers) {
		const other = best.get(one.file);
		if (other === undefined || weight(one) >= weight(other)) best.set(one.file, one);
	}
	return [...best.values()];
}

function weight(transfer: Transfer): number {
	if (transfer.state === 'confirmed') return 3;
	if (transfer.state === 'uploaded') return 2;
	return isMoving(transfer.state) ? 1 : 0;
}

/** How many receivers a file has, each in the furthest state that it reached: nobody is counted twice. */
export function countsOf(downloads: readonly Transfer[]): Counts {
	if (downloads.length === 0) return NOBODY;
	const furthest = new Map<string, number>(); // receiver: weight
	for (const one of downloads) {
		const key = one.client ?? one.id;
		furthest.set(key, Math.max(furthest.get(key) ?? 0, weight(one)));
	}
	const count = (value: number) => [...furthest.values()].filter((other) => other === value).length;
	return { downloading: count(1), taken: count(2), verified: count(3) };
}

/** Transfers one way by the file's name, in the order in which they were heard of. */
export function byFile(room: Room, direction: 'up' | 'down'): ReadonlyMap<string, Transfer[]> {
	const transfers = new Map<string, Transfer[]>();
	for (const one of room.transfers.values()) {
		if (one.direction !== direction) continue;
		const others = transfers.get(one.file);
		if (others === undefined) transfers.set(one.file, [one]);
		else others.push(one);
	}
	return transfers;
}
