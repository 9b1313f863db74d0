// Who may do what: every operation, by every built-in role, at every kind of scope, on what is inside of it and outside,
// through the real runner; and what no list, count, cursor or refusal may tell.
//
// The matrix is test/fixtures/authorization-matrix.json. After a deliberate change of roles or operations write it anew, and
// read what changed before you commit it: npx vitest run --project integration test/integration/authorization.test.ts -u
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { builtInRoles, ownPermissions } from '../../controller/domain/built-in-roles.ts';
import { createRunner } from '../../controller/ops/runner.ts';
import { missing } from '../../controller/store/missing.ts';
import type { Store } from '../../controller/store/unit-of-work.ts';
import { objectMembers, type ObjectMember } from '../../shared/api/operation.ts';
import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import { roleNames, type RoleName } from '../../shared/api/role-names.ts';
import { PpecError } from '../../shared/errors.ts';
import { callAs, callerWith, twoTeams, type Half, type World } from '../fixtures/two-teams.ts';

let world: World;
beforeAll(async () => {
  world = await twoTeams();
});
afterAll(() => world[Symbol.asyncDispose]());

const scopes = ['region', 'team:red', 'project:red-pay', 'cluster:red-k8s', 'tags:env=red'] as const;
const members = Object.keys(objectMembers).filter((name): name is ObjectMember => Object.hasOwn(objectMembers, name));

/** Permissions that no built-in role has on purpose. Everything else that no role has is forgotten. */
const nobodys: readonly string[] = ['change.break-glass'];

class Undone extends Error {}

/** Whatever is written is undone, so that each cell begins with the same region. */
function undoing(store: Store): Store {
  return {
    ...store,
    write: async (actor, work) => {
      let result: { readonly value: Awaited<ReturnType<typeof work>> } | undefined;
      try {
        await store.write(actor, async (uow) => {
          result = { value: await work(uow) };
          throw new Undone();
        });
      } catch (thrown) {
        if (!(thrown instanceof Undone)) throw thrown;
      }
      if (result === undefined) throw new Error('the work was done before it was undone');
      return result.value;
    },
  };
}

/** The example of an operation, about what belongs to one team. */
function inputOf(operation: AnyOperation, half: Half): Record<string, unknown> {
  const input: Record<string, unknown> = { ...operation.example };
  const taken = new Set(Object.keys(operation.input.properties));
  const about: readonly string[] = typeof operation.scope === 'string' ? [] : operation.scope;
  for (const member of members) {
    const isNeeded = member in input || about.includes(member);
    if (isNeeded && taken.has(member) && member !== 'assets') input[member] = half[member];
  }
  // Lists are asked for everything; a filter would only show less.
  return operation.scope === 'visible' && operation.method === 'GET' ? withoutFilters(operation, input) : input;
}

function withoutFilters({ input: schema }: AnyOperation, input: object): Record<string, unknown> {
  const needed = new Set<string>(schema.required ?? []);
  return Object.fromEntries(Object.entries(input).filter(([name]) => needed.has(name)));
}

const words = { red: /red/, blue: /blue/, pool: /pool/ };

/** `yes`, `denied`, `hidden`; of a list, what it shows. */
async function cell(operation: AnyOperation, half: Half, caller: ReturnType<typeof callerWith>): Promise<string> {
  const run = createRunner(undoing(world.store), world.deps);
  const input = inputOf(operation, half);
  try {
    const text = JSON.stringify(await callAs(run, { operation: operation.id, input, caller }));
    if (operation.scope !== 'visible') return 'yes';
    const shown = Object.entries(words).filter(([, pattern]) => pattern.test(text));
    return shown.length === 0 ? 'nothing' : shown.map(([name]) => name).join('+');
  } catch (thrown) {
    if (!(thrown instanceof PpecError)) throw thrown;
    if (thrown.code === 'permission_denied' && thrown.message.startsWith(`You may not ${operation.id}.`))
      return 'denied';
    const isHidden = members.some((member) => {
      const kind = objectMembers[member];
      const reference = String(input[member]);
      if (kind === 'scope') return thrown.message === missing('project', reference.replace(/^.*:/, '')).message;
      return thrown.message === missing(kind, reference).message;
    });
    return thrown.code === 'not_found' && isHidden ? 'hidden' : 'yes';
  }
}

async function row(operation: AnyOperation, role: RoleName): Promise<string> {
  const cells: string[] = [];
  for (const scope of scopes) {
    const caller = callerWith(role, scope);
    const inside = await cell(operation, world.halves.red, caller);
    const hasSides = typeof operation.scope !== 'string';
    cells.push(hasSides ? `${inside}/${await cell(operation, world.halves.blue, caller)}` : inside);
  }
  return cells.every((each) => each === cells[0])
    ? `everywhere ${cells[0] ?? ''}`
    : scopes.map((scope, index) => `${scope.split(':')[0] ?? ''} ${cells[index] ?? ''}`).join(', ');
}

it('has an example that is valid for every operation', () => {
  const wrong = operations.filter((operation) => !Compile(operation.input).Check(inputOf(operation, world.halves.red)));
  expect(wrong.map(({ id }) => id)).toEqual([]);
});

it('allows exactly what the matrix has', async () => {
  const matrix: Record<string, Record<string, RoleName[]>> = {};
  for (const operation of operations) {
    const rows: Record<string, RoleName[]> = {};
    for (const role of roleNames) (rows[await row(operation, role)] ??= []).push(role);
    matrix[operation.id] = rows;
  }
  await expect(`${JSON.stringify(matrix, null, 2)}\n`).toMatchFileSnapshot('../fixtures/authorization-matrix.json');
});

it('denies an operation that no role names: each one is in a role, is everybody’s own, or is nobody’s on purpose', () => {
  const named = new Set([
    ...roleNames.flatMap((role) => builtInRoles[role].permissions),
    ...ownPermissions,
    ...nobodys,
  ]);
  const permissions = new Set(operations.map(({ permission }) => permission));
  expect([...permissions].filter((permission) => !named.has(permission))).toEqual([]);
  expect([...named].filter((permission) => !permissions.has(permission))).toEqual([]);
});

it('gives nobody both sides of maker-checker by one built-in role', () => {
  const makes = new Set<string>(
    operations.filter(({ effect }) => effect === 'state-change').map(({ permission }) => permission),
  );
  const both = roleNames.filter((role) => {
    const { permissions } = builtInRoles[role];
    return permissions.includes('change.approve') && permissions.some((permission) => makes.has(permission));
  });
  expect(both).toEqual([]);
  expect(builtInRoles.admin.permissions).not.toContain('asset.provision');
});

describe('two teams', () => {
  const reads = operations.filter(({ effect }) => effect === 'read');

  it.each(roleNames)('do not see each other in any read: %s', async (role) => {
    const caller = callerWith(role, 'team:red');
    const run = createRunner(undoing(world.store), world.deps);
    for (const operation of reads) {
      for (const half of [world.halves.red, world.halves.blue]) {
        const input = inputOf(operation, half);
        const answer = await callAs(run, { operation: operation.id, input, caller }).then(
          (value) => JSON.stringify(value),
          (error: unknown) => (error instanceof PpecError ? error.message : String(error)),
        );
        // What was asked for by name is in the refusal as it was asked.
        const asked = Object.values(input).map(String);
        const text = asked.reduce((left, each) => left.replaceAll(each, ''), answer);
        expect({ operation: operation.id, text }).toEqual({
          operation: operation.id,
          text: expect.not.stringMatching(/blue/) as unknown,
        });
      }
    }
  });

  it('are answered the same for what is hidden as for what does not exist', async () => {
    const caller = callerWith('admin', 'team:red');
    const run = createRunner(undoing(world.store), world.deps);
    for (const operation of operations) {
      if (typeof operation.scope === 'string') continue;
      const hidden = inputOf(operation, world.halves.blue);
      const nothing = Object.fromEntries(
        Object.entries(hidden).map(([name, value]) => [
          name,
          name === 'scope' ? 'project:nobody' : isObject(name) ? 'nobody' : value,
        ]),
      );
      const said = async (input: Record<string, unknown>): Promise<unknown> => {
        const error: unknown = await callAs(run, { operation: operation.id, input, caller }).catch(
          (thrown: unknown) => thrown,
        );
        if (!(error instanceof PpecError)) return error;
        const names = Object.entries(input).flatMap(([name, value]) =>
          isObject(name) ? [String(value), String(value).replace(/^project:/, '')] : [],
        );
        return {
          code: error.code,
          message: names.reduce((text, name) => text.replaceAll(`'${name}'`, '…'), error.message),
        };
      };
      expect({ operation: operation.id, said: await said(hidden) }).toEqual({
        operation: operation.id,
        said: await said(nothing),
      });
    }
  });

  it('count only their own in the region, and no use of networks', async () => {
    const run = createRunner(undoing(world.store), world.deps);
    const caller = callerWith('viewer', 'team:red');
    expect(await callAs(run, { operation: 'region.get', input: {}, caller })).toMatchObject({
      assets: { BAREMETAL: 2 },
      changesOpen: 1,
      agentsOnline: 2,
    });
    expect(await callAs(run, { operation: 'network.get', input: { network: 'production' }, caller })).toMatchObject({
      used: null,
      free: null,
    });
    expect(await callAs(run, { operation: 'asset.list', input: { limit: 1 }, caller })).toMatchObject({
      next: expect.any(String) as unknown,
    });
    const second = await callAs(run, { operation: 'asset.list', input: { limit: 2 }, caller });
    expect(second).toMatchObject({ next: null });
  });

  it('are not told of each other by a part with the serial of both', async () => {
    await using own = await twoTeams();
    await own.store.db.updateTable('parts').set({ serial_key: 'SAME' }).execute();
    await own.person('rita');
    await own.grant('person:rita', 'viewer', 'team:red');
    expect(await own.call('rita', 'part.get', { part: 'SAME' })).toMatchObject({ id: own.halves.red.part });
  });

  it('do not learn which machine of the other was the peer in a burn-in', async () => {
    await using own = await twoTeams();
    const { red, blue } = own.halves;
    const peer = { peer_asset_id: blue.asset };
    await own.store.db.updateTable('burn_ins').set(peer).where('id', '=', red.burnIn).execute();
    await own.person('rita');
    await own.grant('person:rita', 'viewer', 'team:red');
    expect(await own.call('rita', 'burn-in.get', { burnIn: red.burnIn })).toMatchObject({ peer: 'another machine' });
    expect(JSON.stringify(await own.call('rita', 'burn-in.list', {}))).not.toContain('blue');
  });

  it('do not learn which machine of the other a part was in', async () => {
    await using own = await twoTeams();
    const { red, blue } = own.halves;
    await own.store.db
      .insertInto('part_events')
      .values({
        seq: 1,
        at: 1,
        part_id: red.part,
        event: 'came',
        asset_id: red.asset,
        slot: 'nvme0',
        from_asset_id: blue.asset,
        from_slot: 'nvme0',
        by_part_id: null,
        rma: null,
        reason: null,
        actor: 'agent',
      }) // prettier-ignore
      .execute();
    await own.person('rita');
    await own.grant('person:rita', 'viewer', 'team:red');
    for (const [operation, input] of [
      ['part.get', { part: red.part }],
      ['asset.timeline', { asset: red.asset }],
    ] as const) {
      const text = JSON.stringify(await own.call('rita', operation, input));
      expect(text).toContain('another machine');
      expect(text).not.toContain('blue');
    }
    // What went away from one's own machine is listed, but not where it is.
    await own.grant('person:rita', 'viewer', 'team:blue');
    expect(JSON.stringify(await own.call('rita', 'part.get', { part: red.part }))).toContain('srv-blue');
  });
});

function isObject(name: string): boolean {
  return Object.hasOwn(objectMembers, name);
}
