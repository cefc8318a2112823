// SPDX-License-Identifier: Apache-2.0
//
// copy.ts - text to the clipboard, also where the page came over plain http

/** Returns false if the browser refused; the text is then selected, for the person to copy. */
export async function copyText(text: string, shownIn: HTMLElement | null): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text); // only on https and localhost: elsewhere clipboard is undefined
		return true;
	} catch {
		return copySelected(text, shownIn);
	}
}

function copySelected(text: string, shownIn: HTMLElement | null): boolean {
	const focused = document.activeElement as HTMLElement | null;
	const field = document.createElement('textarea');
	field.value = text;
	field.readOnly = true;
	field.className = 'sr-only';
	document.body.append(field);
	field.select();
	const copied = document.execCommand('copy'); // deprecated, and the only way on plain http
	field.remove();
	focused?.focus();
	if (!copied && shownIn) {
		getSelection()?.selectAllChildren(shownIn);
	}
	return copied;
}
