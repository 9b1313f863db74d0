// The command keys this host trusts, kept on its disk. The first list comes with enrolment, over the pinned TLS; from then
// on only a statement signed by the key held here replaces it. A list never goes back, and a key that was replaced is
// dropped for good when its time is over.
import { createPublicKey, verify } from 'node:crypto';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import {
  KeyList,
  nextKeyList,
  type IsSignedBy,
  type KeyStatement,
  type ListedKey,
} from '../../shared/protocol/key-list.ts';
import { readIfThere, writeDurably } from '../files.ts';

const RingFile = Type.Object({ list: KeyList });
const ringFile = Compile(RingFile);

export type KeyRing = {
  readonly region: () => string;
  /** Of the newest list; 0 with none. */
  readonly sequence: () => number;
  readonly keys: () => readonly ListedKey[];
  /** Takes what follows from the list held now, in order; durable when it resolves. Answers what was not believed. */
  readonly take: (statements: readonly KeyStatement[]) => Promise<string[]>;
  /** Drops keys whose time is over, durably: setting a clock back does not bring one back. */
  readonly expire: (nowMs: number) => Promise<void>;
  /** Why nothing is trusted here, if the file cannot be read. */
  readonly damage: () => string | undefined;
};

export async function openKeyRing(stateDir: string): Promise<KeyRing> {
  const path = join(stateDir, 'command-keys.json');
  const text = await readIfThere(path);
  let list = text === undefined ? undefined : parse(text);
  // Trusting anew whoever answers now would make damage a way in.
  const damage =
    text !== undefined && list === undefined
      ? `${path} is damaged, so no command key is trusted: boot from PIOUS again, or remove the agent's state and enrol this host anew`
      : undefined;
  // One after the other, so that the file holds what came last.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  const save = async (next: KeyList): Promise<void> => {
    await writeDurably(path, JSON.stringify({ list: next }));
    list = next;
  };
  return {
    region: () => list?.region ?? '',
    sequence: () => list?.sequence ?? 0,
    keys: () => list?.keys ?? [],
    damage: () => damage,
    take: (statements) =>
      inTurn(async () => {
        if (damage !== undefined) return [damage];
        let newest = list;
        for (const statement of statements) {
          const next = nextKeyList(newest, statement, isSignedBy);
          if (next.kind === 'refused') {
            if (newest !== list && newest !== undefined) await save(newest);
            return [next.reason];
          }
          if (next.kind === 'next') newest = next.list;
        }
        if (newest !== list && newest !== undefined) await save(newest);
        return [];
      }),
    expire: (nowMs) =>
      inTurn(async () => {
        if (list === undefined) return;
        const keys = list.keys.filter(({ notAfterMs }) => notAfterMs === null || notAfterMs >= nowMs);
        if (keys.length < list.keys.length) await save({ ...list, keys });
      }),
  };
}

const isSignedBy: IsSignedBy = (publicKeyPem, bytes, signature) => {
  try {
    const key = createPublicKey(publicKeyPem);
    return key.asymmetricKeyType === 'ed25519' && verify(null, bytes, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
};

function parse(text: string): KeyList | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return ringFile.Check(value) ? value.list : undefined;
  } catch {
    return undefined;
  }
}
