// SPDX-License-Identifier: Apache-2.0
//
// accessibility.test.ts - without a mouse, and without eyes; what axe-core finds in each page is in pages.test.ts
import type { Page } from 'playwright-core';
import { button, choose, files, inState, linkOf, PATIENCE_MS, reached, saved, send, uploads, words } from './harness/portal';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const MB = 1_000_000;
const TABS_MAX = 40;

/** Presses Tab until what has that name has the focus; each stop on the way must be seen to have it. */
async function tabTo(page: Page, name: string): Promise<void> {
	for (let i = 0; i < TABS_MAX; i += 1) {
		await page.keyboard.press('Tab');
		const stop = await page.evaluate(() => {
			const element = document.activeElement as HTMLElement;
			const style = getComputedStyle(element);
			const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
			return {
				name: element.getAttribute('aria-label') ?? element.innerText?.trim() ?? '',
				isSeen: ring || style.boxShadow !== 'none',
				html: element.outerHTML.slice(0, 150),
				isPage: element === document.body, // behind the last one Tab comes to the browser's own buttons
			};
		});
		expect(stop.isSeen || stop.isPage, `the focus cannot be seen on ${stop.html}`).toBe(true);
		if (!stop.isPage && stop.name.startsWith(name)) {
			return;
		}
	}
	throw new Error(`Tab does not come to ${name}`);
}

it('who has only a keyboard sends, copies, pauses, takes back, and ends', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: MB });
	const { page, context } = await stage.person(proxy.url, { permissions: ['clipboard-read', 'clipboard-write'] });
	// The browser's own picker cannot be driven without a screen; without it the page asks by an input.
	await context.addInitScript(() => Reflect.deleteProperty(window, 'showOpenFilePicker'));
	await page.goto('/');
	await page.getByRole('heading', { name: words.start.title }).waitFor();

	await tabTo(page, words.page.skip);
	await page.keyboard.press('Enter');
	await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('content');
	const asked = page.waitForEvent('filechooser'); // before the keys: it takes the browser a moment to listen
	await tabTo(page, words.start.choose);
	await page.keyboard.press('Enter');
	await (await asked).setFiles(stage.files.make('by keys.bin', 20 * MB));
	const link = await linkOf(page);
	await reached(page, 1);

	await page.evaluate(() => (document.activeElement as HTMLElement).blur());
	await tabTo(page, words.link.copy);
	await page.keyboard.press('Enter');
	await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(link);
	await tabTo(page, words.upload.pause);
	await page.keyboard.press('Space');
	await inState(uploads(page), 'paused');
	await page.keyboard.press('Space'); // the same button, which now resumes
	await inState(uploads(page), 'sending');
	await tabTo(page, words.upload.cancelOf('by keys.bin'));
	await page.keyboard.press('Enter');
	await uploads(page).waitFor({ state: 'detached' });
	await tabTo(page, words.policy.changeTitle);
	await page.keyboard.press('Enter');
	await tabTo(page, words.policy.end);
	await page.keyboard.press('Enter');
	// Who asks by mistake and presses Enter again keeps the share.
	expect(await page.evaluate(() => (document.activeElement as HTMLElement).innerText)).toBe(words.confirm.no);
	await page.keyboard.press('Shift+Tab');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: words.policy.ended }).waitFor();
});

it('who has only a keyboard receives', async () => {
	const sender = await stage.person();
	const link = await send(sender.page, stage.files.make('for keys.txt', 500));
	await inState(uploads(sender.page), 'uploaded');
	const { page } = await stage.person();
	await page.goto(link);
	await page.getByRole('heading', { name: 'for keys.txt' }).waitFor();
	await tabTo(page, words.receive.downloadOf('for keys.txt'));
	await saved(page, () => page.keyboard.press('Enter'));
	await inState(files(page), 'verified');
});

it('what happens is said to who does not see it', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: 2 * MB });
	const { page, context } = await stage.person(proxy.url);
	await context.addInitScript(() => {
		const said: string[] = [];
		(window as unknown as { said: string[] }).said = said;
		new MutationObserver(() => {
			const text = document.querySelector('[aria-live="polite"]')?.textContent?.replace('\u200b', '') ?? '';
			if (text && said.at(-1) !== text) {
				said.push(text);
			}
		}).observe(document, { subtree: true, childList: true, characterData: true });
	});
	const said = () => page.evaluate(() => (window as unknown as { said: string[] }).said);
	const link = await send(page, stage.files.make('said.bin', 6 * MB));
	await reached(page, 30);
	proxy.rate(200 * MB);
	await inState(uploads(page), 'uploaded');
	const receiver = await stage.person();
	await receiver.page.goto(link.replace(proxy.url, stage.daemon.url));
	await expect.poll(said, { timeout: PATIENCE_MS }).toContain(words.receivers.came);
	await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('said.bin')));
	await expect.poll(said, { timeout: PATIENCE_MS }).toContain(words.receivers.verified('said.bin'));
	const all = await said();
	expect(all[0]).toBe(words.link.ready);
	expect(all).toContain(words.total.milestone(25));
	expect(all).toContain(words.total.uploaded);
	// Milestones, not every percent.
	expect(all.length).toBeLessThan(12);
});

it('who wants less motion gets none', async () => {
	const { page } = await stage.person(undefined, { reducedMotion: 'reduce' });
	await page.goto('/');
	await page.getByRole('heading', { name: words.start.title }).waitFor();
	await choose(page, stage.files.make('still.bin', MB));
	await inState(uploads(page), 'uploaded');
	const moving = await page.evaluate(() => document.getAnimations().filter((one) => {
		const timing = one.effect?.getComputedTiming();
		return one.playState === 'running' && Number(timing?.duration ?? 0) > 50;
	}).length);
	expect(moving).toBe(0);
});

it('light and dark follow the system until somebody chooses', async () => {
	const { page } = await stage.person(undefined, { colorScheme: 'dark' });
	await page.goto('/');
	const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
	await page.getByRole('button', { name: words.page.toLight }).waitFor();
	const dark = await ground();
	await page.emulateMedia({ colorScheme: 'light' });
	await page.getByRole('button', { name: words.page.toDark }).waitFor();
	expect(await ground()).not.toBe(dark);
	await button(page, words.page.toDark);
	expect(await ground()).toBe(dark);
	await page.reload();
	await page.getByRole('button', { name: words.page.toLight }).waitFor();
	expect(await ground()).toBe(dark);
});
