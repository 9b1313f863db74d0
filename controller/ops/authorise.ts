// Whether a caller may do what they ask, decided before a handler sees it. What they may not read answers exactly like what
// does not exist; what they may read and not act upon is refused with the reason.
import { objectMembers, type About, type ObjectKind, type ObjectMember } from '../../shared/api/operation.ts';
import type { AnyOperation } from '../../shared/api/operations.ts';
import { parseScope, type Scope } from '../../shared/api/scope.ts';
import { PpecError } from '../../shared/errors.ts';
import { decide, decideAll, type Rights, type Where } from '../domain/rbac.ts';
import { missing } from '../store/missing.ts';
import {
  findObject,
  readPermissionOf,
  scopeSubject,
  subjectOfScope,
  type ChangeSubject,
  type Resolved,
} from '../store/subjects.ts';
import type { Reader } from './handler.ts';

const members = Object.keys(objectMembers).filter((name): name is ObjectMember => Object.hasOwn(objectMembers, name));

export type Authorised = {
  /** The input with ids in the place of names: what was decided on is what the handler finds. */
  readonly input: object;
  /** What a change of this operation is about. */
  readonly about: readonly ChangeSubject[];
};

/** Without looking at any object: whether the permission holds anywhere that could do. Throws `permission_denied`. */
export function checkPermission(operation: AnyOperation, rights: Rights): void {
  const decision = decide(rights, operation.permission, coarse(operation.scope));
  if (!decision.allowed) throw denied(operation.id, decision.why);
}

function coarse(scope: About): Where {
  return scope === 'region' || scope === 'own' ? scope : 'anywhere';
}

type Asked = { readonly operation: AnyOperation; readonly input: object; readonly rights: Rights };

/** Throws `not_found` and `permission_denied`. */
export async function authorise(db: Reader, { operation, input, rights }: Asked): Promise<Authorised> {
  const subjects: Where[] = [];
  const about: ChangeSubject[] = [];
  const found: Record<string, string | string[]> = {};
  const given = new Map<string, unknown>(Object.entries(input));
  for (const member of members) {
    const value = given.get(member);
    const references = typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : [];
    if (references.length === 0) continue;
    const resolved: Resolved[] = [];
    for (const reference of references) {
      resolved.push(await readable(db, { kind: objectMembers[member], reference, rights }));
    }
    const ids = resolved.map(({ id }) => id);
    found[member] = Array.isArray(value) ? ids : (ids[0] ?? '');
    if (!isAbout(operation.scope, member)) continue;
    subjects.push(...resolved.flatMap((each) => each.subjects));
    about.push(...resolved.flatMap((each) => each.about));
  }
  if (Array.isArray(operation.scope)) {
    const decision = decideAll(rights, operation.permission, subjects);
    if (!decision.allowed) throw denied(operation.id, decision.why);
  }
  return { input: { ...input, ...found }, about: about.length === 0 ? [{ kind: 'region', name: '' }] : about };
}

function isAbout(scope: About, member: ObjectMember): boolean {
  return typeof scope !== 'string' && scope.includes(member);
}

type Named = { readonly kind: ObjectKind; readonly reference: string; readonly rights: Rights };

/** The object, where the caller may see it. Throws `not_found` where not, or where there is none. */
export async function readable(db: Reader, named: Named): Promise<Resolved> {
  const { kind, reference, rights } = shownBy(named);
  const resolved = await findObject(db, kind, { reference, rights });
  // The region and tags are no objects that could be hidden.
  if (kind === 'scope') return resolved;
  if (!decideAll(rights, readPermissionOf[kind], resolved.shownTo ?? resolved.subjects).allowed)
    throw missing(kind, reference);
  return named.kind === 'scope' ? { ...resolved, id: named.reference } : resolved;
}

/** A scope that names a team, project or cluster is as visible as that. */
function shownBy(named: Named): Named {
  const scope = named.kind === 'scope' ? parseScope(named.reference) : undefined;
  return scope !== undefined && 'name' in scope ? { ...named, kind: scope.kind, reference: scope.name } : named;
}

type Reach = { readonly operation: AnyOperation; readonly scopes: readonly Scope[]; readonly rights: Rights };

/** Scopes that a change reaches besides what it names. Throws `permission_denied`; answers what it is about, too. */
export async function checkReach(db: Reader, { operation, scopes, rights }: Reach): Promise<ChangeSubject[]> {
  for (const scope of scopes) {
    const decision = decide(rights, operation.permission, await scopeSubject(db, scope));
    if (!decision.allowed) throw denied(operation.id, decision.why);
  }
  return scopes.map(subjectOfScope);
}

function denied(operation: string, why: string): PpecError {
  return new PpecError('permission_denied', `You may not ${operation}. ${why}`);
}
