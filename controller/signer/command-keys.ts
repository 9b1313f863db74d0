// The command keys on disk, read and written by the signer alone: the private key that signs now, and the statements with
// which each one was introduced. Replacing the key is three steps, and whichever is the last one done, the next start goes
// on from there:
//   1. the new private key is in `command-key.next.pem`;
//   2. the statement is in `command-keys.json`: from here on the new key signs;
//   3. `command-key.next.pem` takes the place of `command-key.pem`: the old private key is gone.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { PpecError } from '../../shared/errors.ts';
import { signedBytesOf } from '../../shared/protocol/command-bytes.ts';
import {
  keyListOf,
  KeyStatements,
  signingKeyOf,
  statementBytes,
  statementsMax,
  type KeyList,
  type KeyStatement,
} from '../../shared/protocol/key-list.ts';

const file = Compile(Type.Object({ statements: KeyStatements }));

/** Agents judge by the controller's clock as they were told it; a moment of drift is not a refusal. */
const backdateMs = 60_000;
/** Keys that were replaced and are still good: more rotations than that in one overlap are refused. */
const replacedMax = 6;

type Key = { readonly keyId: string; readonly publicKeyPem: string; readonly privateKey: KeyObject };

export type CommandKeys = {
  readonly statements: () => readonly KeyStatement[];
  readonly sign: (bytes: Uint8Array) => { keyId: string; signature: Uint8Array };
  /** Replaces the key; the old one stays good for commands already signed until `overlapMs` from now. */
  readonly rotate: (overlapMs: number, nowMs: number) => Promise<void>;
};

export type KeyFolder = { readonly folder: string; readonly region: string; readonly nowMs: number };

/** Opens the keys, made at first start; throws where a key is missing that agents trust. */
export async function openCommandKeys(at: KeyFolder): Promise<CommandKeys> {
  let { key, statements } = await load(at);
  return {
    statements: () => statements,
    sign: (bytes) => ({ keyId: key.keyId, signature: sign(null, signedBytesOf(key.keyId, bytes), key.privateKey) }),
    rotate: async (overlapMs, nowMs) => {
      const held = newestList(statements);
      const replaced = held.keys
        .map((listed) => ({ ...listed, notAfterMs: listed.notAfterMs ?? nowMs + overlapMs }))
        .filter((listed) => listed.notAfterMs > nowMs);
      if (replaced.length > replacedMax) {
        throw new PpecError(
          'failed_precondition',
          'Too many replaced keys are still good. Wait until their time is over, or replace with less overlap.',
        );
      }
      const next = newKey();
      const list: KeyList = {
        region: at.region,
        sequence: held.sequence + 1,
        issuedAtMs: nowMs,
        keys: [...replaced, listedKey(next, nowMs)],
      };
      const stated = [...statements, stateBy(key, next, list)].slice(-statementsMax);
      await replace(at.folder, next, stated);
      key = next;
      statements = stated;
    },
  };
}

/** A new key that no key before it vouches for: agents that trust another one refuse it until they are enrolled anew. */
export async function startKeysAnew({ folder, region, nowMs }: KeyFolder): Promise<void> {
  const before = await readStatements(folder).catch(() => undefined);
  const sequence = before === undefined ? nowMs : newestList(before).sequence + 1;
  const next = newKey();
  const list = { region, sequence, issuedAtMs: nowMs, keys: [listedKey(next, nowMs)] };
  await rm(join(folder, 'command-key.next.pem'), { force: true });
  await replace(folder, next, [stateBy(next, next, list)]);
}

async function load({ folder, region, nowMs }: KeyFolder): Promise<{ key: Key; statements: readonly KeyStatement[] }> {
  const statements = await readStatements(folder);
  let key = await readKey(join(folder, 'command-key.pem'));
  const next = await readKey(join(folder, 'command-key.next.pem'));
  if (statements === undefined) {
    await rm(join(folder, 'command-key.next.pem'), { force: true });
    const first = key ?? newKey();
    if (key === undefined) {
      // What a first start that was cut off left is no key.
      await rm(join(folder, 'command-key.pem'), { force: true });
      await writePrivate(join(folder, 'command-key.pem'), first);
    }
    const list = { region, sequence: 1, issuedAtMs: nowMs, keys: [listedKey(first, nowMs)] };
    const stated = [stateBy(first, first, list)];
    await writeStatements(folder, stated);
    return { key: first, statements: stated };
  }
  const held = newestList(statements);
  if (held.region !== region) {
    throw new PpecError(
      'failed_precondition',
      `the command keys in ${folder} are of region ${held.region}, not ${region}`,
    );
  }
  const wanted = signingKeyOf(held)?.keyId ?? '';
  if (next?.keyId === wanted) {
    await rename(join(folder, 'command-key.next.pem'), join(folder, 'command-key.pem'));
    await syncFolder(folder);
    key = next;
  } else {
    await rm(join(folder, 'command-key.next.pem'), { force: true });
  }
  if (key?.keyId !== wanted) {
    const what = key === undefined ? 'is missing' : `is ${key.keyId}`;
    throw new PpecError(
      'failed_precondition',
      `${join(folder, 'command-key.pem')} ${what}, but agents trust ${wanted}: put it back from a backup, or see "A command key that is lost" in the operations manual`,
    );
  }
  return { key, statements };
}

async function replace(folder: string, next: Key, statements: readonly KeyStatement[]): Promise<void> {
  await writePrivate(join(folder, 'command-key.next.pem'), next);
  await writeStatements(folder, statements);
  await rename(join(folder, 'command-key.next.pem'), join(folder, 'command-key.pem'));
  await syncFolder(folder);
}

function newestList(statements: readonly KeyStatement[]): KeyList {
  const list = keyListOf(statements.at(-1)?.text ?? '');
  if (list === undefined) throw new PpecError('internal', 'command-keys.json holds a statement that is none');
  return list;
}

function listedKey({ keyId, publicKeyPem }: Key, nowMs: number): KeyList['keys'][number] & { notAfterMs: null } {
  return { keyId, publicKeyPem, notBeforeMs: Math.max(0, nowMs - backdateMs), notAfterMs: null };
}

function stateBy(by: Key, next: Key, list: KeyList): KeyStatement {
  const text = JSON.stringify(list);
  const bytes = statementBytes(text);
  const signature = (key: Key): string => sign(null, bytes, key.privateKey).toString('base64');
  return { text, keyId: by.keyId, signature: signature(by), selfSignature: signature(next) };
}

function newKey(): Key {
  return keyOf(generateKeyPairSync('ed25519').privateKey);
}

function keyOf(privateKey: KeyObject): Key {
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    keyId: `command-${createHash('sha256').update(spki).digest('hex').slice(0, 12)}`,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey,
  };
}

async function readKey(path: string): Promise<Key | undefined> {
  const pem = await readIfThere(path);
  // A key file that a crash cut off is no key; nothing was signed with it yet.
  return pem === undefined || !pem.includes('END PRIVATE KEY') ? undefined : keyOf(createPrivateKey(pem));
}

async function readStatements(folder: string): Promise<readonly KeyStatement[] | undefined> {
  const path = join(folder, 'command-keys.json');
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (file.Check(value)) return value.statements;
  throw new PpecError('failed_precondition', `${path} is damaged: put it back from a backup`);
}

async function writeStatements(folder: string, statements: readonly KeyStatement[]): Promise<void> {
  await writeDurably(folder, 'command-keys.json', JSON.stringify({ statements }));
}

async function writePrivate(path: string, { privateKey }: Key): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeDurably(folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `${name}.new`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, name));
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
