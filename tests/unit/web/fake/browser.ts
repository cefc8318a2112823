// SPDX-License-Identifier: Apache-2.0
//
// browser.ts - what browsers have, and Node.js 18 does not have as globals; import it first

import { File as NodeFile } from 'node:buffer';
import { webcrypto } from 'node:crypto';

globalThis.File ??= NodeFile as unknown as typeof File;
globalThis.crypto ??= webcrypto as Crypto;
