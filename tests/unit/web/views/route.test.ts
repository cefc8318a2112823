// SPDX-License-Identifier: Apache-2.0
//
// Goal: an address means one page, and strange addresses mean one too.
// Method: addresses as the daemon serves them, with slashes, escapes and nonsense.
import { routeOf, sendAddress } from '../../../../web/src/route';

const at = (pathname: string, hash = '') => routeOf({ pathname, hash });

test('the four pages', () => {
	expect(at('/')).toEqual({ page: 'send', share: null });
	expect(at('/s/abc')).toEqual({ page: 'receive', share: 'abc' });
	expect(at('/s/abc/')).toEqual({ page: 'receive', share: 'abc' });
	expect(at('/shares')).toEqual({ page: 'shares' });
	expect(at('/operator/')).toEqual({ page: 'operator' });
});

test('an address of a share that is sent opens it again', () => {
	const [pathname, hash] = sendAddress('mein Boot/1').split('#') as [string, string];
	expect(at(pathname, `#${hash}`)).toEqual({ page: 'send', share: 'mein Boot/1' });
});

test('what is no page is the send page, and a stray percent is kept', () => {
	expect(at('/s/')).toEqual({ page: 'send', share: null });
	expect(at('/s/a/b')).toEqual({ page: 'send', share: null });
	expect(at('/', '#share=')).toEqual({ page: 'send', share: null });
	expect(at('/s/100%')).toEqual({ page: 'receive', share: '100%' });
});
