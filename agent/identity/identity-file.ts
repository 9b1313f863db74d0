// The identity of this host on disk: the one that works, and beside it a newer one that has still to show that it does. Every
// write is whole or not at all, so whenever the agent is killed one of the two is there and opens a link.
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { EnrolResponse } from '../../shared/protocol/enrolment.ts';
import { readIfThere, writeDurably } from '../files.ts';

const Identity = Type.Object({
  privateKey: Type.String(),
  enrolled: EnrolResponse,
  /** When it was given, by this host's clock. */
  obtainedAtMs: Type.Integer(),
});
export type Identity = Static<typeof Identity>;

const IdentityFile = Type.Object({ current: Identity, candidate: Type.Optional(Identity) });
export type StoredIdentity = Static<typeof IdentityFile>;
const identityFile = Compile(IdentityFile);

const pathIn = (stateDir: string): string => join(stateDir, 'identity.json');

export async function loadIdentity(stateDir: string): Promise<StoredIdentity | undefined> {
  try {
    const value: unknown = JSON.parse((await readIfThere(pathIn(stateDir))) ?? '');
    return identityFile.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export async function storeIdentity(stateDir: string, stored: StoredIdentity): Promise<void> {
  await writeDurably(pathIn(stateDir), JSON.stringify(stored));
}
