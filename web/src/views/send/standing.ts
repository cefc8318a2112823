// SPDX-License-Identifier: Apache-2.0
//
// standing.ts - the one sentence about all uploads together: what happens, or why nothing does and what helps
import type { SendView, UploadView } from '../../transfer/model';
import type { Words } from '../../text/en';

export interface Standing {
	sentence: string;
	tone: 'plain' | 'wait' | 'good' | 'bad';
	/** Something pulls at the rope, or all of it is made fast. */
	isTaut: boolean;
	isDone: boolean;
}

export const isDone = (upload: UploadView) => upload.state === 'uploaded' || upload.state === 'confirmed';
const isMoving = (upload: UploadView) => upload.state === 'sending';

/** The worst that the person can do something about comes first. */
export function standingOf(view: SendView, words: Words): Standing {
	const uploads = view.uploads.filter((upload) => upload.state !== 'cancelled');
	const open = uploads.filter((upload) => !isDone(upload) && upload.state !== 'failed');
	const failed = uploads.filter((upload) => upload.state === 'failed').length;
	const stalled = open.find((upload) => upload.state === 'stalled' && upload.stall);
	const still = { tone: 'wait' as const, isTaut: false, isDone: false };

	if (uploads.length === 0) {
		return { ...still, tone: 'plain', sentence: view.share ? words.total.nothing : words.total.waiting };
	}
	if (open.length === 0 && failed > 0) {
		return { sentence: words.total.failed(failed), tone: 'bad', isTaut: false, isDone: false };
	}
	if (open.length === 0) {
		return { sentence: doneSentence(view, uploads, words), tone: 'good', isTaut: true, isDone: true };
	}
	if (view.connection === 'offline') {
		return { ...still, sentence: words.stallHere.offline };
	}
	if (open.some(isMoving)) {
		return { sentence: words.total.sending, tone: 'plain', isTaut: true, isDone: false };
	}
	if (stalled?.stall) {
		return { ...still, sentence: words.stallHere[stalled.stall] };
	}
	if (view.connection === 'reconnecting') {
		return { ...still, sentence: words.total.reconnecting };
	}
	if (open.every((upload) => upload.state === 'paused')) {
		const needed = open.find((upload) => upload.stall === 'file-needed');
		return { ...still, sentence: needed ? words.stallHere['file-needed'] : words.total.paused };
	}
	return { ...still, tone: 'plain', sentence: words.total.waiting };
}

function doneSentence(view: SendView, uploads: UploadView[], words: Words): string {
	const verified = Math.min(...uploads.map((upload) => upload.receivers.verified));
	if (verified > 0) {
		return words.total.verified(verified);
	}
	return view.share?.mode === 'live' ? words.total.uploadedLive : words.total.uploaded;
}
