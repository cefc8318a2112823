// SPDX-License-Identifier: Apache-2.0
//
// session.ts - sessions in memory that stand still in one state each, to look at the pages: ?state=<name>
//
// build.mjs beside this file puts them in the place of the real ones; no build of the product knows them.
import type {
	DownloadView, MyShare, MyShares, Pace, Readable, ReceivedFile, ReceiverView, ReceiveSession, ReceiveView, SendSession, SendView, ShareView, UploadView,
} from '../../../web/src/transfer/model';

const state = new URLSearchParams(location.search).get('state') ?? '';
const MB = 1e6;
const GB = 1e9;

export function still<T>(value: T): Readable<T> & { set(next: T): void; get(): T } {
	let current = value;
	const runs = new Set<(value: T) => void>();
	return {
		subscribe(run) {
			runs.add(run);
			run(current);
			return () => runs.delete(run);
		},
		set(next) {
			current = next;
			runs.forEach((run) => run(next));
		},
		get: () => current,
	};
}

const pace = (size: number | null, done: number, speed = 0): Pace => ({
	size, done, bytesPerSecond: speed, secondsLeft: speed && size !== null ? (size - done) / speed : null,
});
const nobody = { downloading: 0, taken: 0, verified: 0 };

export const share = (over: Partial<ShareView> = {}): ShareView => ({
	id: 'q7Zr2mXk8TfW1nPb4cYd', url: `${location.origin}/s/q7Zr2mXk8TfW1nPb4cYd`, createdAt: new Date().toISOString(),
	expiresAt: new Date(Date.now() + 23.2 * 3600e3).toISOString(), downloads: 0, downloadsMax: null, hasPassword: false, message: null, mode: 'stored', ...over,
});

let count = 0;
const upload = (name: string, over: Partial<UploadView>): UploadView => ({
	id: `u${(count += 1)}`, name, state: 'queued', stall: null, failure: null, pace: pace(12 * MB, 0), receivers: nobody, ...over,
});

const sums = (uploads: UploadView[], speed = 0) =>
	pace(uploads.reduce((sum, each) => sum + (each.pace.size ?? 0), 0), uploads.reduce((sum, each) => sum + each.pace.done, 0), speed);

const transfer = (file: string, over: Partial<ReceiverView['transfers'][number]>): ReceiverView['transfers'][number] => ({
	file, state: 'uploading', stall: null, pace: pace(2.4 * GB, 0.6 * GB, 21 * MB), ...over,
});

function sendView(): SendView {
	const base: SendView = { share: share(), creating: false, failure: null, uploads: [], total: pace(0, 0), receivers: [], connection: 'online' };
	const film = 'Harbour survey 2026, raw footage.mov';
	const one = (over: Partial<UploadView>, rest: Partial<SendView> = {}): SendView => {
		const uploads = [upload(film, { pace: pace(2.4 * GB, 1.49 * GB), ...over })];
		return { ...base, uploads, total: sums(uploads, uploads[0]!.pace.bytesPerSecond), ...rest };
	};
	switch (state) {
		case 'creating':
			return { ...base, share: null, creating: true, uploads: [upload(film, { pace: pace(2.4 * GB, 0) })], total: pace(2.4 * GB, 0) };
		case 'refused':
			return { ...base, share: null, failure: { code: 'not-allowed', detail: 'uploads are closed on this address' } };
		case 'one':
			return one({ state: 'sending', pace: pace(2.4 * GB, 1.49 * GB, 84.3 * MB), receivers: { ...nobody, downloading: 1 } }, {
				receivers: [{ client: 'a', away: false, transfers: [transfer(film, {})] }],
			});
		case 'paused':
			return one({ state: 'paused', stall: 'paused' });
		case 'stalled':
			return one({ state: 'stalled', stall: 'disk' });
		case 'offline':
			return one({ state: 'stalled', stall: 'offline' }, { connection: 'offline' });
		case 'file-needed':
			return one({ state: 'paused', stall: 'file-needed' });
		case 'live':
			return one({ state: 'stalled', stall: 'receiver-slow' }, {
				share: share({ mode: 'live', hasPassword: true, downloadsMax: 3, downloads: 1 }),
				receivers: [
					{ client: 'a', away: false, transfers: [transfer(film, { stall: 'receiver-slow', pace: pace(2.4 * GB, 0.6 * GB, 0.2 * MB) })] },
					{ client: 'b', away: false, transfers: [transfer(film, {})] },
					{ client: 'c', away: true, transfers: [] },
				],
			});
		case 'uploaded':
			return one({ state: 'uploaded', pace: pace(2.4 * GB, 2.4 * GB) });
		case 'verified':
			return one({ state: 'confirmed', pace: pace(2.4 * GB, 2.4 * GB), receivers: { downloading: 0, taken: 1, verified: 2 } }, {
				receivers: [
					{ client: 'a', away: false, transfers: [transfer(film, { state: 'confirmed', pace: pace(2.4 * GB, 2.4 * GB) })] },
					{ client: 'b', away: true, transfers: [transfer(film, { state: 'uploaded', pace: pace(2.4 * GB, 2.4 * GB) })] },
				],
			});
		case 'several':
			return { ...base, ...several() };
		case 'many':
			return { ...base, ...many(), receivers: [{ client: 'a', away: false, transfers: Array.from({ length: 9 }, (_, i) => transfer(`Photos - IMG_${4000 + i}.CR3`, { state: i < 3 ? 'confirmed' : 'uploading' })) }] };
		case 'moving':
			return one({ state: 'sending', pace: pace(2.4 * GB, 0, 84 * MB) });
		default:
			return { ...base, share: null };
	}
}

function several(): Partial<SendView> {
	const uploads = [
		upload('Crew list.pdf', { state: 'uploaded', pace: pace(1.2 * MB, 1.2 * MB), receivers: { ...nobody, taken: 1 } }),
		upload('Charts - North Sea - Approaches to Hamburg, sheet 12 (corrected).tiff', { state: 'sending', pace: pace(640 * MB, 410 * MB, 41 * MB) }),
		upload('Log book.sqlite', { state: 'stalled', stall: 'rate', pace: pace(88 * MB, 20 * MB) }),
		upload('Radar.bin', { state: 'failed', failure: { code: 'file-changed', detail: null }, pace: pace(90 * MB, 40 * MB) }),
		upload('Tide tables.csv', { state: 'queued', pace: pace(340_000, 0) }),
	];
	return { uploads, total: sums(uploads, 41 * MB) };
}

function many(): Partial<SendView> {
	const uploads = Array.from({ length: 412 }, (_, i) =>
		upload(`Photos - IMG_${4000 + i}.CR3`, i < 280
			? { state: 'uploaded', pace: pace(25 * MB, 25 * MB) }
			: i < 283
				? { state: 'sending', pace: pace(25 * MB, (i - 279) * 6 * MB, 30 * MB) }
				: { pace: pace(25 * MB, 0) }),
	);
	return { uploads, total: sums(uploads, 92 * MB) };
}

export function openSend(): SendSession {
	const store = still(sendView());
	const refuse = () => Promise.resolve(false);
	const moving = () => store.get().uploads.some((each) => each.state === 'sending');
	if (state === 'moving') {
		const timer = setInterval(() => {
			const view = store.get();
			const next = { ...view.uploads[0]!, pace: pace(2.4 * GB, Math.min(2.4 * GB, view.uploads[0]!.pace.done + 84 * MB), 84 * MB) };
			const isDone = next.pace.done >= 2.4 * GB;
			store.set({ ...view, uploads: [isDone ? { ...next, state: 'uploaded' } : next], total: next.pace });
			if (isDone) {
				clearInterval(timer);
			}
		}, 250);
	}
	return {
		subscribe: store.subscribe,
		add(files) {
			const uploads = files.map((picked) => upload(picked.path.replaceAll('/', ' - '), { state: 'sending', pace: pace(picked.file.size || 12 * MB, 3 * MB, 2 * MB) }));
			store.set({ ...store.get(), share: share(), uploads: [...store.get().uploads, ...uploads], total: sums(uploads, 2 * MB) });
		},
		change: () => Promise.resolve(true),
		pause: () => store.set({ ...store.get(), uploads: store.get().uploads.map((each) => (each.state === 'sending' ? { ...each, state: 'paused', stall: 'paused' } : each)) }),
		resume: () => store.set({ ...store.get(), uploads: store.get().uploads.map((each) => (each.state === 'paused' ? { ...each, state: 'sending', stall: null } : each)) }),
		cancel: () => undefined,
		provide: refuse,
		end: () => Promise.resolve(true),
		isMoving: moving,
		close: () => undefined,
	};
}

const root = '3f9ac1d27be04468a1f0c95d5f2e8b7740aa61c3de92b85f17c06e4d2b9a7c51';
const file = (name: string, size: number, over: Partial<ReceivedFile> = {}): ReceivedFile => ({
	name, url: '#', size, received: size, isComplete: true, root, upload: null, stall: null, download: null, ...over,
});
const download = (over: Partial<DownloadView>): DownloadView => ({ state: 'running', stall: null, failure: null, pace: pace(2.4 * GB, 1.1 * GB, 64 * MB), ...over });

function receiveView(): ReceiveView {
	const film = 'Harbour survey 2026, raw footage.mov';
	const base: ReceiveView = {
		state: 'ready', wrongPassword: false, failure: null, share: share({ message: 'The footage from Tuesday, uncut.\nTell me if the sound is in step.', downloadsMax: 5, downloads: 1 }),
		files: [file(film, 2.4 * GB)], total: { size: 2.4 * GB, count: 1 }, zipUrl: null, zipWaits: false, senderThere: true, connection: 'online', canSaveTo: true,
	};
	const set: ReceivedFile[] = [
		file('Crew list.pdf', 1.2 * MB, { download: download({ state: 'verified', pace: pace(1.2 * MB, 1.2 * MB) }) }),
		file('Charts - North Sea - Approaches to Hamburg, sheet 12 (corrected).tiff', 640 * MB, { download: download({ pace: pace(640 * MB, 200 * MB, 33 * MB) }) }),
		file('Log book.sqlite', 88 * MB, { download: download({ state: 'failed', failure: { code: 'damaged', detail: null } }) }),
		file('Radar.bin', 90 * MB, { download: download({ state: 'stalled', stall: 'disk', pace: pace(90 * MB, 44 * MB) }) }),
		file('Soundings.xyz', 5.4 * GB, { download: download({ state: 'taken' }) }),
		file('Tide tables.csv', 340_000),
	];
	switch (state) {
		case 'password':
			return { ...base, state: 'password' };
		case 'wrong':
			return { ...base, state: 'password', wrongPassword: true };
		case 'gone':
		case 'missing':
		case 'loading':
			return { ...base, state, files: [] };
		case 'failed':
			return { ...base, state, failure: { code: 'refused', detail: 'too many requests; try again in 20 s' }, files: [] };
		case 'nothing':
			return { ...base, files: [], total: { size: 0, count: 0 } };
		case 'arriving':
			return { ...base, files: [file(film, 2.4 * GB, { received: 1.1 * GB, isComplete: false, upload: pace(2.4 * GB, 1.1 * GB, 60 * MB), download: download({ pace: pace(2.4 * GB, 0.9 * GB, 58 * MB) }) })] };
		case 'stalled':
			return { ...base, senderThere: false, files: [file(film, 2.4 * GB, { received: 1.1 * GB, isComplete: false, upload: pace(2.4 * GB, 1.1 * GB), stall: 'sender-gone' })] };
		case 'running':
			return { ...base, files: [file(film, 2.4 * GB, { download: download({}) })] };
		case 'verified':
			return { ...base, files: [file(film, 2.4 * GB, { download: download({ state: 'verified', pace: pace(2.4 * GB, 2.4 * GB) }) })] };
		case 'several':
			return { ...base, files: set, total: { size: 6.2 * GB, count: 6 }, zipUrl: '#' };
		case 'fresh':
			return { ...base, files: set.map((each) => ({ ...each, download: null })), total: { size: 6.2 * GB, count: 6 }, zipUrl: '#', share: share() };
		case 'zip-waits':
			return { ...base, files: set.map((each, i) => ({ ...each, download: null, isComplete: i < 2, received: i < 2 ? each.size! : i === 2 ? 40 * MB : 0 })), total: { size: 6.2 * GB, count: 6 }, zipWaits: true };
		default:
			return base;
	}
}

export function openReceive(): ReceiveSession {
	const store = still(receiveView());
	const nothing = () => undefined;
	return {
		subscribe: store.subscribe,
		password: (text) => {
			store.set(text === 'hafen' ? { ...receiveView(), state: 'ready' } : { ...store.get(), wrongPassword: true });
			return Promise.resolve(text === 'hafen');
		},
		download: nothing, saveTo: nothing, saveAllTo: nothing, downloadZip: nothing, pause: nothing, resume: nothing, cancel: nothing, reload: nothing,
		isMoving: () => store.get().files.some((each) => each.download?.state === 'running'),
		close: nothing,
	};
}

export function openMine(): MyShares {
	const mine: MyShare[] = state === 'empty' ? [] : [
		{ share: share(), files: [{ name: 'Harbour survey 2026, raw footage.mov', size: 2.4 * GB, isComplete: false }, { name: 'notes.txt', size: 900, isComplete: true }], state: 'open', unfinished: 1,
			receivers: [{ client: 'a', away: false, transfers: [transfer('notes.txt', { state: 'confirmed' }), transfer('Harbour survey 2026, raw footage.mov', {})] }] },
		{ share: share({ id: 'crew', url: `${location.origin}/s/crew-list`, hasPassword: true, downloads: 2, downloadsMax: 5, expiresAt: null }), files: [{ name: 'Crew list.pdf', size: 1.2 * MB, isComplete: true }], state: 'open', unfinished: 0, receivers: [] },
		{ share: share({ id: 'x2', url: `${location.origin}/s/J8sPq0aVb2LmT6yRk4Nw` }), files: [{ name: 'Radar.bin', size: 90 * MB, isComplete: true }], state: 'unreachable', unfinished: 0, receivers: [] },
		{ share: share({ id: 'x3', url: `${location.origin}/s/Zz81kVq0aVb2LmT6yRk4` }), files: [{ name: 'Log book.sqlite', size: 88 * MB, isComplete: true }], state: 'ended', unfinished: 0, receivers: [] },
	];
	const store = still(mine);
	return {
		subscribe: store.subscribe,
		refresh: () => undefined,
		extend: () => Promise.resolve(true),
		end: () => Promise.resolve(false),
		remove: (id) => store.set(store.get().filter((each) => each.share.id !== id)),
		close: () => undefined,
	};
}
