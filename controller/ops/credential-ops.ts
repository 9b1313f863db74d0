// API credentials: made within what their maker has, rotated, revoked.
import type { CredentialLimits } from '../../shared/api/credential.ts';
import { PpecError } from '../../shared/errors.ts';
import { combined, isWithinLimits, rightsWithin } from '../domain/credential-limits.ts';
import { areWithin, networkText } from '../domain/source-address.ts';
import {
  addCredential,
  credentialById,
  credentialView,
  isInForce,
  revokeCredential,
  rotateCredential,
  type CredentialRow,
} from '../store/credentials.ts';
import { fromJson } from '../store/json.ts';
import { findPerson, type PersonRow } from '../store/people.ts';
import type { Bounds, Caller, Handlers, WriteContext } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const defaultOverlapHours = 24;

export const credentialHandlers: Handlers<
  'credential.list' | 'credential.create' | 'credential.rotate' | 'credential.revoke'
> = {
  'credential.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps, caller }) => {
      let query = deps.db
        .selectFrom('credentials')
        .innerJoin('people', 'people.id', 'credentials.person_id')
        .selectAll('credentials')
        .select('people.name as person_name');
      if (!isAdmin(caller)) {
        query = query.where((eb) =>
          eb.or([eb('people.id', '=', caller.personId), eb('people.owner_id', '=', caller.personId)]),
        );
      }
      if (cursor !== undefined) query = query.where('credentials.id', '>', cursor);
      const rows = await query
        .orderBy('credentials.id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => credentialView(row, row.person_name));
    },
  },
  'credential.create': {
    kind: 'write',
    run: async ({ label, person, limits = {}, sources = [], expiresInDays }, { uow, caller }) => {
      const owner = await findPerson(uow.db, person ?? caller.personId);
      assertMayManage(caller, owner);
      if (owner.active !== 1) throw new PpecError('failed_precondition', `${owner.name} is not active.`);
      const expiresAtMs = expiresInDays === undefined ? null : uow.nowMs + expiresInDays * dayMs;
      const bounds = withinMaker(caller, owner, { limits, sources: readSources(sources), untilMs: expiresAtMs });
      const made = {
        personId: owner.id,
        label,
        limits: bounds.limits,
        sources: bounds.sources,
        expiresAtMs: bounds.untilMs,
      };
      const { row, secret } = await addCredential(uow.db, made, uow.ids);
      return {
        output: { credential: credentialView(row, owner.name), secret },
        targets: [row.id, owner.id],
        message: `credential '${label}' made for ${owner.name}`,
      };
    },
  },
  'credential.rotate': {
    kind: 'write',
    run: async ({ credential, overlapHours = defaultOverlapHours }, context) => {
      const { uow, caller } = context;
      const { row, owner } = await managed(credential, context);
      if (!isInForce(row, uow.nowMs))
        throw new PpecError('failed_precondition', 'It is revoked or expired. Make another.');
      // Its new secret must not be worth more than what asks for it: a token of it may be narrower than it is.
      const isItself = caller.signedIn.how === 'credential' && caller.actor.credentialId === row.id;
      if (!isItself) assertWithin(caller, boundsOf(row));
      const rotated = await rotateCredential(uow.db, { row, oldUntilMs: uow.nowMs + overlapHours * hourMs }, uow.ids);
      if (overlapHours === 0) uow.cutOff({ credentialId: row.id });
      return {
        output: { credential: credentialView(rotated.row, owner.name), secret: rotated.secret },
        targets: [row.id],
        message: `credential '${row.label}' of ${owner.name} rotated; the old secret is good for ${overlapHours} h`,
      };
    },
  },
  'credential.revoke': {
    kind: 'write',
    run: async ({ credential }, context) => {
      const { uow } = context;
      const { row, owner } = await managed(credential, context);
      const revoked = await revokeCredential(uow.db, row, uow.nowMs);
      uow.cutOff({ credentialId: row.id });
      return {
        output: credentialView(revoked, owner.name),
        targets: [row.id],
        message: `credential '${row.label}' of ${owner.name} revoked`,
      };
    },
  },
};

function isAdmin(caller: Caller): boolean {
  return caller.permissions.has('person.create');
}

/** One's own, those of one's services, and for an admin everybody's. */
function mayManage(caller: Caller, owner: PersonRow): boolean {
  return owner.id === caller.personId || owner.owner_id === caller.personId || isAdmin(caller);
}

function assertMayManage(caller: Caller, owner: PersonRow): void {
  if (mayManage(caller, owner)) return;
  throw new PpecError('permission_denied', 'Only an admin makes credentials for somebody else.');
}

/** Somebody else's credential is told apart from none by nothing. */
async function managed(id: string, { uow, caller }: WriteContext): Promise<{ row: CredentialRow; owner: PersonRow }> {
  const row = await credentialById(uow.db, id);
  const owner = row === undefined ? undefined : await findPerson(uow.db, row.person_id);
  if (row === undefined || owner === undefined || !mayManage(caller, owner)) {
    throw new PpecError('not_found', `There is no credential '${id}'. List them: ppec credential list`);
  }
  return { row, owner };
}

function boundsOf(row: CredentialRow): Bounds {
  return { limits: fromJson(row.limits), sources: fromJson(row.sources), untilMs: row.expires_at };
}

function readSources(sources: readonly string[]): string[] {
  return sources.map((text) => {
    const network = networkText(text);
    if (network === undefined) {
      throw new PpecError('invalid_argument', `'${text}' is no network; it looks like 10.20.0.0/16 or 2001:db8::/32.`);
    }
    return network;
  });
}

/**
 * What a new credential gets: at most what its owner has, and at most what whoever makes it has here. What is left open is
 * filled with the maker's own bounds; what goes beyond them is refused.
 */
function withinMaker(caller: Caller, owner: PersonRow, wanted: Bounds): Bounds {
  const { bounds } = caller;
  const held = rightsWithin(fromJson(owner.roles), owner.id === caller.personId ? bounds.limits : {}).roles.map(String);
  const beyond = (wanted.limits.roles ?? []).filter((role) => !held.includes(role));
  if (beyond.length > 0) {
    throw new PpecError(
      'permission_denied',
      `A credential has no more rights than its owner: ${owner.name} has no role ${beyond.join(', ')} to give.`,
    );
  }
  const filled = filledIn(wanted, bounds);
  assertWithin(caller, filled);
  return filled;
}

function assertWithin({ bounds }: Caller, wanted: Bounds): void {
  const isWithin =
    isWithinLimits(wanted.limits, bounds.limits) &&
    areWithin(wanted.sources, bounds.sources) &&
    (bounds.untilMs === null || (wanted.untilMs !== null && wanted.untilMs <= bounds.untilMs));
  if (isWithin) return;
  throw new PpecError(
    'permission_denied',
    'This would reach further than the credential you use. Use a wider one, or sign in.',
  );
}

function filledIn(wanted: Bounds, bounds: Bounds): Bounds {
  return {
    limits: withDefaults(wanted.limits, bounds.limits),
    sources: wanted.sources.length === 0 ? bounds.sources : wanted.sources,
    untilMs: wanted.untilMs ?? bounds.untilMs,
  };
}

function withDefaults(wanted: CredentialLimits, outer: CredentialLimits): CredentialLimits {
  const both = combined(outer, wanted);
  // Where both name something and nothing is common, what is wanted is left as it is, and refused.
  return both === undefined ? wanted : { ...both, ...wanted };
}
