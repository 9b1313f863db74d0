// How people come by rights, and how they do not: grants and memberships with a checker who does not gain, what takes effect
// at once, what may be asked about it. The real runner on a store in memory.
import { describe, expect, it } from 'vitest';

import type { Change } from '../../shared/api/change.ts';
import { systemActor } from '../../controller/store/unit-of-work.ts';
import { PpecError } from '../../shared/errors.ts';
import { twoTeams, type World } from '../fixtures/two-teams.ts';

// Typed as a text: what the matcher stands for.
const containing = (text: string): unknown => expect.stringContaining(text);
const refused = (text: string) => ({ code: 'permission_denied', message: containing(text) });

async function withPeople(): Promise<World> {
  const world = await twoTeams();
  for (const name of ['ada', 'amy', 'cho', 'kim', 'mia', 'vic']) await world.person(name);
  for (const name of ['ada', 'amy']) await world.grant(`person:${name}`, 'admin', 'region');
  for (const name of ['cho', 'kim']) await world.grant(`person:${name}`, 'approver', 'region');
  return world;
}

function isChange(value: unknown): value is Change {
  return typeof value === 'object' && value !== null && 'payloadSha256' in value;
}

async function file(world: World, person: string, ...[operation, input]: [string, object]): Promise<Change> {
  const change = await world.call(person, operation, { reason: 'a test', ...input });
  if (!isChange(change)) throw new Error(`${operation} answers with a change`);
  return change;
}

function approve(world: World, person: string, { id, payloadSha256 }: Change): Promise<unknown> {
  return world.call(person, 'change.approve', { change: id, payloadSha256 });
}

const may = async (world: World, person: string, ...[verb, input = {}]: [string, object?]): Promise<unknown> => {
  const answer = await world.call(person, 'auth.can-i', { verb, ...input });
  return typeof answer === 'object' && answer !== null && 'allowed' in answer ? answer.allowed : undefined;
};

describe('a grant', () => {
  it('counts from the moment a checker approves it, to the moment it is taken away or ends', async () => {
    await using world = await withPeople();
    const { asset } = world.halves.red;
    const change = await file(world, 'ada', 'grant.create', {
      holder: 'person:mia',
      role: 'operator',
      scope: 'project:red-pay',
    });
    expect(change.effect.map(({ label }) => label)).toEqual(['holder', 'role', 'scope', 'until']);
    expect(await may(world, 'mia', 'asset.inspect', { at: 'region' })).toBe(false);
    await expect(world.call('mia', 'asset.get', { asset })).rejects.toMatchObject({ code: 'permission_denied' });
    await approve(world, 'cho', change);
    expect(await world.call('mia', 'asset.get', { asset })).toMatchObject({
      team: 'red',
      cluster: 'red-k8s',
      tags: { env: 'red' },
    });
    await expect(world.call('mia', 'asset.get', { asset: world.halves.blue.asset })).rejects.toMatchObject({
      code: 'not_found',
    });
    const { id } = await world.store.db
      .selectFrom('grants')
      .select('id')
      .where('holder', '=', 'person:mia')
      .executeTakeFirstOrThrow();
    await approve(world, 'cho', await file(world, 'ada', 'grant.delete', { grant: id }));
    await expect(world.call('mia', 'asset.get', { asset })).rejects.toMatchObject({ code: 'permission_denied' });
    await world.grant('person:mia', 'viewer', 'team:red', world.clock.nowMs() + 1000);
    await world.call('mia', 'asset.get', { asset });
    world.clock.pass(1001);
    await expect(world.call('mia', 'asset.get', { asset })).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('is filed for somebody else, and checked by somebody who does not gain by it', async () => {
    await using world = await withPeople();
    const role = { role: 'provisioner', scope: 'region' };
    await expect(file(world, 'ada', 'grant.create', { holder: 'person:ada', ...role })).rejects.toMatchObject(
      refused('You would have more rights by this yourself'),
    );
    // Through a team or a project is for oneself too.
    await world.member('team:red', 'person:ada');
    await world.member('project:red-pay', 'person:cho');
    await expect(file(world, 'ada', 'grant.create', { holder: 'team:red', ...role })).rejects.toMatchObject(
      refused('You would have more rights'),
    );
    const change = await file(world, 'ada', 'grant.create', { holder: 'project:red-pay', ...role });
    await expect(approve(world, 'cho', change)).rejects.toMatchObject(refused('You would have more rights'));
    // An administrator is no checker, and a checker no administrator.
    await expect(approve(world, 'amy', change)).rejects.toMatchObject(refused('You may not change.approve.'));
    await expect(file(world, 'kim', 'grant.create', { holder: 'person:mia', ...role })).rejects.toMatchObject(
      refused('You may not grant.create.'),
    );
    await approve(world, 'kim', change);
    expect(await may(world, 'cho', 'asset.provision', { project: 'blue-pay' })).toBe(true);
  });

  it('is given within the scope of who gives it, and who checks it', async () => {
    await using world = await withPeople();
    await world.grant('person:mia', 'admin', 'team:red');
    await world.grant('person:vic', 'approver', 'project:red-pay');
    const mine = { holder: 'person:red-member', role: 'operator' };
    await expect(file(world, 'mia', 'grant.create', { ...mine, scope: 'region' })).rejects.toMatchObject(
      refused('It needs the permission grant.create at region.'),
    );
    await expect(file(world, 'mia', 'grant.create', { ...mine, scope: 'project:blue-pay' })).rejects.toMatchObject({
      code: 'not_found',
      message: "There is no project 'blue-pay'. List them: ppec project list",
    });
    await expect(file(world, 'mia', 'grant.create', { ...mine, scope: 'tags:env=red' })).rejects.toMatchObject(
      refused('grant.create at tags:env=red or region'),
    );
    const wide = await file(world, 'mia', 'grant.create', { ...mine, scope: 'team:red' });
    // To a checker of the project it does not exist, as it is about the team.
    await expect(approve(world, 'vic', wide)).rejects.toMatchObject({ code: 'not_found' });
    await approve(world, 'vic', await file(world, 'mia', 'grant.create', { ...mine, scope: 'project:red-pay' }));
  });

  it('to nobody, of no role, or that is there already is refused', async () => {
    await using world = await withPeople();
    const common = { role: 'viewer', scope: 'region' };
    await expect(file(world, 'ada', 'grant.create', { holder: 'person:nobody', ...common })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(file(world, 'ada', 'grant.create', { holder: 'team:nobody', ...common })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      file(world, 'ada', 'grant.create', { holder: 'person:mia', ...common, role: 'king' }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await world.grant('person:mia', 'viewer', 'region');
    await expect(file(world, 'ada', 'grant.create', { holder: 'person:mia', ...common })).rejects.toMatchObject({
      code: 'already_exists',
    });
  });
});

describe('a membership', () => {
  it('gives what the team has, when a checker approves; it ends at once', async () => {
    await using world = await withPeople();
    await world.grant('team:red', 'operator', 'team:red');
    const joining = { team: 'red', member: 'person:mia' };
    await expect(file(world, 'ada', 'team.add-member', { team: 'red', member: 'person:ada' })).rejects.toMatchObject(
      refused('You would have more rights'),
    );
    const change = await file(world, 'ada', 'team.add-member', joining);
    expect(change.effect).toMatchObject([{ text: 'person:mia' }, { text: 'operator at team:red' }]);
    await approve(world, 'cho', change);
    await world.call('mia', 'asset.get', { asset: world.halves.red.asset });
    await world.call('ada', 'team.remove-member', joining);
    await expect(world.call('mia', 'asset.get', { asset: world.halves.red.asset })).rejects.toMatchObject({
      code: 'permission_denied',
    });
  });

  it('is no way to what the team holds beyond the reach of its administrator, nor of its checker', async () => {
    await using world = await withPeople();
    await world.grant('person:mia', 'admin', 'team:red');
    await world.grant('person:vic', 'approver', 'team:red');
    const early = await file(world, 'mia', 'team.add-member', { team: 'red', member: 'person:kim' });
    await world.grant('team:red', 'approver', 'region');
    await expect(file(world, 'mia', 'team.add-member', { team: 'red', member: 'person:kim' })).rejects.toMatchObject(
      refused('team.add-member at region'),
    );
    expect(await approve(world, 'vic', early)).toMatchObject({
      state: 'refused',
      stateReason: containing('granted more since'),
    });
    const filed = await file(world, 'ada', 'team.add-member', { team: 'red', member: 'person:kim' });
    await expect(approve(world, 'vic', filed)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a custom role', () => {
  it('is made, held, changed and deleted with a checker, who does not hold it', async () => {
    await using world = await withPeople();
    const permissions = ['asset.get', 'burn-in.*'];
    await expect(file(world, 'ada', 'role.create', { name: 'viewer', permissions })).rejects.toMatchObject({
      code: 'already_exists',
    });
    await expect(
      file(world, 'ada', 'role.create', { name: 'tester', permissions: ['asset.explode'] }),
    ).rejects.toMatchObject({
      code: 'invalid_argument',
      message: containing('No operation needs asset.explode'),
    });
    await approve(world, 'cho', await file(world, 'ada', 'role.create', { name: 'tester', permissions }));
    await world.grant('person:mia', 'tester', 'team:red');
    expect(await world.call('mia', 'burn-in.get', { burnIn: world.halves.red.burnIn })).toMatchObject({
      message: 'red ran',
    });
    expect(await may(world, 'mia', 'asset.inspect', { at: 'region' })).toBe(false);
    await world.grant('team:red', 'tester', 'team:red');
    await world.member('team:red', 'person:cho');
    const more = await file(world, 'ada', 'role.update', {
      role: 'tester',
      permissions: [...permissions, 'asset.inspect'],
    });
    await expect(approve(world, 'cho', more)).rejects.toMatchObject(refused('You would have more rights'));
    await approve(world, 'kim', more);
    expect(await may(world, 'mia', 'asset.inspect', { asset: world.halves.red.asset })).toBe(true);
    await expect(file(world, 'ada', 'role.delete', { role: 'tester' })).rejects.toMatchObject({
      code: 'failed_precondition',
    });
    await expect(file(world, 'ada', 'role.update', { role: 'admin', permissions })).rejects.toMatchObject({
      code: 'failed_precondition',
    });
    await world.store.db.deleteFrom('grants').where('role', '=', 'tester').execute();
    await approve(world, 'cho', await file(world, 'ada', 'role.delete', { role: 'tester' }));
    await expect(world.call('ada', 'role.get', { role: 'tester' })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('sorting a machine into a scope', () => {
  it('by a tag that a grant names needs the right at region, and gives nobody rights of their own', async () => {
    await using world = await withPeople();
    const { asset } = world.halves.red;
    await world.grant('person:mia', 'operator', 'team:red');
    expect(await world.call('mia', 'asset.tag', { asset, set: { color: 'x' }, remove: ['nothing'] })).toMatchObject({
      tags: { env: 'red', color: 'x' },
    });
    await world.grant('person:vic', 'operator', 'tags:tier=1');
    await expect(world.call('mia', 'asset.tag', { asset, set: { tier: '1' } })).rejects.toMatchObject(
      refused('This tag decides who may do what on the machine. It needs the permission asset.tag at region.'),
    );
    await world.grant('person:ada', 'provisioner', 'tags:tier=1');
    await expect(world.call('ada', 'asset.tag', { asset, set: { tier: '1' } })).rejects.toMatchObject(
      refused('You would have more rights on this machine yourself'),
    );
    await world.call('amy', 'asset.tag', { asset, set: { tier: '1' } });
    expect(await world.call('vic', 'asset.list', { tag: 'tier=1' })).toMatchObject({ items: [{ id: asset }] });
    await expect(world.call('mia', 'asset.tag', { asset, remove: ['tier'] })).rejects.toMatchObject(
      refused('at region'),
    );
  });

  it('by a cluster needs the right where the machine is, and gives nobody rights of their own', async () => {
    await using world = await withPeople();
    const { asset } = world.halves.red;
    await world.call('ada', 'cluster.remove-asset', { cluster: 'red-k8s', asset });
    await world.grant('person:mia', 'operator', 'cluster:red-k8s');
    await expect(world.call('mia', 'cluster.add-asset', { cluster: 'red-k8s', asset })).rejects.toMatchObject({
      code: 'not_found',
    });
    await world.grant('person:mia', 'viewer', 'project:red-pay');
    await expect(world.call('mia', 'cluster.add-asset', { cluster: 'red-k8s', asset })).rejects.toMatchObject(
      refused('Nearest: the role operator of person:mia at cluster:red-k8s'),
    );
    await world.grant('person:ada', 'provisioner', 'cluster:red-k8s');
    await expect(world.call('ada', 'cluster.add-asset', { cluster: 'red-k8s', asset })).rejects.toMatchObject(
      refused('You would have more rights on this machine yourself'),
    );
    expect(await world.call('amy', 'cluster.add-asset', { cluster: 'red-k8s', asset })).toMatchObject({ assets: 2 });
    await expect(world.call('amy', 'cluster.add-asset', { cluster: 'blue-k8s', asset })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: containing('a cluster has BAREMETALs of its project, blue-pay'),
    });
  });
});

describe('the pool', () => {
  it('is seen by who may provision somewhere, and taken only into the projects they may', async () => {
    await using world = await withPeople();
    await world.grant('person:mia', 'provisioner', 'project:red-pay');
    await world.grant('person:vic', 'viewer', 'project:red-pay');
    expect(await world.call('mia', 'asset.get', { asset: 'srv-pool' })).toMatchObject({ state: 'SPARE' });
    await expect(world.call('vic', 'asset.get', { asset: 'srv-pool' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(world.call('mia', 'asset.inspect', { asset: 'srv-pool' })).rejects.toMatchObject(refused('at region'));
    const wanted = { assets: ['srv-pool'], image: 'none', reason: 'a test' };
    await expect(world.call('mia', 'asset.provision', { ...wanted, project: 'blue-pay' })).rejects.toMatchObject({
      code: 'not_found',
      message: "There is no project 'blue-pay'. List them: ppec project list",
    });
    // Allowed so far; there is no such image.
    await expect(world.call('mia', 'asset.provision', { ...wanted, project: 'red-pay' })).rejects.toMatchObject({
      message: containing("There is no image 'none'"),
    });
    await expect(
      world.call('mia', 'asset.provision', { ...wanted, assets: [world.halves.blue.asset], project: 'red-pay' }),
    ).rejects.toMatchObject({ code: 'not_found', message: containing(world.halves.blue.asset) });
    await world.grant('person:mia', 'viewer', 'project:blue-pay');
    await expect(world.call('mia', 'asset.provision', { ...wanted, project: 'blue-pay' })).rejects.toMatchObject(
      refused('asset.provision at project:blue-pay or team:blue or region'),
    );
  });
});

describe('asking', () => {
  it('tells which grant allows it', async () => {
    await using world = await withPeople();
    await world.grant('team:red', 'operator', 'team:red');
    expect(
      await world.call('red-member', 'auth.can-i', { verb: 'asset.inspect', asset: world.halves.red.asset }),
    ).toMatchObject({
      allowed: true,
      grant: { holder: 'team:red', role: 'operator', scope: 'team:red' },
      why: 'By the role operator of team:red at team:red.',
    });
  });

  it('tells what is missing, and who could ask for it', async () => {
    await using world = await withPeople();
    expect(await world.call('red-member', 'auth.can-i', { verb: 'asset.provision', project: 'red-pay' })).toMatchObject(
      {
        allowed: false,
        person: 'red-member',
        roles: ['provisioner'],
        scopes: ['project:red-pay', 'team:red', 'region'],
        grantors: ['person:ada', 'person:amy'],
        why: containing('Nearest: the role viewer of person:red-member at project:red-pay'),
      },
    );
  });

  it('tells nothing of what the asker may not see, and of others only to who reads all grants', async () => {
    await using world = await withPeople();
    const blue = { verb: 'asset.get', asset: world.halves.blue.asset };
    await expect(world.call('red-member', 'auth.can-i', blue)).rejects.toMatchObject({ code: 'not_found' });
    await expect(world.call('red-member', 'auth.can-i', { verb: 'asset.get', at: 'team:blue' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(world.call('red-member', 'auth.can-i', { verb: 'asset.get', as: 'ada' })).rejects.toMatchObject(
      refused('You may not ask about somebody else'),
    );
    expect(await world.call('ada', 'auth.can-i', { ...blue, as: 'blue-member' })).toMatchObject({
      allowed: true,
      person: 'blue-member',
    });
    expect(await world.call('ada', 'auth.can-i', { ...blue, as: 'red-member' })).toMatchObject({ allowed: false });
    await expect(world.call('ada', 'auth.can-i', { verb: 'asset.explode' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

describe('a narrower credential', () => {
  it('has less than its owner, in lists too', async () => {
    await using world = await withPeople();
    await world.grant('person:mia', 'operator', 'region');
    const limits = { scopes: [{ kind: 'team', name: 'red' }], access: 'read' } as const;
    const listed = await world.call('mia', 'asset.list', {}, limits);
    expect(JSON.stringify(listed)).not.toMatch(/blue|pool/);
    expect(JSON.stringify(listed)).toContain('srv-red');
    await expect(world.call('mia', 'asset.inspect', { asset: world.halves.red.asset }, limits)).rejects.toMatchObject(
      refused('This credential may only read.'),
    );
    await expect(world.call('mia', 'credential.create', { label: 'wide' }, limits)).rejects.toMatchObject({
      code: 'permission_denied',
    });
  });
});

describe('an open poll of events', () => {
  it('shows no more of what a grant showed that is gone, and does not end for what cannot be seen', async () => {
    await using world = await withPeople();
    const grant = await world.grant('person:mia', 'viewer', 'team:red');
    // Events 1 to 6 are of red, up to 12 of blue.
    const answer = world.call('mia', 'event.list', { after: 6, waitMs: 30_000 });
    let isAnswered = false;
    const settled = answer.finally(() => (isAnswered = true));
    const happens = async (asset: string): Promise<void> => {
      await expect.poll(() => world.polls()).toBe(1);
      await world.store.write(systemActor('test'), (uow) => uow.event('asset', asset, 'it happened'));
      await expect.poll(() => isAnswered || world.polls() === 1).toBe(true);
    };
    await happens(world.halves.blue.asset);
    expect(isAnswered).toBe(false);
    await world.store.db.deleteFrom('grants').where('id', '=', grant).execute();
    await happens(world.halves.red.asset);
    expect(isAnswered).toBe(false);
    world.clock.pass(30_001);
    world.happened();
    expect(await settled).toEqual({ items: [], last: 0, oldest: 1 });
  });

  it('answers when something is there that may be seen', async () => {
    await using world = await withPeople();
    await world.grant('person:mia', 'viewer', 'team:red');
    const answer = world.call('mia', 'event.list', { after: 6, waitMs: 30_000 });
    await expect.poll(() => world.polls()).toBe(1);
    await world.store.write(systemActor('test'), (uow) => uow.event('asset', world.halves.red.asset, 'red happened'));
    expect(await answer).toMatchObject({ items: [{ text: 'red happened' }], last: 14 });
  });
});

describe('a maker who lost the right', () => {
  it('ends their change when it is approved', async () => {
    await using world = await withPeople();
    const grant = await world.grant('person:mia', 'admin', 'team:red');
    const change = await file(world, 'mia', 'grant.create', {
      holder: 'person:vic',
      role: 'viewer',
      scope: 'team:red',
    });
    await world.store.db.deleteFrom('grants').where('id', '=', grant).execute();
    await world.grant('person:mia', 'admin', 'team:blue');
    expect(await approve(world, 'cho', change)).toMatchObject({
      state: 'refused',
      stateReason: 'Its maker mia is no longer allowed to ask for it. File it anew.',
    });
  });
});

it('refusals of writes are in the audit, as of what does not exist', async () => {
  await using world = await withPeople();
  await world.grant('person:mia', 'operator', 'team:red');
  for (const asset of [world.halves.blue.asset, 'nobody'])
    await expect(world.call('mia', 'asset.inspect', { asset })).rejects.toBeInstanceOf(PpecError);
  const rows = await world.store.db.selectFrom('audit').selectAll().orderBy('seq').execute();
  expect(rows.map(({ outcome, message }) => [outcome, message.replace(/'.*'/, '…')])).toEqual([
    ['refused', 'There is no asset …. List them: ppec asset list'],
    ['refused', 'There is no asset …. List them: ppec asset list'],
  ]);
});
