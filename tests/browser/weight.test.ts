// SPDX-License-Identifier: Apache-2.0
//
// weight.test.ts - what the pages cost who opens them
import { create } from './harness/portal';
import { SLOW_4G, weigh } from './harness/weigh';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const KB = 1000;

it('the send page weighs at most 120 kB, and is seen within two seconds of a slow telephone', async () => {
	const weight = await weigh(stage.browser, stage.daemon.url, SLOW_4G);
	expect(weight.bytes).toBeLessThanOrEqual(120 * KB);
	expect(weight.requests).toBeLessThanOrEqual(8);
	expect(weight.firstPaintMs).toBeLessThan(2000 * 2); // twice: tests may run beside others
	expect(weight.shift).toBeLessThan(0.1);
});

it('so does the receive page', async () => {
	const share = await create(stage.daemon.url, {}, { 'a.txt': 'a' });
	const weight = await weigh(stage.browser, share.url);
	expect(weight.bytes).toBeLessThanOrEqual(120 * KB);
	expect(weight.requests).toBeLessThanOrEqual(10);
	expect(weight.shift).toBeLessThan(0.1);
});

it('what is named by its content is not asked for twice', async () => {
	const { page } = await stage.person();
	await page.goto('/', { waitUntil: 'networkidle' });
	const asked: string[] = [];
	await page.goto('/shares', { waitUntil: 'networkidle' });
	page.on('response', async (response) => {
		if (!response.fromServiceWorker() && response.url().includes('/assets/') && (await response.request().sizes()).responseBodySize > 0) {
			asked.push(response.url());
		}
	});
	await page.goto('/', { waitUntil: 'networkidle' });
	const answer = await fetch(stage.daemon.url, { headers: { Accept: 'text/html' } });
	const asset = /\/assets\/[^"]+\.js/.exec(await answer.text())?.[0] ?? '';
	const head = await fetch(`${stage.daemon.url}${asset}`, { method: 'HEAD' });
	expect(head.headers.get('cache-control')).toContain('immutable');
	expect(asked).toEqual([]);
});
