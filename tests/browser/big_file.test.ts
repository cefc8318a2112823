// SPDX-License-Identifier: Apache-2.0
//
// big_file.test.ts - 2 GiB through two tabs, whose memory does not follow
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { button, files, inState, inStateWithin, PATIENCE_MS, saved, says, send, uploads, words } from './harness/portal';
import { onlyForward, shownBy } from './harness/recorder';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const MIB = 1 << 20;
const SIZE = 2048 * MIB;
const SAMPLE_MS = 200;
/** What a tab may grow by while 2 GiB pass, and from the first third of that time to the last. */
const GROWTH_MAX = 160 * MIB;
const DRIFT_MAX = 64 * MIB;

/** Mostly holes, which cost no disk: a page of random bytes in each mebibyte. */
function makeBig(name: string): string {
	const path = join(stage.files.folder, name);
	const file = openSync(path, 'w');
	const page = randomBytes(4096);
	for (let at = 0; at < SIZE; at += MIB) {
		page.writeUInt32LE(at / MIB, 0);
		writeSync(file, page, 0, page.length, at);
	}
	closeSync(file);
	truncateSync(path, SIZE);
	return path;
}

/** Bytes in memory of all the browser's processes of one kind, but for what they share with files. */
async function memoryOf(browser: Browser, type: string): Promise<number> {
	const session = await browser.newBrowserCDPSession();
	const { processInfo } = await session.send('SystemInfo.getProcessInfo');
	await session.detach();
	let sum = 0;
	for (const { id } of processInfo.filter((one) => one.type === type)) {
		try {
			const status = readFileSync(`/proc/${id}/status`, 'utf8');
			sum += Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024 + Number(/^RssShmem:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
		} catch {
			// It has ended since.
		}
	}
	return sum;
}

/** Memory of the tabs, and of the rest of the browser, while something goes on. */
class Watch {
	readonly tabs: number[] = [];
	readonly others: number[] = [];
	readonly heaps: number[] = [];
	private timer: ReturnType<typeof setTimeout> | null = null;
	private isOver = false;
	private last: Promise<void> = Promise.resolve();

	constructor(private readonly page: Page) {}

	async begin(): Promise<void> {
		const session = await this.page.context().newCDPSession(this.page);
		await session.send('Performance.enable');
		const sample = async () => {
			const { metrics } = await session.send('Performance.getMetrics');
			this.heaps.push(metrics.find((one) => one.name === 'JSHeapUsedSize')?.value ?? 0);
			this.tabs.push(await memoryOf(stage.browser, 'renderer'));
			this.others.push((await memoryOf(stage.browser, 'browser')) + (await memoryOf(stage.browser, 'utility')));
			if (!this.isOver) {
				this.timer = setTimeout(() => (this.last = sample()), SAMPLE_MS);
			}
		};
		await sample();
	}

	async end(what: string): Promise<void> {
		this.isOver = true;
		if (this.timer !== null) {
			clearTimeout(this.timer);
		}
		await this.last;
		for (const [name, values] of Object.entries({ tabs: this.tabs, others: this.others, heaps: this.heaps })) {
			const third = Math.ceil(values.length / 3);
			const mean = (part: number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
			const growth = Math.max(...values) - values[0]!;
			const drift = mean(values.slice(-third)) - mean(values.slice(0, third));
			console.log(`${what}, ${name}: ${values.length} samples, from ${(values[0]! / MIB).toFixed(0)} MiB, at most ${(Math.max(...values) / MIB).toFixed(0)} MiB, drift ${(drift / MIB).toFixed(1)} MiB`);
			expect(values.length, name).toBeGreaterThan(5);
			expect(growth, `${what}: growth of ${name}`).toBeLessThan(GROWTH_MAX);
			expect(drift, `${what}: drift of ${name}`).toBeLessThan(DRIFT_MAX);
		}
	}
}

it('2 GiB are sent and received, and the memory of the tabs stays flat', async () => {
	const path = makeBig('big.img');
	const sender = await stage.person();
	await sender.page.goto('/');
	const sending = new Watch(sender.page);
	await sending.begin();
	const link = await send(sender.page, path);
	await inStateWithin(4 * PATIENCE_MS, uploads(sender.page), 'uploaded');
	await sending.end('sending');

	const receiver = await stage.person();
	await receiver.page.goto(link);
	await says(receiver.page, words.receive.complete);
	const receiving = new Watch(receiver.page);
	await receiving.begin();
	const download = await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('big.img')));
	const got = await download.path();
	await receiving.end('receiving');
	await inState(files(receiver.page), 'taken');
	await says(sender.page, words.upload.taken(1));
	expect(statSync(got).size).toBe(SIZE);
	expect(spawnSync('cmp', [path, got], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '' });
	await download.delete();
	onlyForward(await shownBy(sender.page));
	onlyForward(await shownBy(receiver.page));
}, 600_000);
