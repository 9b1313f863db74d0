// Chance from a seed. Every case of a run has dice of its own, thrown from the run's seed and the case's number, so that one
// case can be played again alone.
import { must } from '../../shared/assert.ts';
import { seededRng, unit } from '../../shared/rng.ts';

export type Dice = {
  /** 0 up to, not including, `below`. */
  readonly int: (below: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  readonly bytes: (count: number) => Buffer;
};

export function diceOf(seed: number, index: number): Dice {
  const rng = seededRng(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const int = (below: number): number => Math.floor(unit(rng) * below);
  return {
    int,
    chance: (probability) => unit(rng) < probability,
    pick: (list) => {
      const [picked] = list.slice(int(list.length));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of them; it may be one that is undefined
      return picked as (typeof list)[number];
    },
    bytes: (count) => Buffer.from(rng.bytes(count)),
  };
}

/** Texts on which programs have stumbled. */
export const oddTexts: readonly string[] = [
  '', ' ', '\0', 'a\0b', '\r\nx-injected: 1', '%0d%0aSet-Cookie: a=1', '../../../../etc/passwd', '..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e/', '....//....//', '/etc/passwd', 'C:\\windows', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty',
  "' or 1=1 --", '"; drop table assets; --', '${7*7}', '{{7*7}}', '<script>alert(1)</script>', '=cmd|calc!A0', '@SUM(A1)', '-1', '+1',
  '1e400', 'NaN', 'Infinity', '9007199254740993', '0x10', '１２３', 'null', 'undefined', 'true', '[]', '{}', '*', '%', '_', '%00', '\ud800',
  '\u202e', '\ufeff', '👩‍👩‍👧‍👦', 'İ', 'ß', 'a'.repeat(300), 'a'.repeat(5000), '\t\n', '0', '00', '-0', '$(reboot)', '`id`', '|id', '!!js/function x',
  '&a [*a,*a]', 'ast_01m84j035yf02ah4ej0zcd1rdr', 'small@1', 'small@99999999999999999999', '10.0.0.0/33', '::/0', '1970-01-01T00:00:00Z',
]; // prettier-ignore

export function oddValue(dice: Dice): unknown {
  switch (dice.int(10)) {
    case 0:
      return dice.pick([0, -1, 1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 1e-320]);
    case 1:
      return dice.pick([true, false, null]);
    case 2:
      return [];
    case 3:
      return {};
    case 4:
      return Array.from({ length: dice.int(300) }, () => dice.pick(oddTexts));
    case 5:
      return { [dice.pick(oddTexts)]: dice.pick(oddTexts) };
    case 6:
      return nested(dice.int(40));
    default:
      return dice.pick(oddTexts);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The value with something in it that is not as it should be: a member gone, added, or replaced. */
export function mutated(value: unknown, dice: Dice): unknown {
  if (Array.isArray(value) && value.length > 0 && dice.chance(0.8)) {
    const items: readonly unknown[] = value;
    const at = dice.int(items.length);
    if (dice.chance(0.2)) return items.toSpliced(at, 1);
    if (dice.chance(0.2)) return [...items, ...items];
    return items.with(at, mutated(items[at], dice));
  }
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0 && dice.chance(0.9)) {
    const entries: [string, unknown][] = Object.entries(value);
    const at = dice.int(entries.length);
    const [name, member] = must(entries[at], 'a member');
    const kind = dice.int(10);
    if (kind === 0) entries.splice(at, 1);
    else if (kind === 1) entries.push([dice.pick(oddTexts), oddValue(dice)]);
    else entries[at] = [name, mutated(member, dice)];
    return Object.fromEntries(entries);
  }
  if (typeof value === 'string' && value.length > 0 && dice.chance(0.3)) {
    const at = dice.int(value.length);
    return value.slice(0, at) + dice.pick(oddTexts) + value.slice(at + dice.int(3));
  }
  return oddValue(dice);
}

/** Bytes with something wrong in them. */
export function mutatedBytes(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.int(bytes.length);
  const copy = Buffer.from(bytes);
  switch (dice.int(7)) {
    case 0:
      copy[at] = (copy[at] ?? 0) ^ (1 << dice.int(8));
      return copy;
    case 1:
      copy[at] = dice.int(256);
      return copy;
    case 2:
      return copy.subarray(0, at);
    case 3:
      return Buffer.concat([copy.subarray(0, at), dice.bytes(1 + dice.int(8)), copy.subarray(at)]);
    case 4:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + dice.int(4))]);
    case 5:
      return Buffer.concat([copy, copy.subarray(at)]);
    default: {
      for (let times = 0; times < 8; times += 1) copy[dice.int(copy.length)] = dice.int(256);
      return copy;
    }
  }
}
