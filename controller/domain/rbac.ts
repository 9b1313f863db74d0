// Who may do what, where. A grant gives its holder a role at a scope; what no grant gives is denied. Grants are compiled
// once per authentication, and a decision is a few look-ups. Pure.
import { operations } from '../../shared/api/operations.ts';
import { scopeText, type Scope } from '../../shared/api/scope.ts';
import { ownPermissions } from './built-in-roles.ts';

/** A grant in force, with the permissions of its role. */
export type Held = {
  readonly id: string;
  /** `person:mia`, or the team or project through which the person holds it. */
  readonly holder: string;
  readonly role: string;
  /** All of them must cover an object: the grant's own, and those that a credential limits it to. */
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | null;
  readonly permissions: ReadonlySet<string>;
};

/** What an object belongs to. A project names its team, a cluster its project and team, too. */
export type Subject = {
  readonly team: string | null;
  readonly project: string | null;
  readonly cluster: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** A SPARE that is nobody's: whoever may provision anywhere may read it. */
  readonly isPool?: boolean;
};

/** An object, the region as a whole, any scope at all, or the caller alone. */
export type Where = Subject | 'region' | 'anywhere' | 'own';

type Index = {
  region: Held | undefined;
  readonly team: Map<string, Held>;
  readonly project: Map<string, Held>;
  readonly cluster: Map<string, Held>;
  /** Those by tags, and those that more than one scope limits. */
  readonly other: Held[];
};

export type Access = 'read' | 'read-write';

export type Rights = {
  readonly held: readonly Held[];
  readonly access: Access;
  /** Every permission at some scope. */
  readonly byPermission: ReadonlyMap<string, Readonly<Index>>;
};

export type Decision =
  { readonly allowed: true; readonly by: Held | null } | { readonly allowed: false; readonly why: string };

/** Permissions that only reads need. */
export const readPermissions: ReadonlySet<string> = new Set(
  operations
    .map(({ permission }) => permission)
    .filter((permission) => operations.every((each) => each.permission !== permission || each.effect === 'read')),
);
export const allPermissions: readonly string[] = [...new Set(operations.map(({ permission }) => permission))];

const poolPermission = 'asset.provision';
export const regionSubject: Subject = { team: null, project: null, cluster: null, tags: {} };

/** The permissions that a role's list stands for: ids, and `noun.*`. */
export function expandPermissions(listed: readonly string[]): Set<string> {
  return new Set(
    listed.flatMap((entry) =>
      entry.endsWith('.*') ? allPermissions.filter((each) => each.startsWith(entry.slice(0, -1))) : [entry],
    ),
  );
}

export function compileRights(held: readonly Held[], access: Access = 'read-write'): Rights {
  const byPermission = new Map<string, Index>();
  for (const grant of held) {
    for (const permission of grant.permissions) {
      if (access === 'read' && !readPermissions.has(permission)) continue;
      let index = byPermission.get(permission);
      if (index === undefined) {
        index = { region: undefined, team: new Map(), project: new Map(), cluster: new Map(), other: [] };
        byPermission.set(permission, index);
      }
      place(index, grant);
    }
  }
  return { held, access, byPermission };
}

function place(index: Index, grant: Held): void {
  const [first, second] = grant.scopes;
  if (first === undefined) return;
  if (second !== undefined || first.kind === 'tags') index.other.push(grant);
  else if (first.kind === 'region') index.region ??= grant;
  else if (!index[first.kind].has(first.name)) index[first.kind].set(first.name, grant);
}

export function decide(rights: Rights, permission: string, where: Where): Decision {
  if (where === 'own') return own(rights, permission);
  const index = rights.byPermission.get(permission);
  if (index !== undefined) {
    const by = covering(index, where) ?? throughPool(rights, permission, where);
    if (by !== undefined) return { allowed: true, by };
  }
  return { allowed: false, why: refusal(rights, permission, where) };
}

function own(rights: Rights, permission: string): Decision {
  const isMeant = ownPermissions.has(permission) && (rights.access === 'read-write' || readPermissions.has(permission));
  if (isMeant) return { allowed: true, by: null };
  return { allowed: false, why: `It needs the permission ${permission}, which this credential does not have.` };
}

function covering(index: Readonly<Index>, where: Subject | 'region' | 'anywhere'): Held | undefined {
  if (index.region !== undefined) return index.region;
  if (where === 'region') return undefined;
  if (where === 'anywhere') {
    return firstOf(index.team) ?? firstOf(index.project) ?? firstOf(index.cluster) ?? index.other[0];
  }
  const { team, project, cluster } = where;
  return (
    (project === null ? undefined : index.project.get(project)) ??
    (team === null ? undefined : index.team.get(team)) ??
    (cluster === null ? undefined : index.cluster.get(cluster)) ??
    (index.other.length === 0 ? undefined : index.other.find(({ scopes }) => coversAll(scopes, where)))
  );
}

function firstOf(grants: ReadonlyMap<string, Held>): Held | undefined {
  for (const grant of grants.values()) return grant;
  return undefined;
}

function coversAll(scopes: readonly Scope[], subject: Subject): boolean {
  return scopes.every((scope) => covers(scope, subject));
}

/** Whether an object is in a scope. */
export function covers(scope: Scope, subject: Subject): boolean {
  switch (scope.kind) {
    case 'region':
      return true;
    case 'team':
      return subject.team === scope.name;
    case 'project':
      return subject.project === scope.name;
    case 'cluster':
      return subject.cluster === scope.name;
    case 'tags':
      for (const key in scope.tags) if (subject.tags[key] !== scope.tags[key]) return false;
      return true;
  }
}

/** What is nobody's is read by whoever may make something of it. */
function throughPool(rights: Rights, permission: string, where: Where): Held | undefined {
  if (typeof where === 'string' || where.isPool !== true || !readPermissions.has(permission)) return undefined;
  return poolGrant(rights);
}

/** The grant by which unowned SPAREs can be read; undefined where there is none. */
export function poolGrant(rights: Rights): Held | undefined {
  const index = rights.byPermission.get(poolPermission);
  return index === undefined ? undefined : covering(index, 'anywhere');
}

function refusal(rights: Rights, permission: string, where: Exclude<Where, 'own'>): string {
  const nearest = nearestGrant(rights, permission, where);
  const have =
    nearest === undefined
      ? 'You hold no grant.'
      : nearest.permissions.has(permission)
        ? `Nearest: ${grantText(nearest)}, which does not reach it.`
        : `Nearest: ${grantText(nearest)}, which does not include it.`;
  const limited = rights.access === 'read' && !readPermissions.has(permission) ? ' This credential may only read.' : '';
  return `It needs the permission ${permission} at ${wantedScopes(where).join(' or ')}. ${have}${limited}`;
}

/** One that has the permission elsewhere, else one that reaches the object. */
function nearestGrant(rights: Rights, permission: string, where: Where): Held | undefined {
  const elsewhere = rights.held.find(({ permissions }) => permissions.has(permission));
  const reaches = ({ scopes }: Held): boolean => coversAll(scopes, typeof where === 'string' ? regionSubject : where);
  return elsewhere ?? rights.held.find(reaches) ?? rights.held[0];
}

export function grantText({ holder, role, scopes }: Pick<Held, 'holder' | 'role' | 'scopes'>): string {
  return `the role ${role} of ${holder} at ${scopes.map(scopeText).join(' within ')}`;
}

/** Where a grant would have to be for this, narrowest first. */
export function wantedScopes(where: Exclude<Where, 'own'>): string[] {
  if (where === 'anywhere') return ['any scope'];
  if (where === 'region') return ['region'];
  const { cluster, project, team, tags } = where;
  const named = Object.keys(tags).length === 0 ? [] : [scopeText({ kind: 'tags', tags: someOf(tags) })];
  return [
    ...(cluster === null ? [] : [`cluster:${cluster}`]),
    ...(project === null ? [] : [`project:${project}`]),
    ...(team === null ? [] : [`team:${team}`]),
    ...named,
    'region',
  ];
}

/** A scope names up to eight tags. */
function someOf(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).slice(0, 8));
}

/** Every subject must be covered; the first that is not says why. No subject at all is the region. */
export function decideAll(rights: Rights, permission: string, subjects: readonly Where[]): Decision {
  let by: Decision = decide(rights, permission, subjects[0] ?? 'region');
  for (const subject of subjects.slice(1)) {
    if (!by.allowed) return by;
    by = decide(rights, permission, subject);
  }
  return by;
}

/** Whether these rights may check a change: at a scope that covers every one of its targets. */
export function mayApprove(rights: Rights, targets: readonly Where[]): boolean {
  return decideAll(rights, 'change.approve', targets).allowed;
}

/** Whether a role is held at scopes that cover every one of these; no subject at all is the region. */
export function holdsRole(rights: Rights, role: string, subjects: readonly Where[]): boolean {
  const ofRole = rights.held.filter((grant) => grant.role === role);
  const isCovered = (where: Where): boolean =>
    ofRole.some(({ scopes }) =>
      typeof where === 'string' ? scopes.every(({ kind }) => kind === 'region') : coversAll(scopes, where),
    );
  return (subjects.length === 0 ? ['region' as const] : subjects).every(isCovered);
}

export type Limits = {
  readonly roles?: readonly string[];
  readonly scopes?: readonly Scope[];
  readonly access?: Access;
};

/** What is in both: these rights, and the limits of a credential. Never more than the rights, nor wider than before. */
export function narrowed(rights: Rights, { roles, scopes, access }: Limits): Rights {
  const ofRoles = roles === undefined ? rights.held : rights.held.filter(({ role }) => roles.includes(role));
  const held =
    scopes === undefined
      ? ofRoles
      : ofRoles.flatMap((grant) => scopes.map((scope) => ({ ...grant, scopes: both(grant.scopes, scope) })));
  return compileRights(held, rights.access === 'read' ? 'read' : (access ?? rights.access));
}

/** `region` limits nothing, and a scope that is there already limits nothing more. */
function both(scopes: readonly Scope[], other: Scope): readonly Scope[] {
  if (other.kind === 'region') return scopes;
  const narrower = scopes.filter(({ kind }) => kind !== 'region');
  return narrower.some((scope) => scopeText(scope) === scopeText(other)) ? narrower : [...narrower, other];
}

/** Permissions that the second has and the first has not, on an object. */
export function gained(rights: Rights, before: Subject, after: Subject): string[] {
  return [...rights.byPermission.keys()].filter(
    (permission) => decide(rights, permission, after).allowed && !decide(rights, permission, before).allowed,
  );
}
