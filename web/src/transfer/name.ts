// SPDX-License-Identifier: Apache-2.0
//
// name.ts - what a file is called in a share, by the server's rules
//
// 255 bytes of UTF-8; no slashes, control or direction characters; not "." or "..". A share has no folders:
// "photos/a.jpg" becomes "photos - a.jpg", which everybody can read and no system takes for a path.

const SIZE_MAX = 255; // bytes of UTF-8
const EXTENSION_MAX = 32; // characters; what is longer is part of the name
// Control characters of both sets, and all that turn the direction of text or are not seen: a name that
// reads "fdp.exe" backwards is how people are cheated.
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu;
const encoder = new TextEncoder();

const bytesOf = (text: string): number => encoder.encode(text).length;

function parts(name: string): [stem: string, extension: string] {
	const dot = name.lastIndexOf('.');
	return dot <= 0 || name.length - dot > EXTENSION_MAX ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

/** Cut at the end of a character, so that it is not more than @size bytes. */
function cut(text: string, size: number): string {
	const characters = [...text];
	let left = bytesOf(text);
	while (left > size) left -= bytesOf(characters.pop()!);
	return characters.join('').trimEnd();
}

function fitted(stem: string, tail: string): string {
	return cut(stem, SIZE_MAX - bytesOf(tail)) + tail;
}

/** @path: "folder/a.txt", or only the name. */
export function nameOf(path: string): string {
	// A lone surrogate has no UTF-8; toWellFormed is not everywhere yet, the encoder does the same.
	const text = new TextDecoder().decode(encoder.encode(path.normalize('NFC'))).replace(FORBIDDEN, '');
	const pieces = text.split(/[/\\]/u).map((piece) => piece.trim());
	const name = pieces.filter((piece) => piece !== '' && piece !== '.' && piece !== '..').join(' - ') || 'file';
	const [stem, extension] = parts(name);
	return fitted(stem, extension);
}

/** "a.txt" and 2: "a (2).txt". */
export function nameNumbered(name: string, number: number): string {
	const [stem, extension] = parts(name);
	return fitted(stem, ` (${number})${extension}`);
}

/** @name, or the first numbered one that is not taken. */
export function nameFree(name: string, isTaken: (name: string) => boolean): string {
	if (!isTaken(name)) return name;
	for (let number = 2; ; number++) {
		const other = nameNumbered(name, number);
		if (!isTaken(other)) return other;
	}
}

/** Gives each of many files a name that is not taken; a further file of one name goes on counting where the last stopped. */
export class NameGiver {
	readonly #given = new Set<string>();
	readonly #numbers = new Map<string, number>(); // name: the next to try

	constructor(private readonly isTaken: (name: string) => boolean) {}

	give(name: string): string {
		let other = name;
		let number = this.#numbers.get(name) ?? 2;
		while (this.#given.has(other) || this.isTaken(other)) other = nameNumbered(name, number++);
		this.#numbers.set(name, number);
		this.#given.add(other);
		return other;
	}
}
