// SPDX-License-Identifier: Apache-2.0
//
// language.svelte.ts - the language of the page: the browser's, until the person says otherwise
//
// A translation is one file beside this one, and one line in `languages`.
import { de } from './de';
import { en, type Words } from './en';
import { createFormat, type Format } from './format';

const KEY = 'hawser.language';

export const languages: Record<string, Words> = { en, de };

class Language {
	#code = $state(first());

	get code(): string {
		return this.#code;
	}

	/** With the region that the browser has for it: dates and numbers differ between them. */
	get locale(): string {
		return navigator.languages.find((wish) => wish.toLowerCase().startsWith(this.#code)) ?? this.#code;
	}

	words: Words = $derived(languages[this.#code] ?? en);
	format: Format = $derived(createFormat(this.locale, this.words));

	/** The one after the current; with two languages: the other. */
	get next(): string {
		const codes = Object.keys(languages);
		return codes[(codes.indexOf(this.#code) + 1) % codes.length] ?? 'en';
	}

	choose(code: string): void {
		this.#code = code;
		try {
			localStorage.setItem(KEY, code);
		} catch {
			// No storage: the choice lasts as long as the page.
		}
	}
}

function first(): string {
	const wishes = [...navigator.languages];
	try {
		wishes.unshift(localStorage.getItem(KEY) ?? '');
	} catch {
		// No storage: the browser's wish is all there is.
	}
	return wishes.map((wish) => wish.slice(0, 2).toLowerCase()).find((code) => code in languages) ?? 'en';
}

export const language = new Language();
