// SPDX-License-Identifier: Apache-2.0
//
// route.ts - which page an address means, and changes of it that do not load the page anew
//
// The daemon answers all of these with the same index.html. Links are ordinary <a href>; follow() takes a plain
// click on one of ours, because loading the page anew would stop an upload that runs in it.

export type Route =
	| { page: 'send'; share: string | null }
	| { page: 'receive'; share: string }
	| { page: 'shares' }
	| { page: 'operator' };

export function routeOf(location: { pathname: string; hash: string }): Route {
	const path = location.pathname.replace(/\/+$/, '');
	const received = /^\/s\/([^/]+)$/.exec(path)?.[1];
	if (received) {
		return { page: 'receive', share: decoded(received) };
	}
	if (path === '/shares') {
		return { page: 'shares' };
	}
	if (path === '/operator') {
		return { page: 'operator' };
	}
	const sent = /^#share=(.+)$/.exec(location.hash)?.[1];
	return { page: 'send', share: sent ? decoded(sent) : null };
}

/** The address of the send page of a share that exists, which a reload opens again. */
export function sendAddress(share: string): string {
	return `/#share=${encodeURIComponent(share)}`;
}

/** A click on a link to one of our pages: shown without loading. Returns true if it was taken. */
export function follow(event: MouseEvent): boolean {
	const link = (event.target as Element | null)?.closest?.('a');
	if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
		return false;
	}
	if (link.target || link.hasAttribute('download') || link.origin !== location.origin || !('page' in link.dataset)) {
		return false;
	}
	event.preventDefault();
	if (link.href !== location.href) {
		history.pushState(null, '', link.href);
	}
	return true;
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text; // a stray % in the address: the server will say that there is no such share
	}
}
