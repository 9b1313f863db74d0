// auth.can-i: whether a decision would be yes, which grant makes it so, or what is missing and who could ask for it.
import { objectMembers } from '../../shared/api/operation.ts';
import { findOperation, type AnyOperation } from '../../shared/api/operations.ts';
import { roleNames } from '../../shared/api/role-names.ts';
import type { CanI } from '../../shared/api/can-i.ts';
import { parseScope, scopeText } from '../../shared/api/scope.ts';
import { PpecError } from '../../shared/errors.ts';
import { builtInRoles } from '../domain/built-in-roles.ts';
import { compileRights, decide, decideAll, grantText, wantedScopes, type Rights, type Where } from '../domain/rbac.ts';
import { heldOf, rightsOf } from '../store/grants.ts';
import { findPerson } from '../store/people.ts';
import { findObject } from '../store/subjects.ts';
import { missing } from '../store/missing.ts';
import type { Caller, Handlers, Reader } from './handler.ts';

const grantorsMax = 10;
const grantsLookedAtMax = 1000;

export const canIHandlers: Handlers<'auth.can-i'> = {
  'auth.can-i': {
    kind: 'read',
    run: async (input, { deps: { db, clock }, caller }) => {
      const operation = findOperation(input.verb);
      if (operation === undefined)
        throw new PpecError(
          'invalid_argument',
          `There is no operation '${input.verb}'. They are listed in docs/api.md.`,
        );
      const asked = await whose(db, { name: input.as, caller, nowMs: clock.nowMs() });
      const about = await aboutOf(db, { input, operation, rights: caller.rights });
      const decision = decideAll(asked.rights, operation.permission, about.where);
      const common = {
        operation: operation.id,
        permission: operation.permission,
        person: asked.name,
        about: about.text,
      };
      if (decision.allowed) {
        const { by } = decision;
        const why = by === null ? 'Everybody may do this for themselves.' : `By ${grantText(by)}.`;
        const grant =
          by === null
            ? null
            : { id: by.id, holder: by.holder, role: by.role, scope: by.scopes.map(scopeText).join(' within ') };
        return { ...common, allowed: true, why, grant, roles: [], scopes: [], grantors: [] };
      }
      const missing = await missingOf(db, { operation, where: about.where, nowMs: clock.nowMs() });
      return { ...common, allowed: false, why: decision.why, grant: null, ...missing };
    },
  },
};

type Whose = { readonly name: string | undefined; readonly caller: Caller; readonly nowMs: number };

/** The caller's rights, or those of somebody else for whoever may read all grants. */
async function whose(db: Reader, { name, caller, nowMs }: Whose): Promise<{ name: string; rights: Rights }> {
  if (name === undefined || name === caller.actor.name) return { name: caller.actor.name, rights: caller.rights };
  const decision = decide(caller.rights, 'grant.list', 'region');
  if (!decision.allowed)
    throw new PpecError('permission_denied', `You may not ask about somebody else. ${decision.why}`);
  const person = await findPerson(db, name);
  return {
    name: person.name,
    rights: person.active === 1 ? await rightsOf(db, person.name, nowMs) : compileRights([]),
  };
}

const named = ['asset', 'project', 'team', 'cluster', 'change'] as const;
type Asked = { readonly [Name in (typeof named)[number] | 'at']?: string };
type Question = { readonly input: Asked; readonly operation: AnyOperation; readonly rights: Rights };
type About = { readonly where: readonly Where[]; readonly text: string };

/** What was named, which the runner has found and the caller may see; else a scope; else what the operation is about. */
async function aboutOf(db: Reader, { input, operation, rights }: Question): Promise<About> {
  const name = named.find((each) => input[each] !== undefined);
  if (name !== undefined) {
    const reference = input[name] ?? '';
    const { subjects } = await findObject(db, objectMembers[name], { reference, rights });
    const scopes = [...new Set(subjects.flatMap((where) => (where === 'own' ? [] : wantedScopes(where))))];
    return { where: subjects, text: `${name} ${reference} (${scopes.join(', ')})` };
  }
  if (input.at !== undefined) return atScope(db, input.at, rights);
  if (operation.scope === 'own') return { where: ['own'], text: 'yourself' };
  if (operation.scope === 'region') return { where: ['region'], text: 'region' };
  return { where: ['anywhere'], text: 'any scope' };
}

async function atScope(db: Reader, text: string, rights: Rights): Promise<About> {
  const scope = parseScope(text);
  if (scope !== undefined && 'name' in scope) {
    // A scope that names what the caller may not see is one that does not exist.
    const { subjects } = await findObject(db, scope.kind, { reference: scope.name, rights });
    if (!decideAll(rights, `${scope.kind}.get`, subjects).allowed) throw missing(scope.kind, scope.name);
    return { where: subjects, text };
  }
  return { where: (await findObject(db, 'scope', { reference: text, rights })).subjects, text };
}

type Refused = { readonly operation: AnyOperation; readonly where: readonly Where[]; readonly nowMs: number };

async function missingOf(
  db: Reader,
  { operation, where, nowMs }: Refused,
): Promise<Pick<CanI, 'roles' | 'scopes' | 'grantors'>> {
  const roles = roleNames.filter((name) => builtInRoles[name].permissions.includes(operation.permission));
  const objects = where.filter((each) => each !== 'own');
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', nowMs)]))
    .orderBy('id')
    .limit(grantsLookedAtMax)
    .execute();
  const grantors = (await heldOf(db, rows))
    .filter((grant) => decideAll(compileRights([grant]), 'grant.create', objects).allowed)
    .map(({ holder }) => holder);
  return {
    roles,
    scopes: [...new Set(objects.flatMap((each) => wantedScopes(each)))],
    grantors: [...new Set(grantors)].toSorted().slice(0, grantorsMax),
  };
}
