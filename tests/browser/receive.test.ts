// SPDX-License-Identifier: Apache-2.0
//
// receive.test.ts - what is behind a link, and behind one that has ended; passwords, several receivers, live mode
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { bytesOf, button, choose, create, files, inState, linkOf, PATIENCE_MS, reached, rowReached, saved, says, send, uploads, words } from './harness/portal';
import { onlyForward, shownBy } from './harness/recorder';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const MB = 1_000_000;
const FAST = 200 * MB;

/** The send page with its options open; they are what the share that is made then has. */
async function withOptions(page: Page, fill: () => Promise<void>): Promise<void> {
	await page.goto('/');
	await page.getByText(words.policy.title, { exact: true }).click();
	await fill();
}

async function heading(page: Page, name: string): Promise<void> {
	await page.getByRole('heading', { name, exact: true }).waitFor({ timeout: PATIENCE_MS });
}

it('a password is asked for before anything is shown; a wrong one is said to be wrong', async () => {
	const sender = await stage.person();
	const path = stage.files.make('secret.txt', 4000);
	await withOptions(sender.page, async () => {
		await sender.page.getByLabel(words.policy.password, { exact: true }).fill('open sesame');
		await sender.page.getByLabel(words.policy.message).fill('The plans.\nAs promised.');
	});
	await choose(sender.page, path);
	const link = await linkOf(sender.page);
	await inState(uploads(sender.page), 'uploaded');
	await says(sender.page, words.link.password);

	const receiver = await stage.person();
	await receiver.page.goto(link);
	await heading(receiver.page, words.receive.passwordTitle);
	expect(await receiver.page.content()).not.toContain('secret.txt');
	const field = receiver.page.getByLabel(words.receive.password, { exact: true });
	await field.fill('open barley');
	await button(receiver.page, words.receive.passwordOpen);
	await says(receiver.page.getByRole('alert'), words.receive.passwordWrong);
	expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
	await field.fill('open sesame');
	await field.press('Enter');
	await heading(receiver.page, 'secret.txt');
	await says(receiver.page, /The plans\.\s+As promised\./);
	const download = await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('secret.txt')));
	expect((await bytesOf(download)).equals(readFileSync(path))).toBe(true);
	await inState(files(receiver.page), 'verified');
	// The tab remembers that the password was right, and not the password.
	await receiver.page.reload();
	await heading(receiver.page, 'secret.txt');
	expect(await receiver.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]))).not.toContain('sesame');
});

it('links that have expired, were ended, were taken as often as they may be, or never were', async () => {
	const [expired, ended, taken] = await Promise.all([
		create(stage.daemon.url, { expires_in: '1s' }, { 'a.txt': 'a' }),
		create(stage.daemon.url, {}, { 'b.txt': 'b' }),
		create(stage.daemon.url, { downloads_max: 1 }, { 'c.txt': 'c' }),
	]);
	await fetch(`${stage.daemon.url}/api/v1/shares/${ended.id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${ended.owner_token}` } });
	expect(await (await fetch(taken.url, { headers: { Accept: '*/*' } })).text()).toBe('c');
	await expect.poll(async () => (await fetch(expired.url)).status, { timeout: PATIENCE_MS }).toBe(410);
	const { page } = await stage.person();
	for (const { url } of [expired, ended, taken]) {
		await page.goto(url);
		await heading(page, words.receive.gone);
	}
	await page.goto('/s/aaaaaaaaaaaaaaaaaaaaaaaaaa');
	await heading(page, words.receive.missing);
	await page.goto('/s/no such name');
	await heading(page, words.receive.missing);
	await page.getByRole('link', { name: words.receive.sendYours }).click();
	await heading(page, words.start.title);
});

it('a link that ends while it is looked at says so', async () => {
	const share = await create(stage.daemon.url, {}, { 'a.txt': 'a' });
	const { page } = await stage.person();
	await page.goto(share.url);
	await heading(page, 'a.txt');
	await says(page, words.receive.complete);
	await fetch(`${stage.daemon.url}/api/v1/shares/${share.id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${share.owner_token}` } });
	await heading(page, words.receive.gone);
});

it('a share without files fills while it is looked at', async () => {
	const share = await create(stage.daemon.url, { link_name: 'the-empty-one' });
	const { page } = await stage.person();
	await page.goto('/s/the-empty-one');
	await heading(page, words.receive.nothing);
	await fetch(`${share.url}/late.txt`, { method: 'PUT', body: 'late', headers: { Authorization: `Bearer ${share.owner_token}` } });
	await heading(page, 'late.txt');
});

it('two receivers at once, and the sender sees how far each is', async () => {
	const path = stage.files.make('two.bin', 8 * MB);
	const sender = await stage.person();
	const link = await send(sender.page, path);
	await inState(uploads(sender.page), 'uploaded');
	const slow = await stage.proxy({ downBytesPerSecond: 2 * MB });
	const [first, second] = [await stage.person(slow.url), await stage.person()];
	await Promise.all([first.page.goto(link.replace(stage.daemon.url, slow.url)), second.page.goto(link)]);
	const receivers = sender.page.getByTestId('receivers').locator('> li');
	await expect.poll(() => receivers.count(), { timeout: PATIENCE_MS }).toBe(2);

	const early = saved(first.page, () => button(first.page, words.receive.downloadOf('two.bin')));
	await rowReached(files(first.page), 10);
	await says(sender.page, words.upload.downloading(1));
	const late = await saved(second.page, () => button(second.page, words.receive.downloadOf('two.bin')));
	await inState(files(second.page), 'verified');
	await says(sender.page, words.upload.verified(1));
	expect(await files(first.page).getAttribute('data-state')).toBe('running');
	slow.downRate(FAST);
	const original = readFileSync(path);
	expect((await bytesOf(await early)).equals(original)).toBe(true);
	expect((await bytesOf(late)).equals(original)).toBe(true);
	await says(sender.page, words.total.verified(2));

	// Who leaves is shown as one who may come back, and is not counted out.
	await second.page.goto('about:blank');
	await says(receivers.filter({ has: sender.page.locator('[data-state="confirmed"]') }).first(), words.receivers.state.confirmed);
	await expect.poll(() => sender.page.locator('[data-testid="receivers"] > li[data-away="true"]').count(), { timeout: PATIENCE_MS }).toBe(1);
	await says(sender.page, words.total.verified(2));
	onlyForward(await shownBy(sender.page));
	onlyForward(await shownBy(first.page));
});

it('in live mode nothing is stored, the upload waits for a receiver, and who takes it has it whole', async () => {
	const path = stage.files.make('live.bin', 6 * MB);
	const sender = await stage.person();
	await withOptions(sender.page, () => sender.page.getByLabel(words.policy.live).check());
	await choose(sender.page, path);
	const link = await linkOf(sender.page);
	await says(sender.page, words.stallHere['receiver-missing']);
	await says(sender.page, words.link.live);
	expect(await sender.page.getByRole('button', { name: words.upload.pause, exact: true }).count()).toBe(0);

	const receiver = await stage.person();
	await receiver.page.goto(link);
	const download = await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('live.bin')));
	expect((await bytesOf(download)).equals(readFileSync(path))).toBe(true);
	await inState(files(receiver.page), 'taken', 'verified');
	await inState(uploads(sender.page), 'uploaded', 'confirmed');
	await says(sender.page, words.upload.taken(1));
	onlyForward(await shownBy(sender.page));
});

it('in live mode two receivers take the same bytes, at the pace of the slower', async () => {
	const path = stage.files.make('pair.bin', 24 * MB);
	const sender = await stage.person();
	await withOptions(sender.page, () => sender.page.getByLabel(words.policy.live).check());
	await choose(sender.page, path);
	const link = await linkOf(sender.page);
	await says(sender.page, words.stallHere['receiver-missing']);
	const slow = await stage.proxy({ downBytesPerSecond: 4 * MB });
	const [first, second] = [await stage.person(), await stage.person(slow.url)];
	await Promise.all([first.page.goto(link), second.page.goto(link.replace(stage.daemon.url, slow.url))]);
	const late = saved(second.page, () => button(second.page, words.receive.downloadOf('pair.bin')));
	await inState(files(second.page), 'running');
	const early = saved(first.page, () => button(first.page, words.receive.downloadOf('pair.bin')));
	await reached(sender.page, 5);
	slow.downRate(FAST);
	const original = readFileSync(path);
	expect((await bytesOf(await late)).equals(original)).toBe(true);
	await inState(uploads(sender.page), 'uploaded', 'confirmed');
	// Who comes when the first bytes have passed may be too late, but gets no half of a file.
	await inState(files(first.page), 'taken', 'verified', 'failed');
	if ((await files(first.page).getAttribute('data-state')) !== 'failed') {
		expect((await bytesOf(await early)).equals(original)).toBe(true);
	}
});

it('all files are saved into a folder that is chosen, each verified', async () => {
	const sender = await stage.person();
	const paths = ['one.bin', 'two.bin', 'three.bin', 'four.bin'].map((name) => stage.files.make(name, MB));
	const link = await send(sender.page, ...paths);
	await says(sender.page, words.total.uploaded);
	const receiver = await stage.person();
	await receiver.context.addInitScript(() => {
		const place = window as unknown as { showDirectoryPicker: () => Promise<FileSystemDirectoryHandle> };
		place.showDirectoryPicker = () => navigator.storage.getDirectory();
	});
	await receiver.page.goto(link);
	await button(receiver.page, words.receive.saveAll);
	for (let i = 0; i < paths.length; i += 1) {
		await inState(files(receiver.page).nth(i), 'verified');
	}
	await says(sender.page, words.total.verified(1));
	const sizes = await receiver.page.evaluate(async () => {
		const all: [string, number][] = [];
		const folder = (await navigator.storage.getDirectory()) as unknown as AsyncIterable<[string, FileSystemFileHandle]>;
		for await (const [name, handle] of folder) {
			all.push([name, (await handle.getFile()).size]);
		}
		return all.sort();
	});
	expect(sizes).toEqual([['four.bin', MB], ['one.bin', MB], ['three.bin', MB], ['two.bin', MB]]);
});

it('looking at another page does not throw away what is being saved, and coming back shows it as it is', async () => {
	const share = await create(stage.daemon.url, {}, { 'kept.bin': Buffer.alloc(8 * MB, 3) });
	const slow = await stage.proxy({ downBytesPerSecond: MB });
	const { page, context } = await stage.person(slow.url);
	await context.addInitScript(() => {
		const place = window as unknown as { showSaveFilePicker: (options: { suggestedName: string }) => Promise<FileSystemFileHandle> };
		place.showSaveFilePicker = async ({ suggestedName }) => (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
	});
	await page.goto(share.url.replace(stage.daemon.url, slow.url));
	await heading(page, 'kept.bin');
	await button(page, words.receive.saveToOf('kept.bin'));
	await rowReached(files(page), 10);

	await page.getByRole('link', { name: words.page.shares, exact: true }).click();
	await page.getByTestId('file').waitFor({ state: 'detached', timeout: PATIENCE_MS });
	const asks = page.waitForEvent('dialog', { timeout: PATIENCE_MS });
	await page.close({ runBeforeUnload: true });
	const dialog = await asks;
	expect(dialog.type()).toBe('beforeunload');
	await dialog.dismiss();

	await page.goBack();
	await inState(files(page), 'running', 'stalled');
	await rowReached(files(page), 10);
	// It ends while another page is shown, and who comes back sees how.
	await page.getByRole('link', { name: words.page.shares, exact: true }).click();
	slow.downRate(FAST);
	const size = () => page.evaluate(async () => (await (await (await navigator.storage.getDirectory()).getFileHandle('kept.bin')).getFile()).size);
	await expect.poll(size, { timeout: PATIENCE_MS }).toBe(8 * MB);
	await page.goBack();
	await inState(files(page), 'verified');
});

it('what arrives otherwise than it was sent is not saved as if it were good', async () => {
	const share = await create(stage.daemon.url, {}, { 'bent.bin': Buffer.alloc(100_000, 7) });
	const { page } = await stage.person();
	await page.context().route('**/bent.bin*', async (route) => {
		const answer = await route.fetch();
		const body = await answer.body();
		body.writeUInt8(body.readUInt8(50_000) ^ 1, 50_000);
		await route.fulfill({ response: answer, body });
	});
	await page.goto(share.url);
	let saves = 0;
	page.on('download', () => (saves += 1));
	await button(page, words.receive.downloadOf('bent.bin'));
	await inState(files(page), 'failed');
	await says(page, words.failure.damaged);
	expect(saves).toBe(0);
});
