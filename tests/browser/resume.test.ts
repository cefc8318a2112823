// SPDX-License-Identifier: Apache-2.0
//
// resume.test.ts - what breaks in the middle goes on by itself: page, server, network
import { readFileSync } from 'node:fs';
import type { Page, Request } from 'playwright-core';
import { sha256 } from './harness/files';
import { ask, button, bytesOf, choose, files, inState, linkOf, percent, reached, rowReached, says, saved, send, uploads, words } from './harness/portal';
import type { Proxy } from './harness/proxy';
import { onlyForward, shownBy } from './harness/recorder';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(async () => {
	await stage.clear();
	if (!stage.daemon.isRunning) {
		await stage.daemon.start(); // a test that failed in between leaves it ended
	}
});
afterAll(() => stage.close());

const MB = 1_000_000;
const SIZE = 8 * MB;
const FAST = 200 * MB;
const HELD = 20_000; // bytes/s: stays in the middle for minutes, however slow the machine is

/** Somebody in the middle of sending, and what tells their requests. */
async function inTheMiddle(name: string, least = 15): Promise<{ page: Page; proxy: Proxy; link: string; path: string; offsets: number[] }> {
	const path = stage.files.make(name, SIZE);
	const proxy = await stage.proxy({ bytesPerSecond: 2 * MB });
	const { page } = await stage.person(proxy.url);
	const offsets: number[] = [];
	page.on('request', (request: Request) => {
		if (request.method() === 'PATCH' && request.url().includes('/uploads/')) {
			offsets.push(Number(request.headers()['upload-offset']));
		}
	});
	const link = await send(page, path);
	await reached(page, least);
	proxy.rate(HELD);
	return { page, proxy, link, path, offsets };
}

/** All of it is on the server, as it was on the sender's disk. */
async function isWhole(link: string, path: string): Promise<void> {
	const answer = await fetch(`${stage.daemon.url}${new URL(link).pathname}`);
	expect(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(path))).toBe(true);
}

it('a page that is loaded anew goes on where the server is, without being asked', async () => {
	const { page, proxy, link, path, offsets } = await inTheMiddle('reloaded.bin');
	const before = await percent(page);
	offsets.length = 0;
	await page.reload();
	expect(await linkOf(page)).toBe(link);
	await inState(uploads(page), 'sending', 'uploaded');
	proxy.rate(FAST);
	await inState(uploads(page), 'uploaded');
	expect(offsets[0]).toBeGreaterThanOrEqual((before / 100) * SIZE);
	await isWhole(link, path);
	onlyForward(await shownBy(page));
});

it('a tab that was closed goes on from the list of shares', async () => {
	const { page, proxy, link, path } = await inTheMiddle('closed.bin');
	const context = page.context();
	await page.close();
	const other = await context.newPage();
	await other.goto('/shares');
	await says(other, words.shares.unfinished(1));
	proxy.rate(FAST);
	await other.getByRole('link', { name: words.shares.goOn }).click();
	await inState(uploads(other), 'uploaded');
	await isWhole(link, path);
});

it('a file that the browser did not keep is asked for, and another one is not taken', async () => {
	const { page, proxy, link, path } = await inTheMiddle('asked for.bin');
	const other = stage.files.make('other.bin', 1000);
	await page.evaluate(() => new Promise<void>((resolve, reject) => {
		const opened = indexedDB.open('hawser');
		opened.onerror = () => reject(opened.error);
		opened.onsuccess = () => {
			const change = opened.result.transaction('files', 'readwrite');
			change.objectStore('files').clear();
			change.oncomplete = () => resolve();
		};
	}));
	await page.reload();
	await says(page, words.stallHere['file-needed']);
	const give = async (what: string) => {
		const asked = page.waitForEvent('filechooser');
		await button(page, words.upload.provideOf('asked for.bin'));
		await (await asked).setFiles(what);
	};
	await give(other);
	await says(page, words.stallHere['file-needed']);
	proxy.rate(FAST);
	await give(path);
	await inState(uploads(page), 'uploaded');
	await isWhole(link, path);
});

// After 15 % nothing has been acknowledged yet (a request is 4 MiB), after 60 % one request has been.
for (const [signal, least] of [['SIGTERM', 15], ['SIGKILL', 15], ['SIGKILL', 60]] as const) {
	it(`a server that is ended by ${signal} after ${least} % and comes back is found again, by both sides`, async () => {
		const { page, proxy, link, path, offsets } = await inTheMiddle(`${signal} ${least}.bin`, least);
		const receiver = await stage.person(proxy.url);
		await receiver.page.goto(link);
		await says(receiver.page, /^The sender is still uploading/);
		const downloading = saved(receiver.page, () => button(receiver.page, words.receive.downloadOf(`${signal} ${least}.bin`)));
		await inState(files(receiver.page), 'running');

		await stage.daemon.stop(signal);
		await inState(uploads(page), 'stalled');
		await inState(files(receiver.page), 'stalled');
		offsets.length = 0;
		proxy.rate(FAST);
		await stage.daemon.start();
		await inState(uploads(page), 'uploaded', 'confirmed');
		if (signal === 'SIGTERM' || least > 50) {
			expect(offsets[0]).toBeGreaterThan(0);
		}
		expect((await bytesOf(await downloading)).equals(readFileSync(path))).toBe(true);
		await inState(files(receiver.page), 'verified');
		await inState(uploads(page), 'confirmed');
		await isWhole(link, path);
		const { rows } = await shownBy(page);
		expect(rows.map((row) => row.states.filter((state) => state === 'failed'))).toEqual([[]]);
		onlyForward(await shownBy(receiver.page));
	});
}

it('a network that is gone for a while is said, and the transfer goes on when it is back', async () => {
	const { page, proxy, link, path, offsets } = await inTheMiddle('network.bin');
	const receiver = await stage.person(proxy.url);
	await receiver.page.goto(link);
	const downloading = saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('network.bin')));
	await inState(files(receiver.page), 'running');
	proxy.cut();
	await inState(uploads(page), 'stalled');
	await says(page, words.stallHere.connecting);
	await inState(files(receiver.page), 'stalled');
	offsets.length = 0;
	proxy.rate(FAST);
	proxy.mend();
	await inState(uploads(page), 'uploaded', 'confirmed');
	expect(offsets[0]).toBeGreaterThan(0);
	expect((await bytesOf(await downloading)).equals(readFileSync(path))).toBe(true);
	await inState(uploads(page), 'confirmed');
	await isWhole(link, path);
	onlyForward(await shownBy(page));
	onlyForward(await shownBy(receiver.page));
});

it('a browser that knows that it is offline says so, and goes on at once when it is not', async () => {
	const { page, proxy, link, path } = await inTheMiddle('offline.bin');
	await page.context().setOffline(true);
	proxy.cut();
	await says(page, words.stallHere.offline);
	proxy.mend();
	proxy.rate(FAST);
	await page.context().setOffline(false);
	await inState(uploads(page), 'uploaded');
	await isWhole(link, path);
	onlyForward(await shownBy(page));
});

it('who receives sees that the sender has paused, has left, and has come back', async () => {
	const { page, proxy, link } = await inTheMiddle('sender.bin');
	const receiver = await stage.person();
	await receiver.page.goto(link.replace(proxy.url, stage.daemon.url));
	const total = receiver.page.getByTestId('total');
	await says(total, /^The sender is still uploading/);
	await button(page, words.upload.pause);
	await says(total, words.stallSender['sender-idle']);
	await page.goto('about:blank');
	await says(total, words.stallSender['sender-gone']);
	proxy.rate(FAST);
	await page.goto(`/#share=${link.slice(link.lastIndexOf('/') + 1)}`);
	await inState(uploads(page), 'uploaded');
	await says(total, words.receive.complete);
	onlyForward(await shownBy(receiver.page));
});

it('a file that is saved to a chosen place is gone on with after a cut, and verified', async () => {
	const path = stage.files.make('saved.bin', SIZE);
	const sender = await stage.person();
	const link = await send(sender.page, path);
	await inState(uploads(sender.page), 'uploaded');

	const proxy = await stage.proxy({ downBytesPerSecond: 2 * MB });
	const receiver = await stage.person(proxy.url);
	// No picker can be driven without a screen: what it would give is a file of the page's own file system.
	await receiver.context.addInitScript(() => {
		const place = window as unknown as { showSaveFilePicker: () => Promise<FileSystemFileHandle> };
		place.showSaveFilePicker = async () => (await navigator.storage.getDirectory()).getFileHandle('saved.bin', { create: true });
	});
	const ranges: string[] = [];
	receiver.context.on('request', (request) => {
		if (request.url().endsWith('/saved.bin')) {
			ranges.push(request.headers()['range'] ?? '');
		}
	});
	await receiver.page.goto(link.replace(stage.daemon.url, proxy.url));
	await button(receiver.page, words.receive.saveToOf('saved.bin'));
	await rowReached(files(receiver.page), 15);
	proxy.cut();
	await inState(files(receiver.page), 'stalled');
	proxy.downRate(FAST);
	proxy.mend();
	await inState(files(receiver.page), 'verified');
	await inState(uploads(sender.page), 'confirmed');
	expect(ranges[0]).toBe('');
	expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
	const digest = await receiver.page.evaluate(async () => {
		const handle = await (await navigator.storage.getDirectory()).getFileHandle('saved.bin');
		const hash = await crypto.subtle.digest('SHA-256', await (await handle.getFile()).arrayBuffer());
		return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
	});
	expect(digest).toBe(await sha256(path));
	onlyForward(await shownBy(receiver.page));
});

it('a download that is begun while the network is gone waits for it', async () => {
	const sender = await stage.person();
	const link = await send(sender.page, stage.files.make('begun.bin', MB));
	await inState(uploads(sender.page), 'uploaded');
	const proxy = await stage.proxy();
	const receiver = await stage.person(proxy.url);
	await receiver.page.goto(link.replace(stage.daemon.url, proxy.url));
	await says(receiver.page, words.receive.complete);
	proxy.cut();
	await button(receiver.page, words.receive.downloadOf('begun.bin'));
	await inState(files(receiver.page), 'stalled');
	await saved(receiver.page, async () => proxy.mend());
	await inState(files(receiver.page), 'verified');
});

it('a download may be paused, and stopped', async () => {
	const sender = await stage.person();
	const link = await send(sender.page, stage.files.make('stopped.bin', SIZE));
	await inState(uploads(sender.page), 'uploaded');
	const proxy = await stage.proxy({ downBytesPerSecond: 2 * MB });
	const receiver = await stage.person(proxy.url);
	await receiver.page.goto(link.replace(stage.daemon.url, proxy.url));
	await button(receiver.page, words.receive.downloadOf('stopped.bin'));
	await rowReached(files(receiver.page), 10);
	await button(receiver.page, words.receive.pauseOf('stopped.bin'));
	await inState(files(receiver.page), 'paused');
	await button(receiver.page, words.receive.resumeOf('stopped.bin'));
	await inState(files(receiver.page), 'running');
	await button(receiver.page, words.receive.cancelOf('stopped.bin'));
	await inState(files(receiver.page), 'cancelled');
	proxy.downRate(FAST);
	await saved(receiver.page, () => button(receiver.page, words.receive.againOf('stopped.bin')));
	await inState(files(receiver.page), 'verified');
});

it('many files are sent through a restart, and none is missing', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: MB / 2 });
	const { page } = await stage.person(proxy.url);
	const paths = Array.from({ length: 30 }, (_, i) => stage.files.make(`many ${i}.bin`, MB / 10));
	const link = await send(page, ...paths);
	await reached(page, 10);
	await stage.daemon.stop('SIGKILL');
	await choose(page, stage.files.make('late.bin', 1000));
	await stage.daemon.start();
	proxy.rate(FAST);
	await says(page, words.total.uploaded);
	const { files: all } = await ask(link);
	expect(all.length).toBe(31);
	expect(all.every((file) => file.is_complete)).toBe(true);
});
