// Who counts as a checker, by grants at scopes; and who is told of what.
import { describe, expect, it } from 'vitest';

import type { Change } from '../../shared/api/change.ts';
import { changeRoom, type ChangeRoom, type Name } from '../../test/fixtures/change-room.ts';
import { toJson } from '../store/json.ts';
import { systemActor } from '../store/unit-of-work.ts';

const containing = (text: string): unknown => expect.stringContaining(text);
const provision = { image: 'os', reason: 'new ledger nodes' };

const file = (room: ChangeRoom, asset: string, project: string): Promise<Change> =>
  room.call('mia', 'asset.provision', { ...provision, assets: [asset], project });
const approve = (room: ChangeRoom, name: Name, change: Change): Promise<Change> =>
  room.call(name, 'change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
const refusal = (code: string, text: string): object => ({ code, message: containing(text) });

async function setPolicy(room: ChangeRoom, policy: object): Promise<void> {
  const asked = { verb: 'asset.provision', quorum: 1, reason: 'a test', ...policy };
  const change = await room.call('ada', 'policy.set', asked);
  expect((await approve(room, 'kim', change)).state).toBe('executed');
}

/** Members, without the change that it would take. */
async function join(room: ChangeRoom, group: string, name: Name): Promise<void> {
  await room.store.write(systemActor('test'), async ({ db, nowMs }) => {
    await db
      .insertInto('members')
      .values({ of: group, member: `person:${name}`, created_at: nowMs })
      .execute();
  });
}

describe('a checker', () => {
  it('checks what is in the scope of their right, and does not see the rest', async () => {
    const room = await changeRoom();
    await room.setRoles('cho', ['approver'], 'project:payments');
    const [mine, other] = [await file(room, 'S1', 'payments'), await file(room, 'S2', 'lab')];
    await expect(approve(room, 'cho', other)).rejects.toMatchObject({ code: 'not_found' });
    expect((await room.call('cho', 'change.list', {})).items.map(({ id }) => id)).toEqual([mine.id]);
    expect((await approve(room, 'cho', mine)).state).toBe('executed');
  });

  it('holds the role that a policy names, at a scope that covers the change', async () => {
    const room = await changeRoom();
    await setPolicy(room, { checkers: ['site-ops'], scope: 'project:lab', quorum: 1 }).catch((error: unknown) => {
      // Nobody is both yet: such a policy would let nothing through.
      expect(error).toMatchObject(refusal('failed_precondition', 'Nobody could approve'));
    });
    await room.setRoles('adi', ['admin', 'approver', 'site-ops'], 'project:lab');
    await setPolicy(room, { checkers: ['site-ops'], scope: 'project:lab' });
    const change = await file(room, 'S1', 'lab');
    await expect(approve(room, 'cho', change)).rejects.toMatchObject(refusal('permission_denied', 'site-ops'));
    // The role elsewhere is no role here.
    await room.setRoles('cho', ['approver']);
    await room.store.write(systemActor('test'), async (uow) => {
      const grant = await uow.db.selectFrom('grants').selectAll().where('holder', '=', 'person:cho').executeTakeFirst();
      if (grant === undefined) throw new Error('cho holds a grant');
      const elsewhere = { role: 'site-ops', scope: 'project:payments', scope_kind: 'project', scope_name: 'payments' } as const;
      await uow.db.insertInto('grants').values({ ...grant, id: 'grt_2', ...elsewhere }).execute();
    });
    await expect(approve(room, 'cho', change)).rejects.toMatchObject(refusal('permission_denied', 'site-ops'));
    expect((await approve(room, 'adi', change)).state).toBe('executed');
  }); // prettier-ignore

  it('of a role that a policy names may approve changes, too, and still', async () => {
    const room = await changeRoom();
    for (const name of ['cho', 'adi'] as const) await room.setRoles(name, ['approver', 'site-ops']);
    await setPolicy(room, { checkers: ['site-ops'], quorum: 2 });
    const change = await file(room, 'S1', 'payments');
    expect((await approve(room, 'adi', change)).state).toBe('open');
    await room.setRoles('adi', ['site-ops']);
    expect(await approve(room, 'cho', change)).toMatchObject({ state: 'open', missing: ['1 more of site-ops'] });
  });

  it('is of the team that a policy names', async () => {
    const room = await changeRoom();
    await join(room, 'team:bank', 'cho');
    await setPolicy(room, { checkers: ['team:bank'] });
    const change = await file(room, 'S1', 'payments');
    await expect(approve(room, 'kim', change)).rejects.toMatchObject(refusal('permission_denied', 'team:bank'));
    expect((await approve(room, 'cho', change)).state).toBe('executed');
    const none = { verb: 'asset.provision', quorum: 1, checkers: ['team:kings'], reason: 'a test' };
    await expect(room.call('ada', 'policy.set', none)).rejects.toMatchObject(refusal('invalid_argument', 'team:kings'));
  });

  it('gains nothing by it: neither then, nor when it runs', async () => {
    const room = await changeRoom();
    await setPolicy(room, { verb: 'grant.create', quorum: 2 });
    const asked = { holder: 'team:bank', role: 'viewer', scope: 'region', reason: 'the bank reads' };
    const change = await room.call('ada', 'grant.create', asked);
    await join(room, 'team:bank', 'max');
    await expect(approve(room, 'max', change)).rejects.toMatchObject(refusal('permission_denied', 'more rights'));
    expect((await approve(room, 'cho', change)).state).toBe('open');
    await join(room, 'team:bank', 'cho');
    expect(await approve(room, 'kim', change)).toMatchObject({ state: 'open', missing: ['1 more of change.approve'] });
    expect((await approve(room, 'adi', change)).state).toBe('executed');
  });

  it('is not its maker, who gains nothing by it either when it runs', async () => {
    const room = await changeRoom();
    const asked = { holder: 'team:bank', role: 'viewer', scope: 'region', reason: 'the bank reads' };
    const change = await room.call('ada', 'grant.create', asked);
    await join(room, 'team:bank', 'ada');
    expect(await approve(room, 'cho', change)).toMatchObject({ state: 'refused', stateReason: containing('Its maker ada') });
    expect(await room.store.db.selectFrom('grants').select('id').where('holder', '=', 'team:bank').execute()).toEqual([]);
  }); // prettier-ignore

  it('counts by the limits of the credential that approved', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 2 });
    const change = await file(room, 'S1', 'payments');
    expect((await approve(room, 'adi', change)).state).toBe('open');
    const narrow = { limits: toJson({ roles: ['admin'] }) };
    await room.store.db.updateTable('credentials').set(narrow).where('id', '=', room.credentialId('adi')).execute();
    expect((await approve(room, 'cho', change)).missing).toEqual(['1 more of change.approve']);
  });

  it('may be asked for by more where the machine has been tagged since', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 2, scope: 'tags:env=prod' });
    const change = await file(room, 'S1', 'payments');
    expect(change.checkersNeeded).toBe(1);
    const tagged = { tags: toJson({ env: 'prod' }) };
    await room.store.db.updateTable('assets').set(tagged).where('serial', '=', 'S1').execute();
    expect(await approve(room, 'cho', change)).toMatchObject({
      state: 'refused',
      stateReason: containing('policy has become stricter'),
    });
  });
});

describe('an edit', () => {
  it('is decided anew: to a project where its maker may not ask, it is refused', async () => {
    const room = await changeRoom();
    await room.setRoles('mia', ['provisioner'], 'project:payments');
    const change = await file(room, 'S1', 'payments');
    const edit = (project: string): Promise<Change> =>
      room.call('mia', 'change.edit', { change: change.id, input: { ...provision, assets: ['S1'], project } });
    await expect(edit('lab')).rejects.toMatchObject({ code: 'not_found' });
    await room.setRoles('mia', ['provisioner']);
    await edit('lab');
    // It is about the other project now, and so are those who check it.
    await room.setRoles('cho', ['approver'], 'project:payments');
    await expect(approve(room, 'cho', change)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('what is told', () => {
  it('by mail is told to those who may check it, and see it', async () => {
    const room = await changeRoom();
    for (const name of ['cho', 'kim', 'mia', 'vic'] as const) {
      await room.call(name, 'notification.set', { email: `${name}@example.net` });
    }
    await room.setRoles('cho', ['approver'], 'project:lab');
    const change = await file(room, 'S1', 'payments');
    const waits = await room.store.db.selectFrom('mail_outbox').select(['address', 'subject']).execute();
    expect(waits).toEqual([{ address: 'kim@example.net', subject: containing('waits for you') }]);
    // Whoever sees the project no more is not told what became of it.
    await room.setRoles('mia', ['provisioner'], 'project:lab');
    expect((await approve(room, 'kim', change)).state).toBe('refused');
    expect(await room.store.db.selectFrom('mail_outbox').select('address').execute()).toHaveLength(1);
  });

  it('to a webhook of a scope is what is wholly within it', async () => {
    const room = await changeRoom();
    await room.call('ada', 'webhook.create', { name: 'lab', url: 'https://lab.example.net/', scope: 'project:lab' });
    await file(room, 'S1', 'payments');
    const mine = await file(room, 'S2', 'lab');
    const two = [{ change_id: mine.id, kind: 'project', name: 'payments' }] as const;
    const told = (): Promise<{ object_id: string }[]> =>
      room.store.db.selectFrom('webhook_outbox').select('object_id').execute();
    expect(await told()).toEqual([{ object_id: mine.id }]);
    await room.store.db.insertInto('change_subjects').values(two).execute();
    await room.call('mia', 'change.comment', { change: mine.id, text: 'for payments, too' });
    expect(await told()).toHaveLength(1);
  });

  it.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    'http://169.254.169.254/x',
    'https://[::ffff:10.0.0.1]/',
  ])('to a webhook is never told to %s', async (url) => {
    const room = await changeRoom();
    const made = room.call('ada', 'webhook.create', { name: 'inside', url });
    await expect(made).rejects.toMatchObject(refusal('invalid_argument', 'cannot be sent there'));
  });

  it('in the changelog of a webhook is no secret', async () => {
    const room = await changeRoom();
    const { secret } = await room.call('ada', 'webhook.create', { name: 'pager', url: 'https://pager.example.net/' });
    const rotated = await room.call('ada', 'webhook.rotate', { webhook: 'pager' });
    await room.call('ada', 'webhook.delete', { webhook: 'pager' });
    const log = JSON.stringify(await room.store.db.selectFrom('changelog').selectAll().execute());
    expect(log).toContain('pager.example.net');
    expect(log).toContain('(secret)');
    for (const each of [secret, rotated.secret]) expect(log).not.toContain(each.slice(6));
    const audit = JSON.stringify(await room.store.db.selectFrom('audit').selectAll().execute());
    for (const each of [secret, rotated.secret]) expect(audit).not.toContain(each.slice(6));
  });
});
