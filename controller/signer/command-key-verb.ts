// Replacing the command key on the host that holds it, beside a running signer or without one: how a lost or stolen key is
// dealt with. The signer finds the new key by itself.
import { parseArgs } from 'node:util';

import { keyListOf, signingKeyOf, type KeyStatement } from '../../shared/protocol/key-list.ts';
import { openCommandKeys, startKeysAnew, type KeyFolder } from './command-keys.ts';
import { overlapMsMax } from './messages.ts';

const hourMs = 3_600_000;
const defaultOverlapHours = 48;

/** Answers what was done, in a sentence; undefined where the words make no sense. */
export async function commandKeyVerb(at: KeyFolder, args: readonly string[]): Promise<string | undefined> {
  const words = wordsOf(args);
  if (words === undefined) return undefined;
  if (words.isAnew) {
    await startKeysAnew(at);
    const keys = await openCommandKeys(at);
    return `${signingKey(keys.statements())} is the command key. No key before it vouches for it: every agent refuses it until its host is enrolled anew`;
  }
  const keys = await openCommandKeys(at);
  await keys.rotate(words.overlapHours * hourMs, at.nowMs);
  return `${signingKey(keys.statements())} is the command key. What the one before signed is good for ${words.overlapHours} h`;
}

function wordsOf(args: readonly string[]): { isAnew: boolean; overlapHours: number } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { anew: { type: 'boolean', default: false }, 'overlap-hours': { type: 'string' } },
    });
    const overlapHours = Number(values['overlap-hours'] ?? defaultOverlapHours);
    const isInRange = Number.isInteger(overlapHours) && overlapHours >= 0 && overlapHours * hourMs <= overlapMsMax;
    const isAnew = values.anew;
    return isInRange && !(isAnew && values['overlap-hours'] !== undefined) ? { isAnew, overlapHours } : undefined;
  } catch {
    return undefined;
  }
}

function signingKey(statements: readonly KeyStatement[]): string {
  const list = keyListOf(statements.at(-1)?.text ?? '');
  return (list === undefined ? undefined : signingKeyOf(list)?.keyId) ?? 'no key';
}
