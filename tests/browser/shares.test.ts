// SPDX-License-Identifier: Apache-2.0
//
// shares.test.ts - what this browser has sent: its list, and what may be changed there and on the send page
import type { Locator, Page } from 'playwright-core';
import { ask, button, create, inState, PATIENCE_MS, reached, saved, says, send, uploads, words } from './harness/portal';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const MB = 1_000_000;

/** The list, with a row for each file that was sent. */
async function list(page: Page): Promise<Locator> {
	await page.goto('/shares');
	await page.getByRole('heading', { name: words.shares.title }).waitFor();
	return page.getByTestId('share');
}

it('who has sent nothing is told so', async () => {
	const { page } = await stage.person();
	await list(page);
	await says(page, words.shares.empty);
	await page.getByRole('main').getByRole('link', { name: words.page.send }).click();
	await page.getByRole('heading', { name: words.start.title }).waitFor();
});

it('a share is extended, ended, and removed from the list', async () => {
	const { page } = await stage.person(undefined, { permissions: ['clipboard-read', 'clipboard-write'] });
	const link = await send(page, stage.files.make('a report.pdf', 2000));
	await inState(uploads(page), 'uploaded');
	const before = Date.parse((await ask(link)).expires_at ?? '');
	const row = await list(page);
	await row.getByRole('heading', { name: 'a report.pdf' }).waitFor();
	await button(row, words.shares.copyOf('a report.pdf'));
	await says(row, words.link.copied);
	expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);

	await button(row, words.shares.extendOf('a report.pdf'));
	await row.getByLabel(words.shares.extendBy).selectOption('7d');
	await button(row, words.policy.save);
	await says(row, words.shares.extended);
	expect(Date.parse((await ask(link)).expires_at ?? '') - before).toBeGreaterThan(5 * 86_400_000);

	await button(row, words.shares.endOf('a report.pdf'));
	await button(row, words.confirm.no);
	expect(await row.getAttribute('data-state')).toBe('open');
	await button(row, words.shares.endOf('a report.pdf'));
	await button(row, words.confirm.yes);
	await inState(row, 'ended');
	expect((await fetch(link)).status).toBe(410);
	await button(row, words.shares.removeOf('a report.pdf'));
	await says(page, words.shares.empty);
	await page.reload();
	await says(page, words.shares.empty);
});

it('the list shows who receives, and what was ended elsewhere', async () => {
	const { page } = await stage.person();
	const link = await send(page, stage.files.make('shown.bin', 8 * MB));
	await inState(uploads(page), 'uploaded');
	const row = await list(page);
	const slow = await stage.proxy({ downBytesPerSecond: 2 * MB });
	const receiver = await stage.person(slow.url);
	await receiver.page.goto(link.replace(stage.daemon.url, slow.url));
	await says(row, words.receivers.looking);
	const saving = saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('shown.bin')));
	await says(row, words.receivers.state.uploading);
	slow.downRate(200 * MB);
	await saving;
	await says(row, words.receivers.state.confirmed);

	const own = await page.evaluate(() => JSON.stringify({ ...localStorage }));
	const token = /"token\\*":\\*"([A-Za-z0-9_-]{43})/.exec(own)?.[1];
	await fetch(`${stage.daemon.url}/api/v1/shares/${link.slice(-26)}`, { method: 'DELETE', headers: { Authorization: `Bearer ${token}` } });
	await inState(row, 'ended');
});

it('the terms of a share are changed while it is sent', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: 2 * MB });
	const { page } = await stage.person(proxy.url);
	const link = await send(page, stage.files.make('terms.bin', 8 * MB));
	await reached(page, 5);
	await page.getByText(words.policy.changeTitle, { exact: true }).click();
	await page.getByLabel(words.policy.expiry).selectOption('1h');
	await page.getByLabel(words.policy.downloads, { exact: true }).fill('3');
	await page.getByLabel(words.policy.message).fill('For the crew');
	await button(page, words.policy.save);
	await says(page, words.policy.saved);
	const share = await ask(link);
	expect(share).toMatchObject({ downloads_max: 3, message: 'For the crew' });
	expect(Date.parse(share.expires_at ?? '') - Date.now()).toBeLessThan(3_700_000);
	await says(page, words.link.downloads(0, 3));

	// Emptied again: no limit, no message.
	await page.getByLabel(words.policy.downloads, { exact: true }).fill('');
	await page.getByLabel(words.policy.message).fill('');
	await button(page, words.policy.save);
	await expect.poll(async () => (await ask(link)).message, { timeout: PATIENCE_MS }).toBeNull();
	expect((await ask(link)).downloads_max).toBeNull();
	proxy.rate(200 * MB);
	await inState(uploads(page), 'uploaded');

	await button(page, words.policy.end);
	await button(page, words.confirm.yes);
	await says(page, words.policy.ended);
	expect((await fetch(link)).status).toBe(410);
	await button(page, words.link.another);
	await page.getByRole('heading', { name: words.start.title }).waitFor();
});

it('a name for the link that is taken asks for another one, and the files are not forgotten', async () => {
	await create(stage.daemon.url, { link_name: 'the-crew' });
	const { page } = await stage.person();
	await page.goto('/');
	await page.getByText(words.policy.title, { exact: true }).click();
	await page.getByLabel(words.policy.linkName, { exact: true }).fill('the-crew');
	await page.getByTestId('file-input').setInputFiles(stage.files.make('named.txt', 100));
	await says(page, words.failure['name-taken']);
	await page.getByLabel(words.policy.linkName, { exact: true }).fill('the-other-crew');
	await button(page, words.start.tryAgain);
	await inState(uploads(page, 'named.txt'), 'uploaded');
	expect(await page.getByTestId('link').getAttribute('href')).toBe(`${stage.daemon.url}/s/the-other-crew`);
});

it("somebody else's share is not opened for sending", async () => {
	const share = await create(stage.daemon.url, {}, { 'a.txt': 'a' });
	const { page } = await stage.person();
	await page.goto(`/#share=${share.id}`);
	await page.getByRole('heading', { name: words.start.notYours }).waitFor();
});
