// SPDX-License-Identifier: Apache-2.0
//
// send_receive.test.ts - a sender and a receiver, each in a browser of their own, from the drop to the seal
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pixelsOf } from './harness/pixels';
import { ask, bytesOf, button, choose, files, inState, linkOf, percent, reached, says, saved, send, uploads, words } from './harness/portal';
import { onlyForward, shownBy } from './harness/recorder';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const MB = 1_000_000;

it('the receiver verifies the file, and the sender sees that', async () => {
	const path = stage.files.make('harbour plan.pdf', 3 * MB);
	const sender = await stage.person();
	const link = await send(sender.page, path);
	await inState(uploads(sender.page), 'uploaded');
	await says(sender.page, words.receivers.none);
	await says(sender.page, words.total.uploaded);

	const receiver = await stage.person();
	await receiver.page.goto(link);
	await receiver.page.getByRole('heading', { name: 'harbour plan.pdf' }).waitFor();
	await says(sender.page, words.receivers.looking);
	const download = await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('harbour plan.pdf')));
	expect(download.suggestedFilename()).toBe('harbour plan.pdf');
	expect((await bytesOf(download)).equals(readFileSync(path))).toBe(true);

	await inState(files(receiver.page), 'verified');
	await inState(uploads(sender.page), 'confirmed');
	await says(sender.page, words.total.verified(1));
	onlyForward(await shownBy(sender.page));
	onlyForward(await shownBy(receiver.page));
});

it('the link is there in under a second, while the upload runs', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: MB });
	const sender = await stage.person(proxy.url);
	const link = await send(sender.page, stage.files.make('long.bin', 40 * MB));
	expect(link).toMatch(new RegExp(`^${proxy.url}/s/[a-z2-7]{26}$`));
	expect((await shownBy(sender.page)).linkMs).toBeLessThan(1000);
	await inState(uploads(sender.page), 'sending');
	expect(await percent(sender.page)).toBeLessThan(50);
});

it('the link is copied with a button, and its code holds it', async () => {
	const sender = await stage.person(undefined, { permissions: ['clipboard-read', 'clipboard-write'] });
	const link = await send(sender.page, stage.files.make('small.txt', 10));
	await button(sender.page, words.link.copy);
	await says(sender.page, words.link.copied);
	expect(await sender.page.evaluate(() => navigator.clipboard.readText())).toBe(link);

	const code = await sender.page.getByRole('img', { name: words.link.code(link) }).screenshot();
	expect((await pixelsOf(stage.browser, code, true)).code).toBe(link);
	await button(sender.page, words.link.hideCode);
	await sender.page.getByRole('img', { name: /^QR code/ }).waitFor({ state: 'hidden' });
});

it('a receiver downloads what the sender is still uploading', async () => {
	const path = stage.files.make('film.mkv', 8 * MB);
	const proxy = await stage.proxy({ bytesPerSecond: 2 * MB });
	const sender = await stage.person(proxy.url);
	const link = await send(sender.page, path);
	await reached(sender.page, 10);

	const receiver = await stage.person(proxy.url);
	await receiver.page.goto(link);
	await says(receiver.page, /^The sender is still uploading/);
	const downloading = saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('film.mkv')));
	await inState(files(receiver.page), 'running');
	await inState(uploads(sender.page), 'sending');
	await says(sender.page, words.upload.downloading(1));
	proxy.rate(100 * MB);
	expect((await bytesOf(await downloading)).equals(readFileSync(path))).toBe(true);
	await inState(files(receiver.page), 'verified');
	await inState(uploads(sender.page), 'confirmed');
	onlyForward(await shownBy(sender.page));
	onlyForward(await shownBy(receiver.page));
});

it('what is paused stands where the server has it, and goes on from there', async () => {
	const path = stage.files.make('paused.bin', 6 * MB);
	const proxy = await stage.proxy({ bytesPerSecond: 2 * MB });
	const sender = await stage.person(proxy.url);
	const link = await send(sender.page, path);
	const receiver = await stage.person();
	await receiver.page.goto(link.replace(proxy.url, stage.daemon.url));
	await reached(sender.page, 10);
	await button(sender.page, words.upload.pause);
	await inState(uploads(sender.page), 'paused');
	await says(sender.page, words.total.paused);
	// The page counts what the server confirmed, and nothing that is only on its way.
	await expect.poll(async () => {
		const received = (await ask(link)).files[0]!.received;
		return Math.floor((received / (6 * MB)) * 100) - (await percent(sender.page));
	}).toBe(0);
	await says(receiver.page, /^Nothing comes from the sender at the moment\.|^The sender has paused\./);
	await inState(uploads(sender.page), 'paused');

	await button(sender.page, words.upload.resume);
	proxy.rate(100 * MB);
	await inState(uploads(sender.page), 'uploaded');
	const download = await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('paused.bin')));
	expect((await bytesOf(download)).equals(readFileSync(path))).toBe(true);
	onlyForward(await shownBy(sender.page));
});

it('a file is taken back while it is sent, and after; another is added', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: MB });
	const sender = await stage.person(proxy.url);
	const link = await send(sender.page, stage.files.make('first.bin', 20 * MB));
	await reached(sender.page, 1);
	await choose(sender.page, stage.files.make('second.txt', 1000));
	await inState(uploads(sender.page, 'second.txt'), 'uploaded');
	await button(sender.page, words.upload.cancelOf('first.bin'));
	await uploads(sender.page, 'first.bin').waitFor({ state: 'detached' });
	await expect.poll(async () => (await ask(link)).files.map((file) => file.name)).toEqual(['second.txt']);
	await says(sender.page, words.total.uploaded);

	await button(sender.page, words.upload.cancelOf('second.txt'));
	await button(uploads(sender.page), words.confirm.remove);
	await expect.poll(async () => (await ask(link)).files).toEqual([]);
	await says(sender.page, words.total.nothing);
});

it('a folder is sent, and received as one ZIP', async () => {
	const folder = join(stage.files.folder, 'photos');
	mkdirSync(join(folder, 'june'), { recursive: true });
	writeFileSync(join(folder, 'a.txt'), 'the first\n');
	writeFileSync(join(folder, 'june', 'ü.txt'), 'the second\n');
	const sender = await stage.person();
	await sender.page.goto('/');
	const asked = sender.page.waitForEvent('filechooser');
	await button(sender.page, words.start.chooseFolder);
	await (await asked).setFiles(folder);
	const link = await linkOf(sender.page);
	await inState(uploads(sender.page, 'a.txt'), 'uploaded');
	await inState(uploads(sender.page, 'ü.txt'), 'uploaded');

	const receiver = await stage.person();
	await receiver.page.goto(link);
	await receiver.page.getByRole('heading', { name: words.files(2) }).waitFor();
	const download = await saved(receiver.page, () => button(receiver.page, words.receive.zip));
	const zip = join(stage.files.folder, 'all.zip');
	await download.saveAs(zip);
	const listing = execFileSync('python3', ['-c',
		'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nprint([(n, z.read(n).decode()) for n in sorted(z.namelist())])', zip], { encoding: 'utf8' });
	expect(listing.trim()).toBe(`[('photos - a.txt', 'the first\\n'), ('photos - june - ü.txt', 'the second\\n')]`);
	await says(sender.page, words.upload.taken(1));
});

it('what is dropped or pasted is sent', async () => {
	const sender = await stage.person();
	await sender.page.goto('/');
	await sender.page.getByRole('heading', { name: words.start.title }).waitFor();
	await sender.page.evaluate(() => {
		const data = new DataTransfer();
		data.items.add(new File(['dropped'], 'dropped.txt'));
		for (const type of ['dragenter', 'dragover', 'drop']) {
			document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
		}
	});
	await inState(uploads(sender.page, 'dropped.txt'), 'uploaded');
	await sender.page.evaluate(() => {
		const data = new DataTransfer();
		data.setData('text/plain', 'a note');
		document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data }));
	});
	await inState(uploads(sender.page, 'text 2'), 'uploaded');
	expect((await ask(await linkOf(sender.page))).files.map((file) => file.size).sort()).toEqual([6, 7]);
});

it('an empty file, and two of the same name, arrive', async () => {
	const sender = await stage.person();
	const empty = join(stage.files.folder, 'empty.txt');
	writeFileSync(empty, '');
	const link = await send(sender.page, empty);
	await inState(uploads(sender.page), 'uploaded');
	await choose(sender.page, empty);
	await inState(uploads(sender.page, 'empty (2).txt'), 'uploaded');
	const receiver = await stage.person();
	await receiver.page.goto(link);
	const download = await saved(receiver.page, () => button(receiver.page, words.receive.downloadOf('empty (2).txt')));
	expect((await bytesOf(download)).length).toBe(0);
	await inState(files(receiver.page, 'empty (2).txt'), 'verified');
});

it('leaving the page during a transfer asks first, and afterwards does not', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: MB });
	const sender = await stage.person(proxy.url);
	await send(sender.page, stage.files.make('leaving.bin', 5 * MB));
	await button(sender.page, words.link.hideCode); // browsers ask only where somebody has touched the page
	await inState(uploads(sender.page), 'sending');
	const asks = sender.page.waitForEvent('dialog');
	await sender.page.close({ runBeforeUnload: true });
	const dialog = await asks;
	expect(dialog.type()).toBe('beforeunload');
	await dialog.dismiss();
	proxy.rate(100 * MB);
	await inState(uploads(sender.page), 'uploaded');
	sender.page.on('dialog', () => sender.complaints.push('asked though all was sent'));
	await sender.page.reload();
	await inState(uploads(sender.page), 'uploaded');
});

it('the other page may be looked at while an upload runs', async () => {
	const proxy = await stage.proxy({ bytesPerSecond: 2 * MB });
	const sender = await stage.person(proxy.url);
	await send(sender.page, stage.files.make('aside.bin', 6 * MB));
	await sender.page.getByRole('link', { name: words.page.shares }).click();
	await sender.page.getByRole('link', { name: /^Sending, \d/ }).waitFor();
	await sender.page.getByTestId('share').waitFor();
	proxy.rate(100 * MB);
	await sender.page.getByRole('link', { name: words.page.send, exact: true }).click();
	await inState(uploads(sender.page), 'uploaded');
	onlyForward(await shownBy(sender.page));
});

it('the pages speak German to who asks for it, and change their language', async () => {
	const sender = await stage.person(undefined, { locale: 'de-DE' });
	await sender.page.goto('/');
	await sender.page.getByRole('button', { name: 'Dateien wählen' }).waitFor();
	expect(await sender.page.getAttribute('html', 'lang')).toBe('de');
	await button(sender.page, 'English');
	await sender.page.getByRole('heading', { name: words.start.title }).waitFor();
	await sender.page.reload();
	await sender.page.getByRole('heading', { name: words.start.title }).waitFor();
	expect(await sender.page.getAttribute('html', 'lang')).toBe('en');
});
