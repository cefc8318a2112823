// SPDX-License-Identifier: Apache-2.0
//
// model.ts - what the pages show, and what they may ask for: the one line between logic and views
//
// Views import this file's types, and get the objects behind them from session.ts; they know nothing of
// HTTP, tus or sockets. Every store follows Svelte's contract (subscribe calls at once, then on change)
// and hands out new objects, never changed ones.

export interface Readable<T> {
	subscribe(run: (value: T) => void): () => void;
}

/** Why a transfer does not move; texts/*.ts has a sentence for each. */
export type Stall =
	| 'connecting' // no answer from the server; it is asked again and again
	| 'offline' // the browser says that there is no network
	| 'paused' // by the person at this browser
	| 'sender-idle' // nothing comes from the sender
	| 'sender-gone' // and nobody is there to send
	| 'receiver-slow' // a live share: the slowest receiver sets the pace
	| 'receiver-missing' // a live share: nobody is there to take it
	| 'disk'
	| 'quota'
	| 'rate' // asked too often (429): waits as long as the server said
	| 'file-needed'; // after a reload: the browser needs the file (or its permission) again

/** A failure that is final, as a code for texts/*.ts, and the server's own sentence where there is one. */
export interface Failure {
	code:
		| 'too-large' | 'no-room' | 'not-allowed' | 'name-taken' | 'share-gone' | 'file-changed'
		| 'file-unreadable' | 'damaged' | 'not-found' | 'password' | 'refused' | 'unknown';
	detail: string | null;
}

/** Bytes of something that moves. */
export interface Pace {
	size: number | null; // bytes; null: not known yet
	done: number; // bytes that the other side has confirmed
	bytesPerSecond: number; // over the last seconds; 0: stands still
	secondsLeft: number | null;
}

// ---- sending ----

export type UploadState = 'queued' | 'sending' | 'stalled' | 'paused' | 'uploaded' | 'confirmed' | 'failed' | 'cancelled';

export interface UploadView {
	id: string; // of this browser
	name: string; // as it is called in the share; a folder's file has its path, joined by " - "
	state: UploadState; // only forward, but for queued/sending/stalled/paused among each other
	stall: Stall | null; // when stalled or paused
	failure: Failure | null; // when failed
	pace: Pace;
	receivers: { downloading: number; taken: number; verified: number }; // each receiver counts once, where it got to
}

export type Connection = 'connecting' | 'online' | 'reconnecting' | 'offline';

export interface ShareView {
	id: string;
	url: string;
	createdAt: string; // RFC 3339
	expiresAt: string | null;
	downloads: number;
	downloadsMax: number | null;
	hasPassword: boolean;
	message: string | null;
	mode: 'stored' | 'live' | 'spill';
}

/** What the person wants of the share; what is left out is the server's default. */
export interface SharePolicy {
	expiresIn?: string | null; // "24h", "7d", null: never
	downloadsMax?: number | null;
	password?: string | null;
	message?: string | null;
	linkName?: string; // at creation only
	live?: boolean; // at creation only
	uploadToken?: string; // at creation only; where the failure "not-allowed" came before there was a share
}

export interface SendView {
	share: ShareView | null; // null: not created yet
	creating: boolean;
	failure: Failure | null; // the share could not be created or changed
	uploads: UploadView[];
	total: Pace;
	receivers: ReceiverView[];
	connection: Connection;
}

/** Somebody who has the link open or downloads. */
export interface ReceiverView {
	client: string;
	away: boolean; // lost the connection; may come back
	transfers: { file: string; state: 'waiting' | 'uploading' | 'uploaded' | 'confirmed' | 'failed' | 'cancelled'; stall: Stall | null; pace: Pace }[];
}

export interface PickedFile {
	file: File;
	path: string; // "folder/a.txt", or only the name
	handle: FileSystemFileHandle | null; // where the browser gives one: it survives a reload
}

export interface SendSession extends Readable<SendView> {
	/** Creates the share with the first call; the link is in the view as soon as the server said it. */
	add(files: PickedFile[], policy?: SharePolicy): void;
	/** Change expiry, limit, password or message of a share that exists. False: see view.failure. */
	change(policy: SharePolicy): Promise<boolean>;
	pause(id?: string): void; // without an id: all
	resume(id?: string): void;
	/** One that has arrived is removed from the share; one that failed or was cancelled, from the list. */
	cancel(id: string): void;
	/** Give a file that was asked for again (stall "file-needed"); without: ask the browser for its permission. */
	provide(id: string, picked?: PickedFile): Promise<boolean>;
	end(): Promise<boolean>; // ends the share: its links stop at once
	isMoving(): boolean; // leaving the page would interrupt something
	close(): void; // forget all; what was uploaded stays
}

// ---- receiving ----

export interface ReceivedFile {
	name: string;
	url: string; // where the browser's own download begins
	size: number | null;
	received: number; // bytes that the server has
	isComplete: boolean;
	root: string | null;
	upload: Pace | null; // while the sender still sends
	stall: Stall | null; // why the sender's upload stands still
	download: DownloadView | null; // what this page does with it
}

export type DownloadState = 'running' | 'stalled' | 'paused' | 'verifying' | 'verified' | 'taken' | 'failed' | 'cancelled';

export interface DownloadView {
	state: DownloadState; // taken: by the browser's own download, so not verified by us
	stall: Stall | null;
	failure: Failure | null;
	pace: Pace;
}

export interface ReceiveView {
	state: 'loading' | 'password' | 'ready' | 'gone' | 'missing' | 'failed';
	wrongPassword: boolean;
	failure: Failure | null;
	share: ShareView | null;
	files: ReceivedFile[];
	total: { size: number | null; count: number };
	zipUrl: string | null; // null: not possible (yet): see zipWaits
	zipWaits: boolean; // as soon as all files are complete
	senderThere: boolean | null; // null: not known
	connection: Connection;
	canSaveTo: boolean; // the File System Access API is here
}

export interface ReceiveSession extends Readable<ReceiveView> {
	password(text: string): Promise<boolean>;
	/** The default way: small files through the page (verified), large ones by the browser's own download. */
	download(name: string): void;
	/** Straight to a file that the person chooses, verified on the way. Must be called in a click. */
	saveTo(name: string): void;
	/** All files into a folder that the person chooses, verified. Must be called in a click. */
	saveAllTo(): void;
	downloadZip(): void;
	pause(name: string): void;
	resume(name: string): void;
	cancel(name: string): void;
	reload(): void;
	isMoving(): boolean;
	close(): void;
}

// ---- my shares ----

export interface MyShare {
	share: ShareView;
	files: { name: string; size: number | null; isComplete: boolean }[];
	state: 'loading' | 'open' | 'ended' | 'unreachable';
	unfinished: number; // uploads of this browser that can be gone on with
	receivers: ReceiverView[]; // of the shares that are open
}

export interface MyShares extends Readable<MyShare[]> {
	refresh(): void;
	extend(id: string, expiresIn: string | null): Promise<boolean>;
	end(id: string): Promise<boolean>; // on the server
	remove(id: string): void; // from this list only
	close(): void;
}

// ---- the operator's page ----

export interface NodeView {
	id: string;
	address: string;
	role: string;
	health: string;
	version: string;
	load: number | null; // 0 to 1, of its cores
	isSelf: boolean;
	isLeader: boolean;
}

/** Columns of equal size; times in seconds since 1970; null where nothing was measured. */
export interface Series {
	times: number[];
	receivedPerSecond: (number | null)[]; // bytes
	sentPerSecond: (number | null)[];
	requestsPerSecond: (number | null)[];
	errorsPerSecond: (number | null)[];
	cpu: (number | null)[]; // cores
	connections: (number | null)[];
}

export interface OperatorView {
	state: 'token' | 'loading' | 'ready' | 'failed';
	wrongToken: boolean;
	failure: Failure | null;
	node: {
		id: string; version: string; uptimeSeconds: number; hashKernel: string;
		memoryBudget: number; memoryPeak: number; // bytes; the most it ever had
		reactors: { index: number; slabs: number; slabsInUse: number; memory: number; connections: number; uploads: number; downloads: number }[];
		storeUsed: number; storeFree: number; quota: number | null;
		cpuSecondsPerGiB: number | null;
	} | null;
	now: { receivedPerSecond: number; sentPerSecond: number; requestsPerSecond: number; errorsPerSecond: number; connections: number; uploads: number; downloads: number } | null;
	live: Series; // the last minutes, a point a second
	hour: Series; // the last hour, a point every ten seconds
	transfers: { share: string; file: string; direction: 'up' | 'down'; bytes: number; size: number | null; bytesPerSecond: number; stall: Stall | null }[];
	transfersCut: boolean; // there are more than the server lists
	cluster: { mode: string; leader: string | null; epoch: number; nodes: NodeView[] } | null;
	shares: (ShareView & { size: number; fileCount: number })[];
	sharesMore: boolean;
	connection: Connection;
}

export interface OperatorSession extends Readable<OperatorView> {
	token(text: string): Promise<boolean>;
	forget(): void; // the token
	search(text: string): void; // id, link name or message
	more(): void;
	end(id: string): Promise<boolean>;
	close(): void;
}
