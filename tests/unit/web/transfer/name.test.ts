// SPDX-License-Identifier: Apache-2.0
//
// Goal: every path becomes a name that the server takes, and that people recognise.
// Method: the rules of net/wire/name.c, said again here, over odd and random paths.

import { NameGiver, nameFree, nameNumbered, nameOf } from '../../../../web/src/transfer/name';
import { pick, seeded } from '../fake/random';

const size = (text: string) => new TextEncoder().encode(text).length;

function isGood(name: string): boolean {
	if (name === '' || name === '.' || name === '..' || size(name) > 255) return false;
	return [...name].every((character) => {
		const code = character.codePointAt(0)!;
		const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029;
		const isDirection = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
		const isSurrogate = code >= 0xd800 && code <= 0xdfff;
		return character !== '/' && character !== '\\' && !isControl && !isDirection && !isSurrogate;
	});
}

describe('a name', () => {
	it.each([
		['a.txt', 'a.txt'],
		['a/b.txt', 'a - b.txt'],
		['photos/summer/1.jpg', 'photos - summer - 1.jpg'],
		['C:\\dir\\x', 'C: - dir - x'],
		['../../etc/passwd', 'etc - passwd'],
		['..', 'file'],
		['.', 'file'],
		['', 'file'],
		['///', 'file'],
		['.bashrc', '.bashrc'],
		['e\u0301.txt', '\u00e9.txt'],
		['invoice\u202efdp.exe', 'invoicefdp.exe'],
		['a\u0000b\nc', 'abc'],
		['a\u2028b', 'ab'],
		['lone \ud800.txt', 'lone \ufffd.txt'],
	])('of %j is %j', (path, name) => {
		expect(nameOf(path)).toBe(name);
	});

	it('that is too long keeps its extension, and whole characters', () => {
		const name = nameOf(`${'\u{1f600}'.repeat(100)}.tar.gz`);
		expect(size(name)).toBeLessThanOrEqual(255);
		expect(name.endsWith('.gz')).toBe(true);
		expect(isGood(name)).toBe(true);
		expect(size(nameOf('x'.repeat(300)))).toBe(255);
		expect(isGood(nameOf(`a.${'b'.repeat(400)}`))).toBe(true);
	});

	it('is good whatever the path', () => {
		const letters = ['a', '.', '/', '\\', ' ', '\u0007', '\u202e', '\u00fc', '\u{1f600}', '\ud800', 'xyz'.repeat(40), '(2)'];
		for (let seed = 0; seed < 2000; seed++) {
			const random = seeded(seed);
			const path = Array.from({ length: Math.floor(random() * 12) }, () => pick(random, letters)).join('');
			expect(isGood(nameOf(path)), `seed ${seed}: ${JSON.stringify(path)}`).toBe(true);
			expect(isGood(nameNumbered(nameOf(path), 17)), `seed ${seed}`).toBe(true);
		}
	});
});

describe('a name that is taken', () => {
	it('gets a number before its extension', () => {
		expect(nameNumbered('a.txt', 2)).toBe('a (2).txt');
		expect(nameNumbered('a', 3)).toBe('a (3)');
		expect(nameNumbered('.bashrc', 2)).toBe('.bashrc (2)');
	});
	it('gets the first that is free', () => {
		const taken = new Set(['a.txt', 'a (2).txt', 'a (3).txt']);
		expect(nameFree('a.txt', (name) => taken.has(name))).toBe('a (4).txt');
		expect(nameFree('b.txt', (name) => taken.has(name))).toBe('b.txt');
	});
	it('still fits when it is as long as may be', () => {
		expect(size(nameNumbered(`${'x'.repeat(251)}.txt`, 1000))).toBe(255);
	});
});

describe('names of many files at once', () => {
	it('are each another, also where the number is a name of its own', () => {
		const names = new NameGiver((name) => name === 'a.txt' || name === 'a (3).txt');
		expect(['a.txt', 'b', 'a.txt', 'a (2).txt', 'b', 'a.txt'].map((name) => names.give(name))).toEqual(['a (2).txt', 'b', 'a (4).txt', 'a (2) (2).txt', 'b (2)', 'a (5).txt']);
	});
	it('are found without counting from the start each time', () => {
		let asked = 0;
		const names = new NameGiver(() => (asked++, false));
		const COUNT = 1000;
		expect(new Set(Array.from({ length: COUNT }, () => names.give('a'))).size).toBe(COUNT);
		expect(asked).toBeLessThanOrEqual(3 * COUNT);
	});
});
