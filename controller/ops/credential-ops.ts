// API credentials: made within what their maker has, rotated, revoked.
import type { CredentialLimits } from '../../shared/api/credential.ts';
import { PpecError } from '../../shared/errors.ts';
import { combined, isWithinLimits, readLimits } from '../domain/credential-limits.ts';
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
import { rightsOf } from '../store/grants.ts';
import { fromJson } from '../store/json.ts';
import { findPerson, type PersonRow } from '../store/people.ts';
import type { Bounds, Caller, Handlers, WriteContext } from './handler.ts';
import { isForAll } from './for-all.ts';
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
      if (!isForAll(caller, 'credential.list')) {
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
      if (!answersFor(caller, owner)) {
        throw new PpecError(
          'permission_denied',
          `Only ${owner.name} makes credentials for themselves, and whoever answers for a service for it. To let somebody in: ppec person set-up`,
        );
      }
      if (owner.active !== 1) throw new PpecError('failed_precondition', `${owner.name} is not active.`);
      const expiresAtMs = expiresInDays === undefined ? null : uow.nowMs + expiresInDays * dayMs;
      const wanted = { limits: readLimits(limits), sources: readSources(sources), untilMs: expiresAtMs };
      await assertHeld(owner, wanted.limits, { uow, caller });
      const bounds = filledIn(wanted, caller.bounds);
      assertWithin(caller, bounds);
      const made = {
        personId: owner.id,
        label,
        limits: bounds.limits,
        sources: bounds.sources,
        expiresAtMs: bounds.untilMs,
      };
      const { row, secret } = await addCredential(uow.db, made, uow.ids);
      await uow.changelog('credential', { id: row.id, after: row });
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
      const { row, owner } = await managed(credential, answersFor, context);
      if (!isInForce(row, uow.nowMs))
        throw new PpecError('failed_precondition', 'It is revoked or expired. Make another.');
      // Its new secret must not be worth more than what asks for it: a token of it may be narrower than it is.
      const isItself = caller.signedIn.how === 'credential' && caller.actor.credentialId === row.id;
      if (!isItself) assertWithin(caller, boundsOf(row));
      const rotated = await rotateCredential(uow.db, { row, oldUntilMs: uow.nowMs + overlapHours * hourMs }, uow.ids);
      await uow.changelog('credential', { id: row.id, before: row, after: rotated.row });
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
      const { row, owner } = await managed(credential, mayRevoke, context);
      const revoked = await revokeCredential(uow.db, row, uow.nowMs);
      await uow.changelog('credential', { id: row.id, before: row, after: revoked });
      uow.cutOff({ credentialId: row.id });
      return {
        output: credentialView(revoked, owner.name),
        targets: [row.id],
        message: `credential '${row.label}' of ${owner.name} revoked`,
      };
    },
  },
};

/** One's own, and those of one's services: whoever is shown a secret can act as its owner. */
function answersFor(caller: Caller, owner: PersonRow): boolean {
  return owner.id === caller.personId || owner.owner_id === caller.personId;
}

/** Everybody's, too, for whoever has the permission at region. */
function mayRevoke(caller: Caller, owner: PersonRow): boolean {
  return answersFor(caller, owner) || isForAll(caller, 'credential.revoke');
}

/** Somebody else's credential is told apart from none by nothing. */
async function managed(
  id: string,
  may: (caller: Caller, owner: PersonRow) => boolean,
  { uow, caller }: WriteContext,
): Promise<{ row: CredentialRow; owner: PersonRow }> {
  const row = await credentialById(uow.db, id);
  const owner = row === undefined ? undefined : await findPerson(uow.db, row.person_id);
  if (row === undefined || owner === undefined || !may(caller, owner)) {
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

/** A limit to a role that the owner has not, or not through what is used here, would be a credential without rights. */
async function assertHeld(
  owner: PersonRow,
  { roles = [] }: CredentialLimits,
  { uow, caller }: Pick<WriteContext, 'uow' | 'caller'>,
): Promise<void> {
  if (roles.length === 0) return;
  const isOwn = owner.id === caller.personId;
  const { held } = isOwn ? caller.rights : await rightsOf(uow.db, owner.name, uow.nowMs);
  const beyond = roles.filter((wanted) => !held.some(({ role }) => role === wanted));
  if (beyond.length === 0) return;
  throw new PpecError(
    'permission_denied',
    `A credential has no more rights than its owner: ${owner.name} has no role ${beyond.join(', ')} to give.`,
  );
}

/** What goes beyond what its maker has here is refused. */
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

/** What is left open is filled with the maker's own bounds. */
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
