// Matchers over single values. Pure; a value that was not reported never matches.

/** Case-insensitive glob: `*` is any text, `?` one character. Runs in time linear in pattern × text. */
export function matchesGlob(pattern: string, text: string): boolean {
  const p = pattern.toLowerCase();
  const t = text.toLowerCase();
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
  const parts = (text: string): string[] => text.toLowerCase().split(/[^0-9a-z]+|(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)/);
  const left = parts(a);
  const right = parts(b);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const l = left[i] ?? '';
    const r = right[i] ?? '';
    if (l === r) continue;
    const bothNumbers = /^\d*$/.test(l) && /^\d*$/.test(r);
    return bothNumbers ? Number(l) - Number(r) : l < r ? -1 : 1;
  }
  return 0;
}
