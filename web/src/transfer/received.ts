// SPDX-License-Identifier: Apache-2.0
//
// received.ts - a share's files as the receive page shows them: the list, and what the room says of each upload

import type { FileJson } from '../api/types';
import type { RoomView } from '../live/room';
import { stallOf } from '../live/people';
import { isMoving, type Transfer } from '../live/transfers';
import type { DownloadView, ReceivedFile, Stall } from './model';
import { paceOf } from './pace';

const NEW_FILE = { url: '', size: null, received: 0, is_complete: false, root: null, created_at: '' };

/** What was heard of files since the list was asked for; how large one is that was added, its transfer says until then. */
export function withNews(files: readonly FileJson[], news: ReadonlyMap<string, 'added' | 'removed'>): FileJson[] {
	const names = new Set(files.map(({ name }) => name));
	const added = [...news].filter(([name, state]) => state === 'added' && !names.has(name)).map(([name]) => ({ ...NEW_FILE, name }));
	return [...files.filter(({ name }) => news.get(name) !== 'removed'), ...added];
}

/** Of the uploads of one name the newest that is not given up; undefined: none is known. */
export function uploadOf(uploads: readonly Transfer[] | undefined): Transfer | undefined {
	return uploads?.filter(({ state }) => state !== 'failed' && state !== 'cancelled').at(-1);
}

/** A sender without a page (curl) has no seat, but its bytes come. Null: not known. */
export function isSenderThere(room: RoomView): boolean | null {
	if (room.connection !== 'online' || !room.isKnown) return null;
	return room.senders > 0 || [...room.transfers.values()].some(isAdvancing);
}

const isAdvancing = (one: Transfer): boolean => one.direction === 'up' && isMoving(one.state) && one.stalled === null && one.bytesPerSecond > 0;

/** Why an incomplete file does not grow. */
export function uploadStall(room: RoomView | null, upload: Transfer | undefined): Stall | null {
	if (room === null || !room.isKnown || room.connection !== 'online') return null;
	if (upload !== undefined && isAdvancing(upload)) return null;
	const said = stallOf(room, upload?.file ?? '', upload?.stalled ?? null, 'receiver');
	return said ?? (isSenderThere(room) ? null : 'sender-gone');
}

export function receivedFileOf(file: FileJson, url: string, room: RoomView | null, uploads: readonly Transfer[] | undefined, download: (size: number | null) => DownloadView | null): ReceivedFile {
	const upload = file.is_complete ? undefined : uploadOf(uploads);
	const size = file.size ?? upload?.size ?? null;
	const received = file.is_complete ? (file.size ?? file.received) : Math.max(file.received, upload?.bytes ?? 0);
	return {
		name: file.name,
		url,
		size,
		received,
		isComplete: file.is_complete,
		root: file.root,
		upload: file.is_complete ? null : paceOf(size, received, upload !== undefined && isAdvancing(upload) ? upload.bytesPerSecond : 0),
		stall: file.is_complete ? null : uploadStall(room, upload),
		download: download(size),
	};
}
