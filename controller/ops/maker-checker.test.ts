import { describe, expect, it } from 'vitest';

import type { Change } from '../../shared/api/change.ts';
import { changeRoom, type ChangeRoom, type Name } from '../../test/fixtures/change-room.ts';
import { settleDueChanges } from '../reconcile/change-expiry.ts';
import { toJson } from '../store/json.ts';

const containing = (text: string): unknown => expect.stringContaining(text);
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const anyText: unknown = expect.any(String);

const hourMs = 3_600_000;
const provision = { image: 'os', project: 'payments', reason: 'new ledger nodes' };
const urgent = 'payments is down and nobody answers the phone';

const file = (room: ChangeRoom, ...assets: string[]): Promise<Change> =>
  room.call('mia', 'asset.provision', { ...provision, assets: assets.length === 0 ? ['S1'] : assets });
const approve = (room: ChangeRoom, name: Name, change: Change): Promise<Change> =>
  room.call(name, 'change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
const stateOf = async (room: ChangeRoom, serial: string): Promise<string> =>
  (await room.call('vic', 'asset.get', { asset: serial })).state;

/** Sets a policy as a region does: an admin asks, a checker approves. */
async function setPolicy(room: ChangeRoom, policy: Parameters<typeof setInput>[0]): Promise<void> {
  const change = await room.call('ada', 'policy.set', setInput(policy));
  expect((await approve(room, 'cho', change)).state).toBe('executed');
}
const setInput = (policy: object) => ({ verb: 'asset.provision', quorum: 1, reason: 'a test', ...policy });

describe('a change', () => {
  it('freezes everything that its hash covers, and shows it', async () => {
    const room = await changeRoom();
    const change = await file(room);
    const detail = await room.call('vic', 'change.get', { change: change.id });
    expect(detail).toMatchObject({
      state: 'open',
      checkersNeeded: 1,
      missing: ['1 more of change.approve'],
      policy: { demands: [{ quorum: 1, checkers: ['change.approve'] }], policies: [{ id: null }] },
      input: { assets: [anyText], project: 'payments' },
      payload: { targets: [{ serial: 'S1', diskSerial: 'D1', bootId: 'boot-1' }] },
      expiresAt: room.clock.nowMs() + 24 * hourMs,
    });
  });

  it.each([
    ['payload', { payload: '{"imageId":"img_1","imageSha256":"","project":"x","sshKeys":[],"targets":[]}' }],
    ['effect', { effect: toJson([]) }],
    ['targets', { targets: toJson(['ast_other']) }],
    ['policy', { policy: toJson({ policies: [], demands: [], openForMs: 1, windows: [] }) }],
    ['expiry', { expires_at: 9_999_999_999_999 }],
    ['reason', { reason: 'another one' }],
  ])('is refused where its %s was altered behind its back', async (_, altered) => {
    const room = await changeRoom();
    const change = await file(room);
    await room.store.db.updateTable('changes').set(altered).where('id', '=', change.id).execute();
    const decided = await approve(room, 'cho', change).catch(() => undefined);
    expect(decided?.state ?? 'refused').toBe('refused');
    expect(await stateOf(room, 'S1')).toBe('SPARE');
  });

  it('is refused where what it is about was altered behind its back', async () => {
    const room = await changeRoom();
    const change = await file(room);
    await room.store.db.updateTable('change_subjects').set({ name: 'lab' }).where('change_id', '=', change.id).execute();
    expect(await approve(room, 'cho', change)).toMatchObject({ state: 'refused', stateReason: containing('hash') });
  }); // prettier-ignore

  it('is checked by another person, whatever credential its maker uses', async () => {
    const room = await changeRoom();
    const change = await room.call('max', 'asset.provision', { ...provision, assets: ['S1'] });
    await expect(approve(room, 'max', change)).rejects.toMatchObject({ code: 'permission_denied' });
    const second = await room.secondCredential('max');
    const input = { change: change.id, payloadSha256: change.payloadSha256 };
    await expect(room.call('max', 'change.approve', input, { caller: second })).rejects.toMatchObject({ message: containing('a different person') });
    await expect(room.call('ada', 'change.approve', input)).rejects.toMatchObject({ code: 'permission_denied' });
    expect((await approve(room, 'cho', change)).approvals).toMatchObject([{ person: 'cho', from: '192.0.2.7' }]);
    expect(await stateOf(room, 'S1')).toBe('RESERVED');
  }); // prettier-ignore

  it('is what its maker edits it to be, and earlier approvals are void', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 2 });
    const change = await file(room);
    await approve(room, 'cho', change);
    const edited = await room.call('mia', 'change.edit', { change: change.id, input: { ...provision, assets: ['S1', 'S2'] } });
    expect(edited).toMatchObject({ state: 'open', approvals: [], edits: 1, targets: [anyText, anyText] });
    expect(edited.payloadSha256).not.toBe(change.payloadSha256);
    await expect(approve(room, 'kim', change)).rejects.toMatchObject({ code: 'conflict' });
    await approve(room, 'cho', edited);
    const again = await room.call('mia', 'change.edit', { change: change.id, reason: 'another reason' });
    expect(again).toMatchObject({ approvals: [], edits: 2, reason: 'another reason', effect: edited.effect });
    await expect(room.call('max', 'change.edit', { change: change.id, reason: 'not mine' })).rejects.toMatchObject({ code: 'permission_denied' });
    await expect(room.call('mia', 'change.edit', { change: change.id, input: { assets: 'all' } })).rejects.toMatchObject({ code: 'invalid_argument' });
    await approve(room, 'cho', again);
    expect((await approve(room, 'kim', again)).state).toBe('executed');
    const { notes } = await room.call('vic', 'change.get', { change: change.id });
    expect(notes.map(({ kind, person }) => `${person} ${kind}`).toSorted()).toEqual(
      ['cho approval', 'cho approval', 'cho approval', 'kim approval', 'mia edit', 'mia edit'],
    );
    expect(notes.find(({ kind }) => kind === 'edit')?.text).toContain('no longer approved by cho');
  }); // prettier-ignore

  it('takes comments, of a limited number', async () => {
    const room = await changeRoom();
    const change = await file(room);
    const comment = (name: Name) => room.call(name, 'change.comment', { change: change.id, text: 'is the port done?' });
    const { notes } = await comment('mia');
    expect(notes).toMatchObject([{ kind: 'comment', person: 'mia', from: '192.0.2.7', text: 'is the port done?' }]);
    await expect(comment('vic')).rejects.toMatchObject({ code: 'permission_denied' });
    const note = { change_id: change.id, at: 1, kind: 'comment', person: 'mia', person_id: 'p', from_address: null, text: 'x' } as const;
    const many = Array.from({ length: 999 }, (_, n) => ({ ...note, id: `nte_${n}` }));
    await room.store.db.insertInto('change_notes').values(many).execute();
    await expect(comment('cho')).rejects.toMatchObject({ code: 'resource_exhausted' });
  }); // prettier-ignore

  it('of forty machines is one, shown in a line each, and all or nothing', async () => {
    const room = await changeRoom(41);
    const change = await room.call('mia', 'asset.provision', { ...provision, class: 'small', count: 40, hostname: 'ledger' });
    expect(change.targets).toHaveLength(40);
    expect(change.effect).toHaveLength(42);
    expect(change.effect[2]).toEqual({
      target: 'srv-1', label: 'disk', destructive: true,
      text: 'R1/U1  S1  nvme0n1  SN D1  4.0 GB  will be overwritten  →  10.9.0.1  ledger-1',
    });
    expect(change.summary).toContain('and 30 more');
    await room.store.db.updateTable('assets').set({ boot_id: 'another' }).where('serial', 'in', ['S7', 'S9']).execute();
    const refused = await approve(room, 'cho', change);
    expect(refused).toMatchObject({
      state: 'refused', operationIds: [], approvals: [{ person: 'cho' }],
      stateReason: 'srv-7 has booted again since this was filed; srv-9 has booted again since this was filed. File it anew.',
    });
    expect(new Set(await Promise.all(['S1', 'S7', 'S40', 'S41'].map((serial) => stateOf(room, serial))))).toEqual(new Set(['SPARE']));
    const second = await room.call('mia', 'asset.provision', { ...provision, class: 'small', count: 40, hostname: 'ledger' });
    const executed = await approve(room, 'cho', second);
    expect(executed).toMatchObject({ state: 'executed' });
    expect(new Set(executed.operationIds).size).toBe(40);
    const { items } = await room.call('vic', 'asset.list', { state: 'RESERVED', limit: 100 });
    expect(new Set(items.map(({ hostname }) => hostname)).size).toBe(40);
  }); // prettier-ignore

  it('gives no host name twice, though both were free when they were filed', async () => {
    const room = await changeRoom();
    const [one, two] = [
      await room.call('mia', 'asset.provision', { ...provision, assets: ['S1'], hostname: 'ledger' }),
      await room.call('mia', 'asset.provision', { ...provision, assets: ['S2'], hostname: 'ledger' }),
    ];
    expect((await approve(room, 'cho', one)).state).toBe('executed');
    expect(await approve(room, 'cho', two)).toMatchObject({ state: 'refused', stateReason: 'srv-2 cannot be ledger: that is the name of another machine now. File it anew.' });
  }); // prettier-ignore

  it.each<[string, (room: ChangeRoom) => Promise<unknown>, RegExp]>([
    ['booted again', (room) => room.store.db.updateTable('assets').set({ boot_id: 'b' }).execute(), /booted again/],
    ['is other hardware', (room) => room.store.db.updateTable('assets').set({ inventory_hash: 'h' }).execute(), /not the hardware/],
    ['is offline', (room) => room.store.db.updateTable('assets').set({ presence: 'offline' }).execute(), /is offline/],
    ['is taken', (room) => room.store.db.updateTable('assets').set({ operation_id: 'op_x' }).execute(), /is busy with op_x/],
    ['lost its maker', (room) => room.store.db.updateTable('people').set({ active: 0 }).where('name', '=', 'mia').execute(), /no longer active/],
    ['lost its maker’s right', (room) => room.setRoles('mia', ['viewer']), /no longer allowed/],
    ['lost its image', (room) => room.store.db.updateTable('images').set({ sha256: 'b'.repeat(64) }).execute(), /no longer the one/],
  ])('whose target %s is refused with the reason, and nothing happens', async (_, drift, why) => {
    const room = await changeRoom();
    const change = await file(room);
    await drift(room);
    const refused = await approve(room, 'cho', change);
    expect(refused).toMatchObject({ state: 'refused', stateReason: matching(why), operationIds: [] });
    expect((await room.store.db.selectFrom('operations').select('id').execute()).length).toBe(0);
    await expect(approve(room, 'kim', change)).rejects.toMatchObject({ code: 'failed_precondition' });
  }); // prettier-ignore
});

describe('approvers', () => {
  it.each<[string, (room: ChangeRoom) => Promise<unknown>]>([
    ['lost the role', (room) => room.setRoles('cho', ['viewer'])],
    ['left', (room) => room.store.db.updateTable('people').set({ active: 0 }).where('name', '=', 'cho').execute()],
    ['approved with a credential that was revoked since', (room) => room.store.db.updateTable('credentials').set({ revoked_at: 1 }).where('id', '=', room.credentialId('cho')).execute()],
  ])('who %s no longer count', async (_, lose) => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 2 });
    const change = await file(room);
    expect((await approve(room, 'cho', change)).missing).toEqual(['1 more of change.approve']);
    await lose(room);
    expect((await approve(room, 'kim', change))).toMatchObject({ state: 'open', missing: ['1 more of change.approve'] });
    expect((await approve(room, 'adi', change)).state).toBe('executed');
  }); // prettier-ignore

  it('count once each, at once or one after the other', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 2 });
    const change = await file(room);
    const twice = await Promise.allSettled([approve(room, 'cho', change), approve(room, 'cho', change)]);
    expect(twice.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const both = await Promise.allSettled([approve(room, 'kim', change), approve(room, 'adi', change)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await room.store.db.selectFrom('operations').select('id').execute()).length).toBe(1);
  });

  it('answer the same key with the same answer, executed and refused', async () => {
    const room = await changeRoom();
    const change = await file(room);
    const input = { change: change.id, payloadSha256: change.payloadSha256 };
    const first = await room.call('cho', 'change.approve', input, { key: 'k1' });
    expect(await room.call('cho', 'change.approve', input, { key: 'k1' })).toEqual(first);
    const drifted = await file(room, 'S2');
    await room.store.db.updateTable('assets').set({ boot_id: 'b' }).where('serial', '=', 'S2').execute();
    const again = { change: drifted.id, payloadSha256: drifted.payloadSha256 };
    const refused = await room.call('cho', 'change.approve', again, { key: 'k2' });
    expect(refused.state).toBe('refused');
    expect(await room.call('cho', 'change.approve', again, { key: 'k2' })).toEqual(refused);
  });

  it('of two groups are at least one of each', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 2, checkers: ['admin', 'approver'] });
    const change = await file(room);
    expect((await approve(room, 'cho', change)).missing).toEqual(['1 more of admin or approver', 'somebody of admin']);
    expect((await approve(room, 'kim', change)).missing).toEqual(['somebody of admin']);
    expect((await approve(room, 'adi', change)).state).toBe('executed');
  });

  it('are only those of its policy’s groups', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 1, checkers: ['person.create'] });
    const change = await file(room);
    await expect(approve(room, 'cho', change)).rejects.toMatchObject({ code: 'permission_denied', message: containing('person.create') });
    await expect(room.call('cho', 'change.reject', { change: change.id, reason: 'not mine' })).rejects.toMatchObject({ code: 'permission_denied' });
    expect((await approve(room, 'adi', change)).state).toBe('executed');
  }); // prettier-ignore
});

describe('a policy', () => {
  it('is set by a change, holds in its scope, and is not what was filed before it', async () => {
    const room = await changeRoom();
    const before = await file(room, 'S1');
    await setPolicy(room, { quorum: 2, scope: 'project:payments' });
    expect(await approve(room, 'cho', before)).toMatchObject({ state: 'refused', stateReason: containing('policy has become stricter') });
    expect((await file(room, 'S1')).policy.demands).toEqual([{ quorum: 2, checkers: ['change.approve'] }]);
    const elsewhere = await room.call('mia', 'asset.provision', { ...provision, project: 'lab', assets: ['S2'] });
    expect(elsewhere.checkersNeeded).toBe(1);
    const why = await room.call('vic', 'policy.explain', { verb: 'asset.provision', project: 'payments' });
    expect(why).toMatchObject({ floor: 1, mayCheckNow: ['adi', 'cho', 'kim', 'max'] });
    expect(why.considered.map(({ scope, holds }) => [scope, holds])).toEqual([['project:payments', true], ['region', false]]);
  }); // prettier-ignore

  it.each<[string, object, RegExp]>([
    ['below the floor', { quorum: 0 }, /never done alone/],
    ['for what is no state change', { verb: 'asset.list' }, /no state change/],
    ['of a group that is none', { checkers: ['kings'] }, /no role, permission or team kings/],
    ['of more groups than people', { quorum: 1, checkers: ['admin', 'approver'] }, /2 people; the quorum is 1/],
    ['that nobody could satisfy', { quorum: 5 }, /Nobody could approve/],
    ['of hours that end first', { window: { days: ['mon'], from: '09:00', to: '08:00' } }, /end before they begin/],
    ['of a tag named twice', { scope: 'tags:a=b,a=c' }, /tag is there twice/],
  ])('is refused %s', async (_, policy, why) => {
    const room = await changeRoom();
    await expect(room.call('ada', 'policy.set', setInput(policy))).rejects.toMatchObject({ message: matching(why) });
  }); // prettier-ignore

  it('of a noun does not go below the floor either', async () => {
    const room = await changeRoom();
    await setPolicy(room, { verb: 'asset.*', quorum: 0 });
    expect((await file(room)).state).toBe('open');
    await setPolicy(room, { verb: 'policy.*', quorum: 0 });
    expect(await room.call('ada', 'policy.set', setInput({ quorum: 2 }))).toMatchObject({
      state: 'open',
      checkersNeeded: 1,
    });
  });

  it('is replaced and deleted only as it was shown', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 2 });
    const [policy] = (await room.call('vic', 'policy.list', {})).items;
    const removal = await room.call('ada', 'policy.delete', { policy: policy?.id ?? '', reason: 'a test' });
    const other = await room.call('ada', 'policy.set', setInput({ quorum: 1 }));
    expect((await approve(room, 'cho', other)).state).toBe('executed');
    expect(await approve(room, 'cho', removal)).toMatchObject({ state: 'refused', stateReason: containing('changed meanwhile') });
    const again = await room.call('ada', 'policy.delete', { policy: policy?.id ?? '', reason: 'a test' });
    expect((await approve(room, 'cho', again)).state).toBe('executed');
    expect((await room.call('vic', 'policy.list', {})).items).toEqual([]);
  }); // prettier-ignore

  it('closes a change in its time, and not before', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 1, openForMs: hourMs });
    const change = await file(room);
    room.clock.set(change.expiresAt - 1);
    await settleDueChanges(room.store, room.deps);
    expect((await room.call('vic', 'change.get', { change: change.id })).state).toBe('open');
    room.clock.set(change.expiresAt);
    // It has not been closed yet, and it is over all the same.
    await expect(approve(room, 'cho', change)).rejects.toMatchObject({ code: 'failed_precondition', message: containing('expired') });
    const race = await Promise.allSettled([settleDueChanges(room.store, room.deps), approve(room, 'cho', change)]);
    expect(race.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await room.call('vic', 'change.get', { change: change.id })).state).toBe('expired');
    expect(await stateOf(room, 'S1')).toBe('SPARE');
  }); // prettier-ignore
});

describe('a change with hours', () => {
  // 2027-01-15 08:00 UTC, a Friday, is the clock of the fixture.
  const window = { days: ['mon' as const], from: '08:00', to: '16:00' };
  const monday = (room: ChangeRoom): number => room.clock.nowMs() + 3 * 24 * hourMs;

  async function waiting(): Promise<{ room: ChangeRoom; change: Change }> {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 1, window });
    const change = await file(room);
    const approved = await approve(room, 'cho', change);
    expect(approved).toMatchObject({ state: 'approved', runsAt: monday(room) });
    expect(await stateOf(room, 'S1')).toBe('SPARE');
    return { room, change };
  }

  it('runs when they begin, once', async () => {
    const { room, change } = await waiting();
    expect(await settleDueChanges(room.store, room.deps)).toBe(monday(room));
    expect(await stateOf(room, 'S1')).toBe('SPARE');
    await expect(approve(room, 'kim', change)).rejects.toMatchObject({ code: 'failed_precondition' });
    room.clock.set(monday(room));
    await Promise.all([settleDueChanges(room.store, room.deps), settleDueChanges(room.store, room.deps)]);
    expect((await room.call('vic', 'change.get', { change: change.id })).state).toBe('executed');
    expect((await room.store.db.selectFrom('operations').select('id').execute()).length).toBe(1);
  });

  it.each<[string, (room: ChangeRoom) => Promise<unknown>, RegExp]>([
    ['its target has drifted', (room) => room.store.db.updateTable('assets').set({ boot_id: 'b' }).execute(), /booted again/],
    ['its approver has lost the right', (room) => room.setRoles('cho', ['viewer']), /no longer counts: 1 more of change.approve/],
    ['its maker has lost the right', (room) => room.setRoles('mia', ['viewer']), /no longer allowed/],
    ['its policy has become stricter', (room) => setPolicy(room, { quorum: 2, window }), /has become stricter: 1 more/],
  ])('is refused then, where %s meanwhile', async (_, drift, why) => {
    const { room, change } = await waiting();
    await drift(room);
    room.clock.set(monday(room));
    await settleDueChanges(room.store, room.deps);
    const refused = await room.call('vic', 'change.get', { change: change.id });
    expect(refused).toMatchObject({ state: 'refused', stateReason: matching(why) });
    expect((await room.store.db.selectFrom('operations').select('id').execute()).length).toBe(0);
  }); // prettier-ignore

  it('can be withdrawn and rejected until then, and its machine is nobody else’s', async () => {
    const { room, change } = await waiting();
    await expect(file(room)).rejects.toMatchObject({ message: containing(`is wanted by ${change.id}`) });
    await room.call('mia', 'change.withdraw', { change: change.id });
    room.clock.set(monday(room));
    await settleDueChanges(room.store, room.deps);
    expect(await stateOf(room, 'S1')).toBe('SPARE');
    expect((await file(room)).state).toBe('open');
  });
});

describe('breaking the glass', () => {
  type Breaking = readonly [room: ChangeRoom, name: Name, change: Change, reason?: string];
  const broken = (...[room, name, change, reason = urgent]: Breaking): Promise<Change> => {
    const input = { change: change.id, payloadSha256: change.payloadSha256, reason };
    return room.call(name, 'change.break-glass', input, { extra: ['change.break-glass'] });
  };

  it('runs a change without its checkers, tells everybody, and waits for a review by somebody else', async () => {
    const room = await changeRoom();
    for (const name of ['ada', 'cho', 'vic'] as const) await room.call(name, 'notification.set', { email: `${name}@example.net` });
    await setPolicy(room, { quorum: 2 });
    const change = await file(room);
    await room.store.db.deleteFrom('mail_outbox').execute();
    expect(await broken(room, 'mia', change)).toMatchObject({ state: 'executed', breakGlass: { person: 'mia', reason: urgent } });
    const events = await room.call('vic', 'event.list', { limit: 1000 });
    expect(events.items.filter(({ kind }) => kind === 'alert').map(({ text }) => text)).toEqual([`BREAK-GLASS by mia: ${change.summary}: ${urgent}`]);
    const audit = await room.store.db.selectFrom('audit').selectAll().where('operation', '=', 'change.break-glass').execute();
    expect(audit).toMatchObject([{ outcome: 'done', message: containing('BREAK-GLASS') }]);
    const mails = await room.store.db.selectFrom('mail_outbox').selectAll().execute();
    expect(mails.filter(({ subject }) => subject.includes('BREAK-GLASS by mia')).map(({ address }) => address).toSorted()).toEqual(['ada@example.net', 'cho@example.net']);
    const work = await room.store.db.selectFrom('operations').select('work').execute();
    expect(work[0]?.work).toContain(`"breakGlass":"${room.personId('mia')}"`);
    expect((await room.call('vic', 'change.list', { toReview: true })).items).toHaveLength(1);
    await room.setRoles('mia', ['provisioner', 'approver']);
    await expect(room.call('mia', 'change.review', { change: change.id, note: 'fine' }, { extra: ['change.approve'] })).rejects.toMatchObject({ code: 'permission_denied' });
    expect((await room.call('cho', 'change.review', { change: change.id, note: 'incident 4711' })).review).toMatchObject({ person: 'cho' });
    expect((await room.call('vic', 'change.list', { toReview: true })).items).toEqual([]);
    await expect(room.call('kim', 'change.review', { change: change.id, note: 'again' })).rejects.toMatchObject({ code: 'already_exists' });
  }); // prettier-ignore

  it('is nobody’s by role, needs a reason, and every other check holds', async () => {
    const room = await changeRoom();
    const change = await file(room);
    const input = { change: change.id, payloadSha256: change.payloadSha256, reason: urgent };
    for (const name of ['ada', 'mia', 'cho', 'vic'] as const) {
      await expect(room.call(name, 'change.break-glass', input)).rejects.toMatchObject({ code: 'permission_denied' });
    }
    await expect(broken(room, 'mia', change, 'too short')).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(broken(room, 'mia', change, ' '.repeat(30))).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(broken(room, 'mia', { ...change, payloadSha256: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'conflict' });
    await room.store.db.updateTable('assets').set({ boot_id: 'b' }).execute();
    expect(await broken(room, 'mia', change)).toMatchObject({ state: 'refused', breakGlass: { person: 'mia' } });
    expect(await stateOf(room, 'S1')).toBe('SPARE');
    expect((await room.call('vic', 'change.list', { toReview: true })).items).toEqual([]);
  }); // prettier-ignore

  it('does not reach policies', async () => {
    const room = await changeRoom();
    const change = await room.call('ada', 'policy.set', setInput({ quorum: 2 }));
    await expect(broken(room, 'ada', change)).rejects.toMatchObject({
      message: containing('moves rights'),
    });
  });

  it('does not reach beyond the hours of a policy', async () => {
    const room = await changeRoom();
    await setPolicy(room, { quorum: 1, window: { days: ['mon'], from: '08:00', to: '16:00' } });
    expect(await broken(room, 'mia', await file(room))).toMatchObject({ state: 'refused', stateReason: containing('mon 08:00–16:00 UTC') });
  }); // prettier-ignore
});
