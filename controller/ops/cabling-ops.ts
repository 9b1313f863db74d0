// The cabling table: importing it, reading it, and what the machines hear beside it. A changed row is another question to
// every machine that it concerns: those that wait in PIOUS are inspected again, those in production are told of.
import type { CablingImport, CablingRow, CheckedMachine } from '../../shared/api/cabling.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { noPlace, type Cable, type PortPosition } from '../../shared/inspection/cabled.ts';
import { placeKey, switchKey } from '../../shared/inspection/switch-port.ts';
import { isInspectable } from '../../shared/lifecycle/asset.ts';
import { readCabling } from '../domain/cabling-document.ts';
import { callName, findAsset } from '../store/assets.ts';
import {
  assetsConcerned,
  assetsOfRack,
  cablingView,
  countCabling,
  writeCabling,
  type CablingDiff,
} from '../store/cabling.ts';
import type { Db } from '../store/database.ts';
import { inventoryOf } from '../store/inventories.ts';
import { ordersOf, positionOfAsset, recordedPlace, type Orders } from '../store/position.ts';
import type { AssetRow } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers, Written } from './handler.ts';
import { isWorking } from './order-machines.ts';
import { defaultLimit, pageOf } from './page.ts';

/** Switches named in an answer; machines in production compared in one import. */
const switchesShownMax = 1000;
const comparedMax = 500;

export const cablingHandlers: Handlers<'cabling.list' | 'cabling.check' | 'cabling.import' | 'cabling.delete'> = {
  'cabling.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, ...filter }, { deps }) => {
      let query = deps.db.selectFrom('cabling').selectAll();
      if (filter.switch !== undefined) query = query.where('switch_key', '=', switchKey(filter.switch));
      if (filter.rack !== undefined) query = query.where('rack_key', '=', placeKey(filter.rack));
      if (filter.datacenter !== undefined) query = query.where('datacenter_key', '=', placeKey(filter.datacenter));
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, cablingView);
    },
  },
  'cabling.check': {
    kind: 'read',
    run: async ({ asset, rack, datacenter = null, limit = defaultLimit, cursor }, { deps: { db } }) => {
      if ((asset === undefined) === (rack === undefined)) {
        throw new PpecError('invalid_argument', 'Name either an asset or a rack.');
      }
      const rows =
        rack === undefined
          ? [await findAsset(db, asset ?? '')]
          : await assetsOfRack(db, { rack, datacenter }, { limit: limit + 1, cursor });
      const orders = ordersOf(db);
      return pageOf(rows, limit, (row) => checkedMachine(db, row, orders));
    },
  },
  'cabling.import': {
    kind: 'write',
    run: async ({ fileName, text, mode = 'replace' }, { uow }) => {
      const rows = readCabling({ fileName, text });
      const switches = [...new Map(rows.map((row) => [switchKey(row.switch), row.switch]))];
      const keys = switches.map(([key]) => key);
      const diff = await writeCabling(uow, rows, { switches: keys, isWhole: mode === 'replace' });
      return settled(uow, { diff, names: switches.map(([, name]) => name), what: `${fileName} imported` });
    },
  },
  'cabling.delete': {
    kind: 'write',
    run: async (input, { uow }) => {
      const key = switchKey(input.switch);
      const diff = await writeCabling(uow, [], { switches: [key], isWhole: true });
      if (diff.removed.length === 0) {
        throw new PpecError(
          'not_found',
          `The cabling table has no switch '${input.switch}'. List its rows: ppec cabling list`,
        );
      }
      return settled(uow, { diff, names: [input.switch], what: `${input.switch} deleted` });
    },
  },
};

type Done = { readonly diff: CablingDiff; readonly names: readonly string[]; readonly what: string };

async function settled(uow: UnitOfWork, { diff, names, what }: Done): Promise<Written<CablingImport>> {
  const { added, changed, removed, unchanged } = diff;
  const concerned = await assetsConcerned(uow.db, diff);
  const counts = `${added.length} added, ${changed.length} changed, ${removed.length} removed`;
  const message = `cabling: ${what}, ${counts}`;
  if (added.length + changed.length + removed.length > 0) await uow.event('cabling', names[0] ?? '', message);
  const output = {
    switches: names.slice(0, switchesShownMax),
    added: added.length,
    changed: changed.length,
    removed: removed.length,
    unchanged,
    rows: await countCabling(uow.db),
    reinspected: await inspectAgain(uow, concerned),
    differing: await tellDiffering(uow, concerned),
  };
  return { output, targets: names.slice(0, switchesShownMax), message };
}

/** What waits in PIOUS was inspected with another table: with this one, it is another question. */
async function inspectAgain(uow: UnitOfWork, concerned: readonly AssetRow[]): Promise<number> {
  const waiting = concerned.filter(
    (asset) =>
      asset.home === 'pious' && (isInspectable(asset.state) || asset.state === 'INSPECTING') && !isWorking(asset),
  );
  for (const asset of waiting) {
    if (asset.inspected_hash !== null) {
      // What its ports hear may have changed with the table: the agent reads it again.
      const anew = isInspectable(asset.state) ? { inventory_boot_id: null } : {};
      await uow.patchAsset(asset, { inspected_hash: null, ...anew });
      await uow.event('asset', asset.id, `${callName(asset)}: the cabling table has changed; it is inspected again`);
    }
    uow.wake(asset.id);
  }
  return waiting.length;
}

/** What works is left alone; that the table has it elsewhere is told, and `cabling check` shows it. */
async function tellDiffering(uow: UnitOfWork, concerned: readonly AssetRow[]): Promise<string[]> {
  const orders = ordersOf(uow.db);
  const differing: string[] = [];
  const inProduction = concerned.filter(isWorking);
  for (const asset of inProduction.slice(0, comparedMax)) {
    const inventory = await inventoryOf(uow.db, asset.id);
    if (inventory === undefined) continue;
    const { findings } = await positionOfAsset(uow.db, asset, { inventory, orders });
    const finding = findings.find(({ severity }) => severity === 'block');
    if (finding === undefined) continue;
    differing.push(callName(asset));
    await uow.event('asset', asset.id, `${callName(asset)} differs from the cabling table: ${finding.sentence}`);
  }
  const left = inProduction.length - comparedMax;
  if (left > 0)
    await uow.event(
      'cabling',
      '',
      `cabling: ${left} more machines in production were not compared: ppec cabling check`,
    );
  return differing;
}

async function checkedMachine(db: Db, asset: AssetRow, orders: Orders): Promise<CheckedMachine> {
  const inventory = await inventoryOf(db, asset.id);
  const heard: Pick<Inventory, 'nics' | 'neighboursComplete'> = inventory ?? { nics: [], neighboursComplete: false };
  const { ordered, ports, findings } = await positionOfAsset(db, asset, { inventory: heard, orders });
  const isKnown = inventory !== undefined;
  return {
    assetId: asset.id,
    asset: callName(asset),
    state: asset.state,
    recorded: { ...noPlace, ...recordedPlace(asset) },
    ordered: { ...ordered },
    hasInventory: isKnown,
    isComplete: heard.neighboursComplete,
    ports: ports.map(portView),
    findings: isKnown ? [...findings] : [],
  };
}

function portView({ nic, cabled, wanted, verdict }: PortPosition): CheckedMachine['ports'][number] {
  const neighbour = nic?.neighbour ?? null;
  return {
    nic: nic?.name ?? null,
    mac: nic?.mac ?? null,
    linkUp: nic?.linkUp ?? null,
    heard: neighbour === null ? null : { switch: neighbour.system ?? neighbour.chassis, port: neighbour.port },
    cabled: cabled === null ? null : cableView(cabled),
    wanted: wanted === null ? null : cableView(wanted),
    verdict,
  };
}

function cableView({ switch: name, port, datacenter, rack, slot, nic }: Cable): Omit<CablingRow, 'comment'> {
  return { switch: name, port, datacenter, rack, slot, nic };
}
