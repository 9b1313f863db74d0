// Matchers over single values. Pure; a value that was not reported (null) is `unverifiable`, never a match.

/** How a value stands to what was asked; `better` and `worse` where there is a more and a less. */
export type Outcome = 'match' | 'better' | 'worse' | 'wrong' | 'unverifiable';
export type Matcher<V> = (actual: V | null) => Outcome;

/** The same value; texts without regard to case. */
export function exactly<V extends string | number | boolean>(expected: V): Matcher<V> {
  const wanted = folded(expected);
  return (actual) => {
    if (actual === null) return 'unverifiable';
    return actual === expected || folded(actual) === wanted ? 'match' : 'wrong';
  };
}

/** The same amount; less is worse, more is better, and neither is a match. */
export function exactAmount(expected: number): Matcher<number> {
  return range(expected, expected);
}

export function oneOf<V extends string | number | boolean>(expected: readonly V[]): Matcher<V> {
  return anyOf(expected.map((value) => exactly(value)));
}

/** Any text that the pattern covers; see `matchesGlob`. */
export function glob(pattern: string): Matcher<string> {
  const covers = globTest(pattern);
  return (actual) => (actual === null ? 'unverifiable' : covers(actual) ? 'match' : 'wrong');
}

export function globOneOf(patterns: readonly string[]): Matcher<string> {
  return anyOf(patterns.map(glob));
}

export function atLeast(min: number): Matcher<number> {
  return range(min, Number.POSITIVE_INFINITY);
}

export function atMost(max: number): Matcher<number> {
  return range(Number.NEGATIVE_INFINITY, max);
}

/** From `min` to `max`, both included. */
export function range(min: number, max: number): Matcher<number> {
  return (actual) => {
    if (actual === null || Number.isNaN(actual)) return 'unverifiable';
    return actual < min ? 'worse' : actual > max ? 'better' : 'match';
  };
}

/** Within ± `percent` of `expected`. */
export function tolerance(expected: number, percent: number): Matcher<number> {
  return (actual) => {
    if (actual === null) return 'unverifiable';
    if (isWithin(actual, expected, percent)) return 'match';
    return actual < expected ? 'worse' : 'better';
  };
}

export function versionAtLeast(min: string): Matcher<string> {
  const least = partsOf(min);
  return (actual) => {
    if (actual === null) return 'unverifiable';
    return actual === min || compareParts(partsOf(actual), least) >= 0 ? 'match' : 'worse';
  };
}

/** For revisions that are one hexadecimal number (`0x8301055`); a text that is none cannot be verified. */
export function hexAtLeast(min: string): Matcher<string> {
  const least = hexOf(min);
  return (actual) => {
    const found = actual === null ? undefined : hexOf(actual);
    return found === undefined || least === undefined ? 'unverifiable' : found >= least ? 'match' : 'worse';
  };
}

function anyOf<V>(matchers: readonly Matcher<V>[]): Matcher<V> {
  return (actual) => {
    if (actual === null) return 'unverifiable';
    return matchers.some((matches) => matches(actual) === 'match') ? 'match' : 'wrong';
  };
}

function folded(value: string | number | boolean): string | number | boolean {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function hexOf(text: string): number | undefined {
  return /^(0x)?[0-9a-f]{1,13}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** Case-insensitive glob: `*` is any text, `?` one character. Runs in time linear in pattern × text. */
export function matchesGlob(pattern: string, text: string): boolean {
  return covered(pattern.toLowerCase(), text.toLowerCase());
}

/** The same, prepared once for many texts. */
export function globTest(pattern: string): (text: string) => boolean {
  const folded = pattern.toLowerCase();
  if (!/[*?]/.test(folded)) return (text) => text.toLowerCase() === folded;
  const start = folded.slice(0, -1);
  if (folded.endsWith('*') && !/[*?]/.test(start)) return (text) => text.toLowerCase().startsWith(start);
  return (text) => covered(folded, text.toLowerCase());
}

function covered(p: string, t: string): boolean {
  let pi = 0;
  let ti = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (ti < t.length) {
    if (p[pi] === '*') {
      starAt = pi;
      resumeAt = ti;
      pi += 1;
    } else if (pi < p.length && (p[pi] === '?' || p[pi] === t[ti])) {
      pi += 1;
      ti += 1;
    } else if (starAt >= 0) {
      pi = starAt + 1;
      resumeAt += 1;
      ti = resumeAt;
    } else {
      return false;
    }
  }
  while (p[pi] === '*') pi += 1;
  return pi === p.length;
}

/** Whether `actual` lies within ± `percent` of `expected`. */
export function isWithin(actual: number, expected: number, percent: number): boolean {
  return Math.abs(actual - expected) <= (expected * percent) / 100;
}

/** Compares dotted versions number by number, then text by text: negative, zero or positive. */
export function compareVersions(a: string, b: string): number {
  return compareParts(partsOf(a), partsOf(b));
}

function partsOf(version: string): string[] {
  return version.toLowerCase().split(/[^0-9a-z]+|(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)/);
}

function compareParts(left: readonly string[], right: readonly string[]): number {
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const l = left[i] ?? '';
    const r = right[i] ?? '';
    if (l === r) continue;
    const bothNumbers = /^\d*$/.test(l) && /^\d*$/.test(r);
    // `2.1` and `2.01` say the same number, and so do `1` and `1.0`.
    if (bothNumbers && Number(l) === Number(r)) continue;
    return bothNumbers ? Number(l) - Number(r) : l < r ? -1 : 1;
  }
  return 0;
}
