// People and services: who they are, whether they may come in, and how they sign in.
import { PpecError } from '../../shared/errors.ts';
import { scopeText } from '../../shared/api/scope.ts';
import { changePassword, endSessionsOf } from '../auth/password-sign-in.ts';
import { isWithinLimits } from '../domain/credential-limits.ts';
import { passwordProblem } from '../domain/password.ts';
import { addPerson, findPerson, patchPerson, personView } from '../store/people.ts';
import { addSetUpToken, linkIdentity, passwordOf, unlinkIdentity } from '../store/sign-in-proofs.ts';
import { useOpenSignIn } from './open-sign-in.ts';
import type { Handlers, WriteContext, Written } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';
import type { Person } from '../../shared/api/person.ts';

export const personHandlers: Handlers<
  | 'auth.whoami'
  | 'person.list'
  | 'person.create'
  | 'person.update'
  | 'person.deactivate'
  | 'person.reactivate'
  | 'person.set-up'
  | 'person.set-password'
> = {
  'auth.whoami': {
    kind: 'read',
    run: async (_input, { deps, caller }) => ({
      person: await personView(deps.db, await findPerson(deps.db, caller.personId)),
      credentialId: caller.actor.credentialId ?? '',
      signedIn: caller.signedIn,
      grants: caller.rights.held.map(({ id, holder, role, scopes, expiresAt }) => ({
        id,
        holder,
        role,
        scopes: scopes.map(scopeText),
        expiresAt,
      })),
      permissions: [...caller.rights.byPermission.keys()].toSorted(),
    }),
  },
  'person.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('people').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => personView(deps.db, row));
    },
  },
  'person.create': {
    kind: 'write',
    run: async ({ owner, ...input }, { uow }) => {
      const isService = input.kind === 'service';
      if (isService !== (owner !== undefined)) {
        throw new PpecError(
          'invalid_argument',
          isService ? 'A service needs an owner: the person who answers for it.' : 'Only a service has an owner.',
        );
      }
      const answers = owner === undefined ? undefined : await findPerson(uow.db, owner);
      if (answers !== undefined && answers.kind !== 'person') {
        throw new PpecError('invalid_argument', `${answers.name} is a service; a person must answer for a service.`);
      }
      const row = await addPerson(
        uow.db,
        { ...input, ...(answers === undefined ? {} : { ownerId: answers.id }) },
        uow.ids,
      );
      await uow.changelog('person', { id: row.id, after: row });
      const as = answers === undefined ? '' : ` as a service of ${answers.name}`;
      return { output: await personView(uow.db, row), targets: [row.id], message: `${row.name} added${as}` };
    },
  },
  'person.update': { kind: 'write', run: (input, context) => update(input, context) },
  'person.deactivate': {
    kind: 'write',
    run: async ({ person, reason }, { uow, caller }) => {
      const row = await findPerson(uow.db, person);
      if (row.id === caller.personId) {
        throw new PpecError('failed_precondition', 'You cannot deactivate yourself; another administrator can.');
      }
      const next = await patchPerson(uow, row, { active: 0 });
      await endSessionsOf(uow, row.id, { because: 'the person was deactivated', exceptSession: null });
      uow.cutOff({ personId: row.id });
      return {
        output: await personView(uow.db, next),
        targets: [row.id],
        message: `${row.name} deactivated: ${reason}`,
      };
    },
  },
  'person.reactivate': {
    kind: 'write',
    run: async ({ person, reason }, { uow }) => {
      const row = await findPerson(uow.db, person);
      const next = await patchPerson(uow, row, { active: 1 });
      return {
        output: await personView(uow.db, next),
        targets: [row.id],
        message: `${row.name} reactivated: ${reason}`,
      };
    },
  },
  'person.set-up': {
    kind: 'write',
    run: async ({ person }, { uow, deps, caller }) => {
      const row = await findPerson(uow.db, person);
      if (!isWithinLimits({}, caller.bounds.limits) || caller.bounds.sources.length > 0) {
        throw new PpecError(
          'permission_denied',
          'A credential with limits cannot make a link that leads to a sign-in without any. Use another, or sign in.',
        );
      }
      if (row.kind !== 'person') {
        throw new PpecError(
          'failed_precondition',
          `${row.name} is a service and does not sign in; make it a credential.`,
        );
      }
      const isAgreed = await useOpenSignIn(uow, row);
      const { token, expiresAtMs } = await addSetUpToken(uow.db, { personId: row.id, isAgreed }, uow.ids);
      await uow.event('person', row.id, `${uow.actor.name} made a set-up link for ${row.name}`);
      return {
        output: { person: row.name, url: `${deps.signIn.url}/set-up?token=${token}`, token, expiresAt: expiresAtMs },
        targets: [row.id],
        message: `a set-up link made for ${row.name}`,
      };
    },
  },
  'person.set-password': {
    kind: 'prepared-write',
    // Hashing takes long and may have to wait its turn: no transaction waits with it.
    prepare: async (input, { deps, caller }) => {
      const person = await findPerson(deps.db, caller.personId);
      const { passwords } = deps.signIn;
      const attempt = { name: person.name, person, password: input.old, from: caller.actor.from ?? 'local' };
      const checked = await passwords.check(attempt);
      if (!checked.isRight) {
        throw new PpecError(
          'permission_denied',
          checked.phc === undefined
            ? 'You have no password yet. An administrator makes a link to choose one: ppec person set-up NAME'
            : 'The old password is wrong.',
        );
      }
      const problem = passwordProblem(input.new, person);
      if (problem !== undefined) throw new PpecError('invalid_argument', problem);
      const phc = await passwords.hash(input.new);
      return async (_input, { uow }) => {
        if ((await passwordOf(uow.db, person.id)) !== checked.phc) {
          throw new PpecError('conflict', 'Your password was changed meanwhile. Try again with that one.');
        }
        const exceptSession = caller.actor.credentialId;
        const sessionsEnded = await changePassword(uow, person.id, { phc, exceptSession });
        return {
          output: { person: person.name, sessionsEnded },
          targets: [person.id],
          message: `${person.name} changed their password; ${sessionsEnded} other sessions ended`,
        };
      };
    },
  },
};

type Update = { readonly person: string; readonly email?: string | null; readonly oidcSubject?: string | null };

async function update({ person, email, oidcSubject }: Update, { uow, deps }: WriteContext): Promise<Written<Person>> {
  const row = await findPerson(uow.db, person);
  const { issuer } = deps.signIn;
  await useOpenSignIn(uow, row);
  const said: string[] = [];
  if (oidcSubject !== undefined) {
    if (issuer === null)
      throw new PpecError('failed_precondition', 'No identity provider is configured in this region.');
    if (row.kind !== 'person')
      throw new PpecError('failed_precondition', `${row.name} is a service and does not sign in.`);
    if (oidcSubject === null) await unlinkIdentity(uow.db, row.id, issuer);
    else await linkIdentity(uow.db, row.id, { issuer, subject: oidcSubject, nowMs: uow.nowMs });
    said.push(oidcSubject === null ? 'no identity at the provider' : `${oidcSubject} at the provider`);
  }
  const next = email === undefined ? row : await patchPerson(uow, row, { email });
  if (email !== undefined) said.push(email === null ? 'no e-mail address' : `e-mail ${email}`);
  return {
    output: await personView(uow.db, next),
    targets: [row.id],
    message: `${row.name}: ${said.join(', ') || 'as before'}`,
  };
}
