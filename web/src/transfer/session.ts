// SPDX-License-Identifier: Apache-2.0
//
// session.ts - where views get the objects behind model.ts; the operator's page has its own, operator/session.ts

import { Client } from '../api/client';
import { Mine } from '../mine/mine';
import type { MyShares, ReceiveSession, SendSession } from './model';
import { Receiving } from './receive';
import { Sending } from './send';

const client = new Client();

/** @shareId: one of this browser's shares is opened again, and its unfinished uploads go on. */
export const openSend = (shareId?: string): SendSession => new Sending({ client }, shareId);

/** @id: of a share, or its link's own name. */
export const openReceive = (id: string): ReceiveSession => new Receiving(client, id);

export const openMine = (): MyShares => new Mine(client);
