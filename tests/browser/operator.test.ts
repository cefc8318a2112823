// SPDX-License-Identifier: Apache-2.0
//
// operator.test.ts - what the server does, for who runs it: token, figures, plots, and an end for any share
import type { Page } from 'playwright-core';
import { button, create, inState, PATIENCE_MS, says, send, uploads, words } from './harness/portal';
import { Stage } from './harness/stage';

let stage: Stage;
let token: string;
beforeAll(async () => {
	stage = await Stage.open({ reactors: '2' });
	token = await stage.daemon.operatorToken();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const MB = 1_000_000;

async function enter(page: Page): Promise<void> {
	await page.goto('/operator');
	await page.getByLabel(words.operator.token).fill(token);
	await button(page, words.operator.tokenOpen);
	await page.getByRole('heading', { name: words.operator.title, exact: true }).waitFor({ timeout: PATIENCE_MS });
}

it('a wrong token is refused, a right one opens, and is forgotten when asked', async () => {
	const { page } = await stage.person();
	await page.goto('/operator');
	await page.getByRole('heading', { name: words.operator.tokenTitle }).waitFor();
	await page.getByLabel(words.operator.token).fill('A'.repeat(43));
	await button(page, words.operator.tokenOpen);
	await says(page.getByRole('alert'), words.operator.tokenWrong);
	await page.getByLabel(words.operator.token).fill(token);
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: words.operator.title, exact: true }).waitFor();
	await says(page, words.operator.alone);
	await page.reload();
	await says(page, words.operator.alone);
	await button(page, words.operator.forget);
	await page.getByRole('heading', { name: words.operator.tokenTitle }).waitFor();
	await page.reload();
	await page.getByRole('heading', { name: words.operator.tokenTitle }).waitFor();
	expect(await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]))).not.toContain(token);
});

it('figures, plots and what moves follow the server', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: 2 * MB });
	const sender = await stage.person(proxy.url);
	await send(sender.page, stage.files.make('moving.bin', 20 * MB));
	const { page } = await stage.person();
	await enter(page);
	await says(page.getByRole('region', { name: words.operator.transfers }), 'moving.bin');
	const received = page.locator('dl > div').filter({ hasText: words.operator.received }).locator('dd');
	await expect.poll(() => received.innerText(), { timeout: PATIENCE_MS }).toMatch(/^[1-9].*[kM]B\/s$/);
	// A picture is drawn, and says in words what it shows.
	const plot = page.getByRole('img', { name: new RegExp(`^${words.operator.throughput}`) });
	expect(await plot.getAttribute('aria-label')).toContain(words.operator.received);
	await expect.poll(() => drawn(page), { timeout: PATIENCE_MS }).toBeGreaterThan(50);
	await button(page, words.operator.hour);
	await expect.poll(() => page.getByRole('button', { name: words.operator.hour }).getAttribute('aria-pressed')).toBe('true');
	await expect.poll(() => drawn(page), { timeout: PATIENCE_MS }).toBeGreaterThan(50);
	const rows = page.getByRole('region', { name: words.operator.reactors }).locator('tbody tr');
	expect(await rows.count()).toBe(2);
	proxy.rate(200 * MB);
	await inState(uploads(sender.page), 'uploaded');
	await says(page, words.operator.noTransfers);
});

it('any share is found, and ended', async () => {
	const shares = await Promise.all(
		Array.from({ length: 5 }, (_, i) => create(stage.daemon.url, { message: `number ${i} of five` }, { 'a.txt': 'a' })),
	);
	const { page } = await stage.person();
	await enter(page);
	const list = page.getByRole('region', { name: words.operator.shareList }).getByRole('listitem').filter({ has: page.getByRole('button') });
	await expect.poll(() => list.count(), { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(5);
	await page.getByLabel(words.operator.search).fill('NUMBER 3 of');
	await expect.poll(() => list.count(), { timeout: PATIENCE_MS }).toBe(1);
	await button(list, words.operator.endOf(shares[3]!.id));
	await button(list, words.confirm.yes);
	await says(page, words.operator.noShares);
	expect((await fetch(shares[3]!.url)).status).toBe(410);
	await page.getByLabel(words.operator.search).fill(shares[4]!.id.slice(4, 20));
	await expect.poll(() => list.count(), { timeout: PATIENCE_MS }).toBe(1);
	await page.getByLabel(words.operator.search).fill('nothing is called so');
	await says(page, words.operator.noShares);
});

it('a server that is away is said to be, and its numbers come back with it', async () => {
	const { page } = await stage.person();
	await enter(page);
	await says(page, words.operator.alone);
	await stage.daemon.stop();
	await says(page, words.operator.stale);
	await stage.daemon.start();
	await expect.poll(() => page.getByText(words.operator.stale).count(), { timeout: PATIENCE_MS }).toBe(0);
	await says(page, words.operator.alone);
});

/** How many pixels of the first plot are not as its corner is. */
function drawn(page: Page): Promise<number> {
	return page.evaluate(() => {
		const canvas = document.querySelector('canvas');
		if (!canvas || canvas.width === 0) {
			return 0;
		}
		const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
		let count = 0;
		for (let i = 3; i < data.length; i += 4) {
			count += data[i]! > 0 ? 1 : 0;
		}
		return count;
	});
}
