// What a state change needs before it runs: how many other people, who they are, within which time and in which hours.
// Policies are data, per operation and scope; below them is a floor in code that no policy goes under. Pure.
//
// Which policies hold for one target: of those whose scope covers it, the ones of the most specific kind of scope; within
// one scope, the exact operation before `noun.*`. Where several remain, all of them hold. A change with several targets
// must satisfy what holds for each of them.
import { parseScope } from '../../shared/api/scope.ts';
import type { ExecutionWindow } from '../../shared/api/execution-window.ts';
import type { Effect } from '../../shared/api/operation.ts';
import { covers, regionSubject, type Subject, type Where } from './rbac.ts';

export type PolicyFacts = {
  /** Null for the built-in one. */
  readonly id: string | null;
  /** An operation's id, or `noun.*`. */
  readonly operation: string;
  readonly scope: string;
  readonly quorum: number;
  /** Groups: a role, a permission, or `team:NAME`. Each must be among the approvers; a person of none does not count. */
  readonly checkers: readonly string[];
  readonly openForMs: number;
  readonly window: ExecutionWindow | null;
  readonly version: number;
};

/** What a change is about, as scopes see it. */
export type PolicySubject = Partial<Subject>;

export type Demand = { readonly quorum: number; readonly checkers: readonly string[] };

/** Everything that holds for one change; it is frozen into the change. */
export type Requirement = {
  readonly policies: readonly Pick<PolicyFacts, 'id' | 'operation' | 'scope' | 'version'>[];
  /** All of them must be met. */
  readonly demands: readonly Demand[];
  readonly openForMs: number;
  /** All of them must be open when it runs. */
  readonly windows: readonly ExecutionWindow[];
};

type Asked = { readonly id: string; readonly effect: Effect };

const dayMs = 86_400_000;

/** Whoever may approve anything, one of them, within a day: what holds where no policy says otherwise. */
export const builtInPolicy: PolicyFacts = {
  id: null,
  operation: '*',
  scope: 'region',
  quorum: 1,
  checkers: ['change.approve'],
  openForMs: dayMs,
  window: null,
  version: 1,
};

const flooredOperations = new Set(['asset.provision', 'asset.waive', 'asset.burn-in-write', 'asset.reset-tpm']);
/** Who may do what, and who checks whom. */
const rightsNouns = new Set(['policy', 'role', 'grant', 'person', 'service', 'credential', 'team', 'project']);

/** The fewest checkers that any policy can ask for: what destroys data or moves rights is never done alone. */
export function floorOf({ id, effect }: Asked): number {
  return effect === 'state-change' && (flooredOperations.has(id) || movesRights(id)) ? 1 : 0;
}

/** Whether an operation changes who may do what. Breaking the glass does not reach these. */
export function movesRights(operation: string): boolean {
  return rightsNouns.has(nounOf(operation));
}

export function requirementFor(
  operation: Asked,
  subjects: readonly PolicySubject[],
  policies: readonly PolicyFacts[],
): Requirement {
  const each: readonly PolicySubject[] = subjects.length === 0 ? [{}] : subjects;
  const chosen = new Set(each.flatMap((subject) => policiesFor(operation, subject, policies)));
  const holding = [...chosen].map((policy) => ({ ...policy, quorum: Math.max(policy.quorum, floorOf(operation)) }));
  const windows = holding.flatMap(({ window }) => (window === null ? [] : [window]));
  return {
    policies: holding.map(({ id, operation: pattern, scope, version }) => ({ id, operation: pattern, scope, version })),
    demands: withoutImplied(holding),
    openForMs: Math.min(...holding.map(({ openForMs }) => openForMs)),
    windows: uniqueBy(windows, (window) => JSON.stringify(window)),
  };
}

/** Those that hold for one target; the built-in one where there is none. */
export function policiesFor(
  operation: Asked,
  subject: PolicySubject,
  policies: readonly PolicyFacts[],
): readonly PolicyFacts[] {
  const matching = policies.filter((policy) => reasonAgainst(policy, operation.id, subject) === undefined);
  const exact = new Set(matching.filter((policy) => policy.operation === operation.id).map(({ scope }) => scope));
  const nearest = matching.filter((policy) => policy.operation === operation.id || !exact.has(policy.scope));
  const rank = Math.max(...nearest.map(rankOf));
  const held = nearest.filter((policy) => rankOf(policy) === rank);
  return held.length === 0 ? [builtInPolicy] : held;
}

/** Why a policy does not even come into question; undefined where it does. */
export function reasonAgainst(policy: PolicyFacts, operation: string, subject: PolicySubject): string | undefined {
  if (!matchesOperation(policy.operation, operation)) return `it is for ${policy.operation}`;
  const scope = parseScope(policy.scope);
  return scope !== undefined && covers(scope, { ...regionSubject, ...subject })
    ? undefined
    : `${policy.scope} does not cover it`;
}

export function matchesOperation(pattern: string, operation: string): boolean {
  return pattern === operation || pattern === `${nounOf(operation)}.*`;
}

/** What a right is decided on, as policies see it. */
export function policySubject(where: Where): PolicySubject {
  return typeof where === 'string' ? {} : where;
}

/** A tag says as much about a machine as its cluster does. */
const ranks = { region: 0, team: 1, project: 2, cluster: 3, tags: 3 } as const;

function rankOf({ scope }: PolicyFacts): number {
  const kind = parseScope(scope)?.kind;
  return kind === undefined ? -1 : ranks[kind];
}

function nounOf(operation: string): string {
  return operation.split('.')[0] ?? operation;
}

/** Nobody is asked for twice: of demands with the same groups the largest stays, and those that ask for nobody go. */
function withoutImplied(demands: readonly Demand[]): Demand[] {
  const largest = new Map<string, Demand>();
  for (const { quorum, checkers } of demands) {
    const groups = [...new Set(checkers)].toSorted();
    const key = groups.join('\n');
    if (quorum > 0 && quorum > (largest.get(key)?.quorum ?? 0)) largest.set(key, { quorum, checkers: groups });
  }
  return [...largest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, demand]) => demand);
}

function uniqueBy<T>(values: readonly T[], key: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [key(value), value])).values()];
}

/** Somebody who has approved, and those of the groups asked for that they belong to at this moment. */
export type Approver = { readonly humanId: string; readonly groups: ReadonlySet<string> };
export type Tally = { readonly isMet: boolean; readonly missing: readonly string[] };

/** Counts people, not approvals: somebody with two accounts is one. */
export function tally(demands: readonly Demand[], approvers: readonly Approver[]): Tally {
  const missing = demands.flatMap(({ quorum, checkers }) => {
    const counted = new Set(
      approvers.filter(({ groups }) => checkers.some((group) => groups.has(group))).map(({ humanId }) => humanId),
    );
    const left = quorum - counted.size;
    const absent = quorum === 0 ? [] : checkers.filter((group) => !approvers.some(({ groups }) => groups.has(group)));
    return [
      ...(left > 0 ? [`${left} more of ${checkers.join(' or ')}`] : []),
      ...(absent.length > 0 && checkers.length > 1 ? [`somebody of ${absent.join(' and of ')}`] : []),
    ];
  });
  return { isMet: missing.length === 0, missing };
}

/** The fewest people who could meet all demands. */
export function checkersNeeded(demands: readonly Demand[]): number {
  return Math.max(0, ...demands.map(({ quorum }) => quorum));
}

export function groupsOf(demands: readonly Demand[]): string[] {
  return [...new Set(demands.flatMap(({ checkers }) => checkers))];
}

/** `2 of approver and site-ops, each at least once`. */
export function demandText({ quorum, checkers }: Demand): string {
  return checkers.length === 1
    ? `${quorum} of ${checkers.join('')}`
    : `${quorum} of ${checkers.join(' and ')}, each at least once`;
}
