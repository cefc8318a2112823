// SPDX-License-Identifier: Apache-2.0
//
// Goal: the list survives what others write into it, and a browser that keeps nothing.
// Method: a localStorage of the test.

import { ownShare, ownShareAdd, ownShareRemove, ownShares } from '../../../../web/src/mine/shares';
import { FakeStorage } from '../fake/storage';

const share = (id: string) => ({ id, token: `token-${id}`, url: `http://here/s/${id}`, created: '2026-11-26T00:00:00Z' });
let storage: FakeStorage;

beforeEach(() => vi.stubGlobal('localStorage', (storage = new FakeStorage())));
afterEach(() => void vi.unstubAllGlobals());

describe('own shares', () => {
	it('are listed newest first, each once', () => {
		ownShareAdd(share('a'));
		ownShareAdd(share('b'));
		ownShareAdd(share('a'));
		expect(ownShares().map(({ id }) => id)).toEqual(['a', 'b']);
		expect(ownShare('b')).toEqual(share('b'));
		ownShareRemove('b');
		expect(ownShare('b')).toBeNull();
	});
	it('do not grow for ever', () => {
		for (let index = 0; index < 510; index++) ownShareAdd(share(String(index)));
		expect(ownShares()).toHaveLength(500);
		expect(ownShares()[0]!.id).toBe('509');
	});
	it.each(['{', 'null', '5', '{"a":1}', '[null, 5, {"id":"x"}, {"id":1,"token":"t","url":"u","created":"c"}]'])('read %s as nothing', (kept) => {
		storage.setItem('hawser.shares', kept);
		expect(ownShares()).toEqual([]);
	});
	it('are nothing where nothing is kept', () => {
		storage.isBroken = true;
		ownShareAdd(share('a'));
		expect(ownShares()).toEqual([]);
		vi.stubGlobal('localStorage', undefined);
		ownShareAdd(share('a'));
		expect(ownShares()).toEqual([]);
	});
});
