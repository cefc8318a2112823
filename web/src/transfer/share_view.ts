// SPDX-License-Identifier: Apache-2.0
//
// share_view.ts - a share between the words of the server and those of the pages

import type { PolicyJson, ShareJson } from '../api/types';
import type { SharePolicy, ShareView } from './model';

export function shareViewOf(json: ShareJson): ShareView {
	return {
		id: json.id,
		url: json.url,
		createdAt: json.created_at,
		expiresAt: json.expires_at,
		downloads: json.downloads ?? 0,
		downloadsMax: json.downloads_max,
		hasPassword: json.has_password,
		message: json.message,
		mode: json.mode,
	};
}

/** @isNew: with what may be said at creation only. An empty text means none. */
export function policyJsonOf(policy: SharePolicy, isNew: boolean): PolicyJson {
	const json: PolicyJson = {};
	if (policy.expiresIn !== undefined) json.expires_in = policy.expiresIn;
	if (policy.downloadsMax !== undefined) json.downloads_max = policy.downloadsMax;
	if (policy.password !== undefined) json.password = policy.password || null;
	if (policy.message !== undefined) json.message = policy.message || null;
	if (isNew && policy.linkName) json.link_name = policy.linkName;
	if (isNew && policy.live) json.mode = 'live';
	return json;
}
