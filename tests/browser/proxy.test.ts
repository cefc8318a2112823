// SPDX-License-Identifier: Apache-2.0
//
// proxy.test.ts - a proxy in front that takes no body over 1 MiB, as nginx comes
import { readFileSync } from 'node:fs';
import { choose, inState, reached, send, uploads } from './harness/portal';
import { onlyForward, shownBy } from './harness/recorder';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const MIB = 1 << 20;

it('requests shrink until the proxy takes them, and what they carry arrives whole', async () => {
	const proxy = await stage.proxy({ bodyMax: MIB });
	const path = stage.files.make('large.bin', 12 * MIB + 5);
	const sender = await stage.person(proxy.url);
	const link = await send(sender.page, path);
	await inState(uploads(sender.page), 'uploaded');
	expect(proxy.refused).toBeGreaterThan(0);
	expect(proxy.refused).toBeLessThanOrEqual(6);
	expect(proxy.largest).toBeGreaterThan(MIB / 4);
	expect(proxy.largest).toBeLessThanOrEqual(MIB);
	const answer = await fetch(`${stage.daemon.url}${new URL(link).pathname}`);
	expect(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(path))).toBe(true);
	onlyForward(await shownBy(sender.page));

	// What has been learned is kept: by this page, and by the next one.
	const { refused } = proxy;
	await choose(sender.page, stage.files.make('second.bin', 3 * MIB));
	await inState(uploads(sender.page, 'second.bin'), 'uploaded');
	await send(sender.page, stage.files.make('third.bin', 3 * MIB));
	await inState(uploads(sender.page, 'third.bin'), 'uploaded');
	expect(proxy.refused).toBe(refused);
});

it('a page that is loaded anew behind it goes on', async () => {
	const proxy = await stage.proxy({ bodyMax: MIB, bytesPerSecond: 4 * MIB });
	const path = stage.files.make('again.bin', 6 * MIB);
	const sender = await stage.person(proxy.url);
	const link = await send(sender.page, path);
	await reached(sender.page, 20);
	await sender.page.reload();
	proxy.rate(200 * MIB);
	await inState(uploads(sender.page), 'uploaded');
	const answer = await fetch(`${stage.daemon.url}${new URL(link).pathname}`);
	expect(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(path))).toBe(true);
});
