// SPDX-License-Identifier: Apache-2.0
//
// theme.svelte.ts - light or dark: as the system says, until the person says otherwise
//
// The stylesheet knows only [data-theme]; it is set before the first paint, while the body is still empty.

export type Theme = 'light' | 'dark';

const KEY = 'hawser.theme';

class ThemeChoice {
	current = $state<Theme>('light');

	start(): void {
		const system = matchMedia('(prefers-color-scheme: dark)');
		const follow = () => this.#show(stored() ?? (system.matches ? 'dark' : 'light'));
		system.addEventListener('change', follow);
		follow();
	}

	toggle(): void {
		const next = this.current === 'dark' ? 'light' : 'dark';
		try {
			localStorage.setItem(KEY, next);
		} catch {
			// No storage (private mode, blocked): the choice lasts as long as the page.
		}
		this.#show(next);
	}

	#show(next: Theme): void {
		this.current = next;
		document.documentElement.dataset['theme'] = next;
	}
}

function stored(): Theme | null {
	try {
		const value = localStorage.getItem(KEY);
		return value === 'light' || value === 'dark' ? value : null;
	} catch {
		return null;
	}
}

export const theme = new ThemeChoice();
