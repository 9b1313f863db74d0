// Policies: what a state change needs before it runs. They are changed by state changes, under the policy of policies.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import { ExecutionWindow, isWindow, windowText } from '../../shared/api/execution-window.ts';
import { findOperation, operations } from '../../shared/api/operations.ts';
import { parseScope, scopeText } from '../../shared/api/scope.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import {
  builtInPolicy, floorOf, groupsOf, matchesOperation, policiesFor, policySubject, reasonAgainst, requirementFor, type Demand, type PolicyFacts,
  type PolicySubject,
} from '../domain/policy.ts'; // prettier-ignore
import { decide, regionSubject, type Rights, type Subject, type Where } from '../domain/rbac.ts';
import { findAsset } from '../store/assets.ts';
import { toJson } from '../store/json.ts';
import { allPolicies, findPolicy, policiesMax, policyAt, policyView, type PolicyRow } from '../store/policies.ts';
import { assetSubject, projectSubject, scopeSubject } from '../store/subjects.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers, Reader } from './handler.ts';
import { frozenPolicy } from './file-change.ts';
import { candidatesFor, isGroup } from './may-check.ts';
import { defaultLimit, pageOf } from './page.ts';

const hourMs = 3_600_000;

const setPayload = Compile(
  Type.Object({
    operation: Type.String(),
    scope: Type.String(),
    quorum: Type.Integer(),
    checkers: Type.Array(Type.String()),
    openForMs: Type.Integer(),
    window: Type.Union([ExecutionWindow, Type.Null()]),
    reason: Type.String(),
    /** The version that it replaces; 0 where there is none. */
    replaces: Type.Integer(),
  }),
);
const deletePayload = Compile(Type.Object({ id: Type.String(), version: Type.Integer() }));

export const policyHandlers: Handlers<
  'policy.list' | 'policy.get' | 'policy.explain' | 'policy.set' | 'policy.delete'
> = {
  'policy.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor = '' }, { deps, caller }) => {
      // There are few: which of them are shown is decided in memory, as of one of them.
      const rows = await deps.db.selectFrom('policies').selectAll().orderBy('id').limit(policiesMax).execute();
      const shown: PolicyRow[] = [];
      for (const row of rows) {
        if (row.id > cursor && (await isShown(deps.db, row.scope, caller.rights))) shown.push(row);
      }
      return pageOf(shown.slice(0, limit + 1), limit, policyView);
    },
  },
  'policy.get': {
    kind: 'read',
    run: async ({ policy }, { deps }) => policyView(await findPolicy(deps.db, policy)),
  },
  'policy.explain': {
    kind: 'read',
    run: async ({ verb: id, asset, project }, { deps, caller }) => {
      const operation = findOperation(id);
      if (operation?.effect !== 'state-change') {
        throw new PpecError('invalid_argument', `${id} is no state change. Those are: ${stateChanges().join(', ')}.`);
      }
      const where: Where = {
        ...(asset === undefined ? regionSubject : assetSubject(await findAsset(deps.db, asset))),
        ...(project === undefined ? {} : await ofProject(deps.db, project)),
      };
      const subject = policySubject(where);
      const policies = await allPolicies(deps.db);
      const requirement = requirementFor(operation, [subject], policies);
      const about: Where = asset === undefined && project === undefined ? 'region' : where;
      const at = { makerId: '', subjects: [about], gainers: [], nowMs: deps.clock.nowMs() };
      const candidates = await candidatesFor(deps.db, requirement.demands, at);
      const considered = [...policies, builtInPolicy].map((policy) =>
        explained(policy, { operation, subject, policies }),
      );
      const shown: typeof considered = [];
      for (const each of considered) {
        if (each.holds || (await isShown(deps.db, each.scope, caller.rights))) shown.push(each);
      }
      return {
        operation: id,
        asset: asset ?? null,
        floor: floorOf(operation),
        requirement: frozenPolicy(requirement),
        considered: shown,
        mayCheckNow: candidates.map(({ name }) => name),
      };
    },
  },
  'policy.set': {
    kind: 'state-change',
    plan: async (input, { uow }) => {
      const scope = parseScope(input.scope ?? 'region');
      if (scope === undefined) throw new PpecError('invalid_argument', `'${input.scope}' names a tag twice.`);
      const payload = {
        operation: input.verb,
        scope: scopeText(scope),
        quorum: input.quorum,
        checkers: input.checkers ?? [...builtInPolicy.checkers],
        openForMs: input.openForMs ?? builtInPolicy.openForMs,
        window: input.window ?? null,
        reason: input.reason,
      };
      await checkSettable(uow.db, payload);
      const before = await policyAt(uow.db, payload.operation, payload.scope);
      if (before === undefined) await checkRoom(uow);
      const able = await checkersOf(uow, payload);
      return {
        summary: `${before === undefined ? 'set' : 'replace'} the policy of ${payload.operation} in ${payload.scope}: ${demandOf(payload)}`,
        reason: input.reason,
        payload: { ...payload, replaces: before?.revision ?? 0 },
        targets: before === undefined ? [] : [before.id],
        effect: [
          ...(before === undefined ? [] : [line(payload, 'before', worded(policyView(before)))]),
          line(payload, 'policy', worded(payload)),
          line(payload, 'may check now', able.join(', ')),
        ],
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(setPayload.Check(payload), `the payload of ${change.id} is what was frozen`);
      const before = await policyAt(uow.db, payload.operation, payload.scope);
      if ((before?.revision ?? 0) !== payload.replaces) {
        throw new PpecError('failed_precondition', 'The policy was changed meanwhile. File it anew.');
      }
      await checkersOf(uow, payload);
      const row: PolicyRow = {
        id: before?.id ?? newId('policy', uow.ids),
        operation: payload.operation,
        scope: payload.scope,
        quorum: payload.quorum,
        checkers: toJson(payload.checkers),
        open_for_ms: payload.openForMs,
        window: payload.window === null ? null : toJson(payload.window),
        reason: payload.reason,
        created_at: before?.created_at ?? uow.nowMs,
        updated_at: uow.nowMs,
        revision: payload.replaces + 1,
      };
      await uow.db.deleteFrom('policies').where('id', '=', row.id).execute();
      await uow.db.insertInto('policies').values(row).execute();
      await uow.changelog('policy', { id: row.id, before: before ?? {}, after: row, changeId: approval.changeId });
      return [];
    },
  },
  'policy.delete': {
    kind: 'state-change',
    plan: async ({ policy, reason }, { uow }) => {
      const row = await findPolicy(uow.db, policy);
      const view = policyView(row);
      return {
        summary: `delete the policy of ${row.operation} in ${row.scope}: ${demandOf(view)}`,
        reason,
        payload: { id: row.id, version: row.revision },
        targets: [row.id],
        effect: [line(row, 'before', worded(view)), line(row, 'then', 'a wider policy holds, or the built-in one')],
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(deletePayload.Check(payload), `the payload of ${change.id} is what was frozen`);
      const row = await uow.db.selectFrom('policies').selectAll().where('id', '=', payload.id).executeTakeFirst();
      if (row?.revision !== payload.version) {
        throw new PpecError('failed_precondition', 'The policy was changed meanwhile. File it anew.');
      }
      await uow.db.deleteFrom('policies').where('id', '=', row.id).execute();
      const gone = { quorum: null, checkers: null, open_for_ms: null, window: null };
      await uow.changelog('policy', { id: row.id, before: row, after: gone, changeId: approval.changeId });
      return [];
    },
  },
};

type Wanted = Pick<PolicyFacts, 'operation' | 'scope' | 'quorum' | 'checkers' | 'openForMs' | 'window'>;

function stateChanges(): string[] {
  return operations.filter(({ effect }) => effect === 'state-change').map(({ id }) => id);
}

async function checkSettable(db: Reader, { operation, quorum, checkers, window }: Wanted): Promise<void> {
  const ids = stateChanges().filter((id) => matchesOperation(operation, id));
  if (ids.length === 0) {
    throw new PpecError(
      'invalid_argument',
      `${operation} is no state change and can have no policy. State changes are: ${stateChanges().join(', ')}.`,
    );
  }
  const exact = findOperation(operation);
  if (exact !== undefined && quorum < floorOf(exact)) {
    throw new PpecError(
      'invalid_argument',
      `${operation} is never done alone: its quorum is at least ${floorOf(exact)}.`,
    );
  }
  for (const group of checkers) {
    if (!(await isGroup(db, group)))
      throw new PpecError('invalid_argument', `There is no role, permission or team ${group}.`);
  }
  if (quorum > 0 && quorum < checkers.length) {
    throw new PpecError(
      'invalid_argument',
      `One of each of ${checkers.length} groups is ${checkers.length} people; the quorum is ${quorum}.`,
    );
  }
  if (window !== null && !isWindow(window)) {
    throw new PpecError('invalid_argument', `The hours end before they begin: ${windowText(window)}.`);
  }
}

async function checkRoom(uow: UnitOfWork): Promise<void> {
  const { count } = await uow.db
    .selectFrom('policies')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count >= policiesMax) throw new PpecError('resource_exhausted', `There are ${count} policies; that is the most.`);
}

/** Those who could check under it. Throws where they are too few: nothing of it could ever be approved, nor this undone. */
async function checkersOf(uow: UnitOfWork, demand: Demand & { readonly scope: string }): Promise<string[]> {
  const scope = parseScope(demand.scope);
  assert(scope !== undefined, `the scope ${demand.scope} was checked`);
  const at = { makerId: '', subjects: [await scopeSubject(uow.db, scope)], gainers: [], nowMs: uow.nowMs };
  const able = await candidatesFor(uow.db, [demand], at);
  const people = new Set(able.map(({ humanId }) => humanId)).size;
  const empty = demand.checkers.filter((group) => !able.some(({ groups }) => groups.has(group)));
  if (demand.quorum > 0 && (people < demand.quorum || empty.length > 0)) {
    throw new PpecError(
      'failed_precondition',
      `Nobody could approve anything under it: of ${groupsOf([demand]).join(', ')} there are ${people} people${empty.length === 0 ? '' : `, of ${empty.join(', ')} none`}; it asks for ${demand.quorum}.`,
    );
  }
  return able.map(({ name }) => name);
}

/** The region's policies are everybody's who works here; those of a scope are seen by whoever has a right in it. */
async function isShown(db: Reader, text: string, rights: Rights): Promise<boolean> {
  const scope = parseScope(text);
  if (scope === undefined) return false;
  const where = scope.kind === 'region' ? 'anywhere' : await scopeSubject(db, scope);
  return decide(rights, 'policy.get', where).allowed;
}

/** What an asset belongs to once it is the project's. */
async function ofProject(db: Reader, name: string): Promise<Pick<Subject, 'team' | 'project'>> {
  const { team, project } = await projectSubject(db, name);
  return { team, project };
}

function line({ operation, scope }: Pick<Wanted, 'operation' | 'scope'>, label: string, text: string): EffectLine {
  return { target: `${operation} in ${scope}`, label, text, destructive: false };
}

function demandOf({ quorum, checkers }: Pick<Wanted, 'quorum' | 'checkers'>): string {
  return quorum === 0 ? 'no checker' : `${quorum} of ${checkers.join(' and ')}`;
}

function worded(policy: Wanted): string {
  const hours = policy.window === null ? '' : `, runs ${windowText(policy.window)}`;
  const openFor =
    policy.openForMs >= hourMs
      ? `${Math.round(policy.openForMs / hourMs)} h`
      : `${Math.round(policy.openForMs / 60_000)} min`;
  return `${demandOf(policy)}, open for ${openFor}${hours}`;
}

type About = {
  readonly operation: Parameters<typeof policiesFor>[0];
  readonly subject: PolicySubject;
  readonly policies: readonly PolicyFacts[];
};

function explained(policy: PolicyFacts, { operation, subject, policies }: About) {
  const { id, operation: pattern, scope } = policy;
  const holds = policiesFor(operation, subject, policies).some((each) => each.id === id);
  const against = id === null ? undefined : reasonAgainst(policy, operation.id, subject);
  const why = holds
    ? id === null ? 'no other policy fits' : worded(policy)
    : (against ?? 'another one is more specific'); // prettier-ignore
  return { id, operation: pattern, scope, holds, why };
}
