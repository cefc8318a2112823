// SPDX-License-Identifier: Apache-2.0
//
// people.ts - who has the link open, what they take, and how many have a file: read out of a room's picture

import type { Stall } from '../transfer/model';
import type { ReceiverView, UploadView } from '../transfer/model';
import { paceOf } from '../transfer/pace';
import { isMoving, type Room, type Transfer } from './fold';

export type Counts = UploadView['receivers'];

const NOBODY: Counts = { downloading: 0, taken: 0, verified: 0 };

/** The server's word for what holds a transfer up, for those on @side of it. */
export function stallOf(room: Room, stalled: string | null, side: 'sender' | 'receiver'): Stall | null {
	switch (stalled) {
		case 'disk':
		case 'quota':
			return stalled;
		case 'receiver slow':
			return room.receivers > 0 ? 'receiver-slow' : 'receiver-missing';
		case 'sender idle':
			if (side === 'sender') return null; // that is us, and we know better why
			return room.senders > 0 ? 'sender-idle' : 'sender-gone';
		default:
			return null;
	}
}

const pace = (transfer: Transfer) =>
	paceOf(transfer.size, transfer.bytes, isMoving(transfer.state) ? transfer.bytesPerSecond : 0);

/** Transfers to one client; a download that does not say whose it is counts as somebody's own. */
function byReceiver(room: Room): Map<string, Transfer[]> {
	const groups = new Map<string, Transfer[]>();
	for (const seat of room.who) if (seat.role === 'receiver') groups.set(seat.client, []);
	for (const transfer of room.transfers.values()) {
		if (transfer.direction !== 'down') continue;
		const key = transfer.client ?? transfer.id;
		groups.set(key, [...(groups.get(key) ?? []), transfer]);
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
			stall: stallOf(room, one.stalled, 'sender'),
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

/**
 * How many receivers each file has, in the furthest state that each of them reached: nobody is counted
 * twice. Who took the archive took every file.
 */
export function countsOf(room: Room, archive: string): (file: string) => Counts {
	const furthest = new Map<string, Map<string, number>>(); // file: receiver: weight
	for (const one of room.transfers.values()) {
		if (one.direction !== 'down') continue;
		const who = furthest.get(one.file) ?? new Map<string, number>();
		const key = one.client ?? one.id;
		furthest.set(one.file, who.set(key, Math.max(who.get(key) ?? 0, weight(one))));
	}
	const ofArchive = furthest.get(archive);
	return (file) => {
		const own = furthest.get(file);
		if (own === undefined && ofArchive === undefined) return NOBODY;
		const all = new Map(ofArchive);
		for (const [key, value] of own ?? []) all.set(key, Math.max(all.get(key) ?? 0, value));
		const count = (value: number) => [...all.values()].filter((other) => other === value).length;
		return { downloading: count(1), taken: count(2), verified: count(3) };
	};
}

/** Uploads into the share by the file's name, in the order in which they were heard of. */
export function uploadsOf(room: Room): Map<string, Transfer[]> {
	const uploads = new Map<string, Transfer[]>();
	for (const one of room.transfers.values()) {
		if (one.direction !== 'up') continue;
		const others = uploads.get(one.file);
		if (others === undefined) uploads.set(one.file, [one]);
		else others.push(one);
	}
	return uploads;
}
