// Machine classes: versioned hardware profiles, and what a changed one means for the machines that were bought as it.
import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { classFromInventory } from '../../shared/inspection/class-from-inventory.ts';
import { assetById, callName, findAsset } from '../store/assets.ts';
import { inventoryOf } from '../store/inventories.ts';
import { fromJson, toJson } from '../store/json.ts';
import { classView, findClass } from '../store/records.ts';
import { orderView } from '../store/stored-order.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers } from './handler.ts';
import { keepOrder } from './keep-order.ts';
import { isInspectedAgain } from './order-machines.ts';
import { defaultLimit, pageOf } from './page.ts';

export const classHandlers: Handlers<'class.list' | 'class.get' | 'class.derive' | 'class.create' | 'class.apply'> = {
  'class.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('machine_classes').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, classView);
    },
  },
  'class.get': {
    kind: 'read',
    run: async (input, { deps }) => {
      const row = await findClass(deps.db, input.class);
      if (row === undefined)
        throw new PpecError('not_found', `There is no machine class '${input.class}'. List them: ppec class list`);
      return classView(row);
    },
  },
  'class.derive': {
    kind: 'read',
    run: async ({ asset }, { deps }) => {
      const row = await findAsset(deps.db, asset);
      const inventory = await inventoryOf(deps.db, row.id);
      if (inventory === undefined)
        throw new PpecError('not_found', `${callName(row)} has not reported an inventory yet.`);
      return { asset: callName(row), class: row.class, spec: classFromInventory(inventory) };
    },
  },
  'class.create': {
    kind: 'write',
    run: async ({ name, spec }, { uow }) => {
      const newest = await findClass(uow.db, name);
      if (newest !== undefined && canonicalJson(fromJson(newest.spec)) === canonicalJson(spec)) {
        return {
          output: classView(newest),
          targets: [newest.id],
          message: `${name}@${newest.version} is the same already`,
        };
      }
      const row = {
        id: newId('machineClass', uow.ids),
        name,
        version: (newest?.version ?? 0) + 1,
        spec: toJson(spec),
        created_at: uow.nowMs,
      };
      await uow.db.insertInto('machine_classes').values(row).execute();
      await uow.changelog('class', { id: row.id, after: row });
      return { output: classView(row), targets: [row.id], message: `${name}@${row.version} created` };
    },
  },
  'class.apply': {
    kind: 'write',
    run: async ({ class: reference, from }, { uow }) => {
      const target = await findClass(uow.db, reference);
      if (target === undefined)
        throw new PpecError('not_found', `There is no machine class '${reference}'. List them: ppec class list`);
      const name = `${target.name}@${target.version}`;
      const replaced = from ?? `${target.name}@*`;
      if (from !== undefined && (!from.includes('@') || (await findClass(uow.db, from)) === undefined))
        throw new PpecError('not_found', `There is no class version '${from}'. Name one, as in ${target.name}@1.`);
      const covered = await applyClass(uow, name, (line) => line !== name && isCovered(line, replaced));
      const message = `${name} applied to ${covered.orders.length} orders: ${covered.inspected.length} machines are inspected again`;
      return { output: { class: name, ...covered }, targets: [target.id], message };
    },
  },
};

/** `compute-large@*` stands for every version. */
function isCovered(line: string, replaced: string): boolean {
  return replaced.endsWith('@*') ? line.startsWith(replaced.slice(0, -1)) : line === replaced;
}

type Covered = {
  readonly orders: string[];
  readonly inspected: string[];
  readonly left: { asset: string; state: string }[];
};

/** Every order that is not cancelled; its machines follow it. */
async function applyClass(uow: UnitOfWork, name: string, isReplaced: (line: string) => boolean): Promise<Covered> {
  const covered: Covered = { orders: [], inspected: [], left: [] };
  const rows = await uow.db.selectFrom('purchase_orders').selectAll().orderBy('id').execute();
  for (const row of rows) {
    const before = orderView(row);
    const numbers = before.lines.filter((line) => isReplaced(line.class)).map(({ line }) => line);
    if (numbers.length === 0 || before.state === 'cancelled') continue;
    const lines = before.lines.map((line) => (numbers.includes(line.line) ? { ...line, class: name } : line));
    const { documentSha256, state, stateReason } = before;
    await keepOrder(uow, before, { content: { ...before, lines }, documentSha256, state: { state, stateReason } });
    covered.orders.push(before.number);
    const machines = await uow.db
      .selectFrom('assets')
      .select('id')
      .where('purchase_order', '=', before.number)
      .where('order_line', 'in', numbers)
      .orderBy('serial')
      .execute();
    for (const { id } of machines) await tell(uow, id, covered, name);
  }
  return covered;
}

async function tell(uow: UnitOfWork, ...[id, covered, name]: [string, Covered, string]): Promise<void> {
  const asset = await assetById(uow.db, id);
  if (asset === undefined || asset.state === 'ORDERED') return;
  if (isInspectedAgain(asset)) {
    covered.inspected.push(callName(asset));
    await uow.event('asset', id, `${callName(asset)} is of ${name} now and is inspected again`);
    return;
  }
  covered.left.push({ asset: callName(asset), state: asset.state });
  await uow.event(
    'asset',
    id,
    `${callName(asset)} is ${asset.state}: of ${name} now, and not inspected as that before it comes back`,
  );
}
