// SPDX-License-Identifier: Apache-2.0
//
// contrast.mjs - WCAG contrast of the portal's colours, day and night, from app.css; fails below AA
import { readFileSync } from 'node:fs';

const css = readFileSync(new URL('../../web/src/app.css', import.meta.url), 'utf8');
const block = (selector) => Object.fromEntries([...css.slice(css.indexOf(`${selector} {`)).split('}')[0].matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((m) => [m[1], m[2]]));
const themes = { light: block('\n:root'), dark: block(":root[data-theme='dark']") };

const luminance = (hex) => {
	const [r, g, b] = [1, 3, 5].map((at) => {
		const part = parseInt(hex.slice(at, at + 2), 16) / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
	const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (high + 0.05) / (low + 0.05);
};

const texts = ['ink', 'soft', 'rope-text', 'good', 'bad'].flatMap((text) => ['paper', 'raised', 'sunken'].map((ground) => [text, ground, 4.5]));
texts.push(['on-deep', 'deep', 4.5], ['on-deep', 'deep-over', 4.5]);
const marks = ['rope', 'edge', 'focus'].flatMap((mark) => ['paper', 'raised'].map((ground) => [mark, ground, 3]));
marks.push(['rope', 'line', 1.5], ['deep', 'paper', 3]);

let failures = 0;
for (const [name, colours] of Object.entries(themes)) {
	for (const [front, back, least] of [...texts, ...marks]) {
		const value = contrast(colours[front], colours[back]);
		const isEnough = value >= least;
		failures += isEnough ? 0 : 1;
		if (!isEnough || process.argv.includes('-v')) {
			console.log(`${isEnough ? 'ok  ' : 'FAIL'} ${name} ${front} on ${back}: ${value.toFixed(2)} (at least ${least})`);
		}
	}
}
process.exitCode = failures ? 1 : 0;
