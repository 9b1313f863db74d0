// Components of one kind against what a class lists of them: which part stands for which entry, and how each is. The
// result is rows of data, each with its findings; the kinds (CPU, memory, disk, …) bring checks and sentences.
import type { Finding } from './finding.ts';
import type { Outcome } from './matchers.ts';
import { matchMultiset } from './multiset.ts';

export const componentVerdicts = [
  'match',
  'better',
  'unverifiable',
  'degraded',
  'worse',
  'surplus',
  'short',
  'wrong',
] as const;
/** From good to bad; a row is as bad as the worst it holds. */
export type ComponentVerdict = (typeof componentVerdicts)[number];

export const components = ['system', 'cpu', 'memory', 'disk', 'nic', 'pci', 'psu', 'gpu', 'tpm', 'firmware'] as const;
export type Component = (typeof components)[number];

export type Draft = Omit<Finding, 'class' | 'severity'> & { readonly severity?: Finding['severity'] };

/** One field of a part that is not as asked. */
export type Fault = {
  readonly field: string;
  readonly expected: string;
  readonly actual: string | null;
  readonly verdict: ComponentVerdict;
};

export type ActualItem = {
  readonly path: string;
  readonly actual: string;
  readonly verdict: ComponentVerdict;
  readonly faults: readonly Fault[];
};

export type Row<F> = {
  readonly component: Component;
  /** What the class asks for; null in the row of what it does not ask for. */
  readonly expected: string | null;
  readonly count: number;
  readonly items: readonly ActualItem[];
  /** How many parts are not there at all. */
  readonly missing: number;
  readonly verdict: ComponentVerdict;
  readonly findings: readonly F[];
};

export type Check<T> = {
  readonly field: string;
  readonly expected: string;
  readonly test: (item: T) => Outcome;
  /** Null where it is not reported. */
  readonly actual: (item: T) => string | null;
  /** Set where the description of a part does not show this field: then a finding adds it. */
  readonly isDetail?: boolean;
};

/** A check of the state of the right part: it has a sentence of its own. */
export type StateCheck<T> = Check<T> & {
  readonly rule: string;
  readonly sentence: (item: T) => string;
  readonly kind: Finding['kind'];
  readonly verdict?: (item: T) => ComponentVerdict;
};

export type Wanted<T> = {
  readonly count: number;
  /** One of them in words: `32 GiB DDR5-4800`. */
  readonly each: () => string;
  /** What makes a part the one that was ordered. */
  readonly identity: readonly Check<T>[];
  readonly state: readonly StateCheck<T>[];
};

export type Kind<T> = {
  readonly component: Component;
  readonly rule: string;
  /** Where the finding's facts are from, and the evidence that the list was read from. */
  readonly source: string;
  readonly evidence: string;
  readonly plural: string;
  /** `DIMM slot A3 holds`; a description follows. */
  readonly opening: (item: T) => string;
  /** `DIMM slot A3`. */
  readonly name: (item: T) => string;
  readonly path: (item: T) => string;
  readonly describe: (item: T) => string;
  /** Unique in a machine, and the same however the parts are listed. */
  readonly key: (item: T) => string;
  readonly wrongKind: (faults: readonly Fault[]) => Finding['kind'];
  /** What follows `ordered` in the sentence of a wrong part. */
  readonly ordered: (wanted: Wanted<T>) => string;
  readonly missing: (short: Short<T>) => readonly Draft[];
  readonly surplus: (items: readonly T[]) => readonly Draft[];
  /** Whether a part that nothing asked for can be there in place of this one; absent: any can. */
  readonly standsFor?: (item: T, wanted: Wanted<T>) => boolean;
};

export type Short<T> = {
  readonly wanted: Wanted<T>;
  readonly ordered: string;
  /** Parts that are as ordered. */
  readonly found: number;
  readonly lacking: number;
};

export type Listed<T, W extends Wanted<T>> = {
  readonly wanted: readonly W[];
  readonly items: readonly T[];
  readonly nothingElse: boolean;
  /** Why the list may not be whole. */
  readonly unread: string | undefined;
};

export type Entry<T, W> = {
  readonly wanted: W;
  readonly taken: readonly T[];
  /** Parts in place of those that were ordered. */
  readonly wrong: readonly T[];
  readonly lacking: number;
};

export type Assigned<T, W> = { readonly entries: readonly Entry<T, W>[]; readonly left: readonly T[] };

/** Which part stands for which entry. The order in which parts are listed does not matter. */
export function assign<T, W extends Wanted<T>>(kind: Kind<T>, { wanted, items }: Listed<T, W>): Assigned<T, W> {
  const sorted = inOrder(kind, items);
  const expectations = wanted.map((entry) => {
    const accepts = (item: T): boolean => isAll(entry.identity, item);
    const base = { entry, count: entry.count };
    if (entry.state.length === 0) return { ...base, matches: accepts };
    return { ...base, accepts, matches: (item: T): boolean => accepts(item) && isAll(entry.state, item) };
  });
  const { taken, left } = matchMultiset(expectations, sorted);
  const paired = pair(
    kind,
    taken.map(({ expectation, lacking }) => ({ wanted: expectation.entry, lacking })),
    left,
  );
  return {
    entries: taken.map(({ expectation, items: own, lacking }, at) => {
      const wrong = paired.get(at) ?? [];
      return { wanted: expectation.entry, taken: own, wrong, lacking: lacking - wrong.length };
    }),
    left: paired.size === 0 ? left : left.filter((item) => ![...paired.values()].some((list) => list.includes(item))),
  };
}

function inOrder<T>(kind: Kind<T>, items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: kind.key(item) }));
  return keyed.toSorted(byKey).map(({ item }) => item);
}

export function isAll<T>(checks: readonly Check<T>[], item: T): boolean {
  return checks.every((check) => check.test(item) === 'match');
}

/** Shorter first, so that `eth2` stands before `eth10`. */
function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key.length - b.key.length || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** What is left over stands in place of what is lacking: the pairs that differ in the fewest fields first. */
function pair<T, W extends Wanted<T>>(
  kind: Kind<T>,
  entries: readonly { readonly wanted: W; readonly lacking: number }[],
  left: readonly T[],
): Map<number, T[]> {
  const paired = new Map<number, T[]>();
  if (left.length === 0) return paired;
  const pairs = entries.flatMap(({ wanted, lacking }, at) =>
    lacking <= 0
      ? []
      : left
          .filter((item) => kind.standsFor?.(item, wanted) ?? true)
          .map((item) => ({ at, item, lacking, cost: faultsOf(wanted.identity, item).length })),
  );
  const used = new Set<T>();
  for (const { at, item, lacking } of pairs.toSorted((a, b) => a.cost - b.cost)) {
    const own = paired.get(at) ?? [];
    if (used.has(item) || own.length >= lacking) continue;
    used.add(item);
    paired.set(at, [...own, item]);
  }
  // Sentences follow the order of the parts, whatever the costs were.
  return new Map([...paired].map(([at, own]) => [at, left.filter((item) => own.includes(item))]));
}

export function faultsOf<T>(checks: readonly (Check<T> | StateCheck<T>)[], item: T): Fault[] {
  return checks.flatMap((check): Fault[] => {
    const outcome = check.test(item);
    if (outcome === 'match') return [];
    const own = 'verdict' in check && outcome !== 'unverifiable' ? check.verdict?.(item) : undefined;
    return [{ field: check.field, expected: check.expected, actual: check.actual(item), verdict: own ?? outcome }];
  });
}

/** A part that fails one check for sure is that, whatever else it does not report. */
export function verdictOfFaults(faults: readonly Fault[]): ComponentVerdict {
  return worst(faults.map(({ verdict }) => verdict));
}

export function worst(verdicts: readonly ComponentVerdict[]): ComponentVerdict {
  const rank = verdicts.reduce((max, verdict) => Math.max(max, componentVerdicts.indexOf(verdict)), 0);
  return componentVerdicts[rank] ?? 'match';
}

/** A row before it has a class: findings at once, the data of each part only for whoever asks. */
export type DraftRow = {
  readonly findings: readonly Draft[];
  readonly detail: () => Omit<Row<Draft>, 'findings'>;
};

/** The rows of one kind: one per entry of the class, then what nothing asked for, then what could not be read. */
export function rowsOf<T, W extends Wanted<T>>(
  kind: Kind<T>,
  listed: Listed<T, W>,
  { entries, left }: Assigned<T, W>,
): DraftRow[] {
  const isUnread = listed.unread !== undefined;
  const rows = entries.map((entry): DraftRow => ({
    findings: entryFindings(kind, entry, isUnread),
    detail: () => entryDetail(kind, entry, isUnread),
  }));
  if (listed.nothingElse && left.length > 0) rows.push(surplusRow(kind, left));
  if (listed.unread !== undefined) rows.push(unreadRow(kind, listed.unread));
  return rows;
}

function entryFindings<T>(
  kind: Kind<T>,
  { wanted, taken, wrong, lacking }: Entry<T, Wanted<T>>,
  isUnread: boolean,
): Draft[] {
  const findings = wrong.map((item) => wrongDraft(kind, item, { wanted, faults: faultsOf(wanted.identity, item) }));
  if (lacking > 0 && !isUnread)
    findings.push(...kind.missing({ wanted, ordered: orderedOf(wanted), found: taken.length, lacking }));
  for (const item of taken) {
    if (!isAll(wanted.state, item)) findings.push(...stateDrafts(kind, item, wanted.state));
  }
  return findings;
}

function entryDetail<T>(kind: Kind<T>, entry: Entry<T, Wanted<T>>, isUnread: boolean): Omit<Row<Draft>, 'findings'> {
  const { wanted, taken, wrong } = entry;
  const missing = Math.max(0, entry.lacking);
  const items = [
    ...wrong.map((item) => itemOf(kind, item, faultsOf(wanted.identity, item))),
    ...taken.map((item) => itemOf(kind, item, faultsOf(wanted.state, item))),
  ];
  const verdicts = items.map(({ verdict }) => verdict);
  if (missing > 0) verdicts.push(isUnread ? 'unverifiable' : 'short');
  return {
    component: kind.component,
    expected: orderedOf(wanted),
    count: wanted.count,
    items,
    missing,
    verdict: worst(verdicts),
  };
}

export function orderedOf<T>(wanted: Wanted<T>): string {
  return `${wanted.count} × ${wanted.each()}`;
}

function itemOf<T>(kind: Kind<T>, item: T, faults: readonly Fault[]): ActualItem {
  return { path: kind.path(item), actual: kind.describe(item), verdict: verdictOfFaults(faults), faults };
}

type Wrong<T> = { readonly wanted: Wanted<T>; readonly faults: readonly Fault[] };

function wrongDraft<T>(kind: Kind<T>, item: T, { wanted, faults }: Wrong<T>): Draft {
  const isUnverifiable = verdictOfFaults(faults) === 'unverifiable';
  const details = wanted.identity
    .filter((check) => check.isDetail === true && faults.some(({ field }) => field === check.field))
    .map((check) => `${check.field} ${check.actual(item) ?? 'not reported'}`);
  const actual = [kind.describe(item), ...details].join(', ');
  const fields = faults.map(({ field }) => field).join(' and ');
  return {
    path: kind.path(item),
    kind: isUnverifiable ? 'unverifiable' : kind.wrongKind(faults),
    expected: orderedOf(wanted),
    actual,
    source: kind.source,
    rule: kind.rule,
    sentence: isUnverifiable
      ? `${kind.name(item)} does not report its ${fields}; ordered ${kind.ordered(wanted)}.`
      : `${kind.opening(item)} ${actual}; ordered ${kind.ordered(wanted)}.`,
  };
}

function stateDrafts<T>(kind: Kind<T>, item: T, checks: readonly StateCheck<T>[]): Draft[] {
  return checks.flatMap((check): Draft[] => {
    const outcome = check.test(item);
    if (outcome === 'match') return [];
    const isUnverifiable = outcome === 'unverifiable';
    return [
      {
        path: kind.path(item),
        kind: isUnverifiable ? 'unverifiable' : check.kind,
        expected: check.expected,
        actual: check.actual(item),
        source: kind.source,
        rule: check.rule,
        sentence: isUnverifiable
          ? `${kind.name(item)} does not report its ${check.field}; the class asks for ${check.expected}.`
          : check.sentence(item),
      },
    ];
  });
}

function surplusRow<T>(kind: Kind<T>, left: readonly T[]): DraftRow {
  const detail = (): ReturnType<DraftRow['detail']> => ({
    component: kind.component,
    expected: null,
    count: 0,
    items: left.map((item) => ({ path: kind.path(item), actual: kind.describe(item), verdict: 'surplus', faults: [] })),
    missing: 0,
    verdict: 'surplus',
  });
  return { findings: kind.surplus(left), detail };
}

/** A list that was not read whole proves neither that a part is missing nor that there is nothing else. */
function unreadRow<T>(kind: Kind<T>, reason: string): DraftRow {
  return singleRow(kind.component, {
    path: kind.component,
    kind: 'unverifiable',
    expected: null,
    actual: null,
    source: kind.source,
    rule: `${kind.component}-unread`,
    sentence: `The list of ${kind.plural} is not whole, so it proves nothing (${kind.evidence}: ${reason}).`,
  });
}

const verdictOfKind: Partial<Record<Finding['kind'], ComponentVerdict>> = {
  below: 'worse',
  degraded: 'degraded',
  unverifiable: 'unverifiable',
  missing: 'short',
  unexpected: 'surplus',
  'source-conflict': 'unverifiable',
};

/** A row of one fact that is no part: a firmware version, a sum. */
export function singleRow(component: Component, draft: Draft): DraftRow {
  const { path, expected, actual } = draft;
  const verdict = verdictOfDraft(draft);
  const items = actual === null ? [] : [{ path, actual, verdict, faults: [] }];
  return {
    findings: [draft],
    detail: () => ({ component, expected, count: 1, items, missing: 0, verdict }),
  };
}

function verdictOfDraft({ kind }: Draft): ComponentVerdict {
  return verdictOfKind[kind] ?? 'wrong';
}
