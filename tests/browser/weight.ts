// SPDX-License-Identifier: Apache-2.0
//
// weight.ts - tests/browser/weight: a table of what Lighthouse would say of each page
import { browserStart } from './harness/browser';
import { SLOW_4G, weigh } from './harness/weigh';

const site = process.argv.at(-1) ?? '';
if (!/^https?:/.test(site)) {
	console.error('usage: tests/browser/weight URL of a hawserd that runs');
	process.exit(1);
}

const made = await fetch(`${site.replace(/\/$/, '')}/a.txt?expires=1h`, { method: 'PUT', body: 'weighed' });
const link = (await made.text()).trim().replace(/\/a\.txt$/, '');
const token = made.headers.get('Hawser-Owner-Token') ?? '';
const browser = await browserStart();
const kb = (bytes: number) => (bytes / 1000).toFixed(1).padStart(7);
const ms = (time: number) => time.toFixed(0).padStart(6);
console.log('page       line     requests  kB in all      js     css   other   FCP ms LCP ms TBT ms   CLS');
for (const [name, url] of Object.entries({ send: site, receive: link, shares: new URL('/shares', site).href, operator: new URL('/operator', site).href })) {
	for (const [line, kind] of [['fast', null], ['slow 4G', SLOW_4G]] as const) {
		const weight = await weigh(browser, url, kind);
		const js = weight.kinds['Script'] ?? 0;
		const css = weight.kinds['Stylesheet'] ?? 0;
		console.log(
			`${name.padEnd(10)} ${line.padEnd(8)} ${String(weight.requests).padStart(8)}  ${kb(weight.bytes).padStart(9)} ${kb(js)} ${kb(css)} ${kb(weight.bytes - js - css)}`
			+ `   ${ms(weight.firstPaintMs)} ${ms(weight.largestPaintMs)} ${ms(weight.blockedMs)} ${weight.shift.toFixed(3)}`,
		);
	}
}
await browser.close();
await fetch(`${new URL(site).origin}/api/v1/shares/${made.headers.get('Hawser-Share')}`, { method: 'DELETE', headers: { Authorization: `Bearer ${token}` } });
