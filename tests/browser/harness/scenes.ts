// SPDX-License-Identifier: Apache-2.0
//
// scenes.ts - every page of the portal, in every state that looks different: to be seen, measured and read
import type { BrowserContextOptions, Page } from 'playwright-core';
import {
	ask, button, choose, create, files, inState, linkOf, PATIENCE_MS, reached, rowReached, saved, says, send, shareOf, uploads, words,
} from './portal';
import type { Stage } from './stage';

const MB = 1_000_000;
const SLOW = MB / 4;
const LONG = 'the minutes of the harbour board of the third of june two thousand and twenty six (last corrected version).pdf';

type Scene = (stage: Stage, options: BrowserContextOptions) => Promise<Page>;

/** A page on its way: what it sends or receives stands still enough to be looked at. */
async function sending(stage: Stage, options: BrowserContextOptions): Promise<{ page: Page; link: string; cut: () => void }> {
	const proxy = await stage.proxy({ bytesPerSecond: SLOW });
	const { page } = await stage.person(proxy.url, options);
	const link = await send(page, stage.files.make('ferry timetable.ods', 3 * MB), stage.files.make('crossing.mov', 5 * MB));
	await reached(page, 2);
	return { page, link, cut: () => proxy.cut() };
}

async function sent(stage: Stage, options: BrowserContextOptions, ...names: string[]): Promise<{ page: Page; link: string }> {
	const { page } = await stage.person(undefined, options);
	const link = await send(page, ...names.map((name) => stage.files.make(name, 400_000)));
	await says(page, words.total.uploaded);
	return { page, link };
}

async function opened(stage: Stage, options: BrowserContextOptions, address: string, text: string): Promise<Page> {
	const { page } = await stage.person(undefined, options);
	await page.goto(address);
	await says(page, text);
	return page;
}

let token: { of: Stage; text: string } | null = null;

async function operatorToken(stage: Stage): Promise<string> {
	if (token?.of !== stage) {
		token = { of: stage, text: await stage.daemon.operatorToken() };
	}
	return token.text;
}

export const scenes: Record<string, Scene> = {
	start: (stage, options) => opened(stage, options, '/', words.start.title),

	'start-options': async (stage, options) => {
		const page = await opened(stage, options, '/', words.start.title);
		await page.getByText(words.policy.title, { exact: true }).click();
		await page.getByLabel(words.policy.message).waitFor();
		return page;
	},

	'start-german': async (stage, options) => {
		const { page } = await stage.person(undefined, { ...options, locale: 'de-DE' });
		await page.goto('/');
		await page.getByRole('button', { name: 'Dateien wählen' }).waitFor();
		return page;
	},

	sending: async (stage, options) => {
		const { page, link } = await sending(stage, options);
		const receiver = await stage.person();
		await receiver.page.goto(link.replace(new URL(link).origin, stage.daemon.url));
		await button(receiver.page, words.receive.downloadOf('crossing.mov'));
		await inState(files(receiver.page, 'crossing.mov'), 'running');
		await says(page, words.upload.downloading(1));
		return page;
	},

	'sending-paused': async (stage, options) => {
		const { page } = await sending(stage, options);
		await button(page, words.upload.pauseAll);
		await inState(uploads(page).first(), 'paused');
		return page;
	},

	'sending-broken': async (stage, options) => {
		const { page, cut } = await sending(stage, options);
		cut();
		await inState(uploads(page).first(), 'stalled');
		return page;
	},

	'sending-confirmed': async (stage, options) => {
		const { page, link } = await sent(stage, options, LONG);
		const receiver = await stage.person();
		await receiver.page.goto(link);
		await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf(LONG)));
		await inState(uploads(page), 'confirmed');
		await says(page, words.receivers.state.confirmed);
		return page;
	},

	'sending-change': async (stage, options) => {
		const { page } = await sent(stage, options, 'terms.txt');
		await page.getByText(words.policy.changeTitle, { exact: true }).click();
		await button(page, words.policy.end);
		await page.getByRole('button', { name: words.confirm.no }).waitFor();
		return page;
	},

	'sending-many': async (stage, options) => {
		const { page } = await stage.person(undefined, options);
		await send(page, ...Array.from({ length: 40 }, (_, i) => stage.files.make(`photo ${i + 1}.jpg`, 20_000)));
		await says(page, words.total.uploaded);
		return page;
	},

	'sending-live': async (stage, options) => {
		const page = await scenes['start-options']!(stage, options);
		await page.getByLabel(words.policy.live).check();
		await choose(page, stage.files.make('stream.mp4', 20 * MB));
		await says(page, words.stallHere['receiver-missing']);
		return page;
	},

	'sending-refused': async (stage, options) => {
		await create(stage.daemon.url, { link_name: 'the-taken-name' });
		const page = await scenes['start-options']!(stage, options);
		await page.getByLabel(words.policy.linkName, { exact: true }).fill('the-taken-name');
		await choose(page, stage.files.make('refused.txt', 100));
		await says(page, words.failure['name-taken']);
		return page;
	},

	'not-yours': async (stage, options) => {
		const share = await create(stage.daemon.url, {});
		return opened(stage, options, `/#share=${share.id}`, words.start.notYours);
	},

	receive: async (stage, options) => {
		const message = 'The plans of the new pier.\nThe second sheet is the one that counts.';
		const share = await create(stage.daemon.url, { message, downloads_max: 5 }, { [LONG]: 'x'.repeat(100_000) });
		return opened(stage, options, share.url, words.receive.complete);
	},

	'receive-many': async (stage, options) => {
		const share = await create(stage.daemon.url, {}, { 'a.txt': 'a', 'photos - june - b.jpg': 'b', [LONG]: 'c' });
		return opened(stage, options, share.url, words.receive.complete);
	},

	'receive-arriving': async (stage, options) => {
		const { link } = await sending(stage, {});
		const page = await opened(stage, options, link.replace(new URL(link).origin, stage.daemon.url), words.receive.zip);
		await button(page, words.receive.downloadOf('crossing.mov'));
		await rowReached(files(page, 'crossing.mov'), 1);
		return page;
	},

	'receive-verified': async (stage, options) => {
		const share = await create(stage.daemon.url, {}, { [LONG]: 'x'.repeat(100_000) });
		const page = await opened(stage, options, share.url, words.receive.complete);
		await saved(page, () => button(page, words.receive.downloadOf(LONG)));
		await inState(files(page), 'verified');
		return page;
	},

	'receive-password': async (stage, options) => {
		const share = await create(stage.daemon.url, { password: 'right' }, { 'a.txt': 'a' });
		const page = await opened(stage, options, share.url, words.receive.passwordTitle);
		await page.getByLabel(words.receive.password, { exact: true }).fill('wrong');
		await button(page, words.receive.passwordOpen);
		await says(page, words.receive.passwordWrong);
		return page;
	},

	'receive-gone': async (stage, options) => {
		const share = await create(stage.daemon.url, {});
		await fetch(`${stage.daemon.url}/api/v1/shares/${share.id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${share.owner_token}` } });
		return opened(stage, options, share.url, words.receive.gone);
	},

	'receive-missing': (stage, options) => opened(stage, options, '/s/aaaaaaaaaaaaaaaaaaaaaaaaaa', words.receive.missing),

	'receive-nothing': async (stage, options) => opened(stage, options, (await create(stage.daemon.url, {})).url, words.receive.nothing),

	'shares-empty': (stage, options) => opened(stage, options, '/shares', words.shares.empty),

	shares: async (stage, options) => {
		const { page, link } = await sent(stage, options, 'first draft.odt');
		await button(page, words.link.another);
		await page.getByRole('heading', { name: words.start.title }).waitFor();
		await choose(page, stage.files.make(LONG, 1000));
		await expect.poll(() => linkOf(page), { timeout: PATIENCE_MS }).not.toBe(link);
		await inState(uploads(page), 'uploaded');
		const receiver = await stage.person();
		await receiver.page.goto(await linkOf(page));
		await says(receiver.page, words.receive.complete);
		await page.goto('/shares');
		const rows = page.getByTestId('share');
		await says(rows, words.receivers.looking);
		await button(rows.filter({ hasText: 'first draft.odt' }), words.shares.endOf('first draft.odt'));
		await button(rows.filter({ hasText: 'first draft.odt' }), words.confirm.yes);
		await inState(rows.filter({ hasText: 'first draft.odt' }), 'ended');
		await button(rows.filter({ hasText: LONG }), words.shares.extendOf(LONG));
		await page.getByLabel(words.shares.extendBy).waitFor();
		return page;
	},

	'operator-token': (stage, options) => opened(stage, options, '/operator', words.operator.tokenTitle),

	operator: async (stage, options) => {
		await create(stage.daemon.url, { message: 'For the board', expires_in: '7d' }, { 'minutes.pdf': 'x'.repeat(50_000) });
		const { link } = await sending(stage, {});
		expect((await ask(link)).id).toBe(shareOf(link));
		const text = await operatorToken(stage);
		const page = await opened(stage, options, '/operator', words.operator.tokenTitle);
		await page.getByLabel(words.operator.token).fill(text);
		await button(page, words.operator.tokenOpen);
		await says(page, words.operator.alone);
		await says(page, 'crossing.mov');
		// Two points make a line.
		await expect.poll(() => page.locator('dl dd').first().innerText(), { timeout: PATIENCE_MS }).not.toMatch(/^0/);
		return page;
	},
};
