// asset.provision: SPAREs become BAREMETALs. Planned and shown at filing; checked again and started at approval.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import type { ProvisionInput } from '../../shared/api/provision.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Disk } from '../../shared/hardware/inventory.ts';
import { provisionSteps } from '../../shared/lifecycle/operation.ts';
import { formatDecimalBytes } from '../../shared/units.ts';
import { assetById, callName, findAsset, placeOf } from '../store/assets.ts';
import type { Rights } from '../domain/rbac.ts';
import { findProject } from '../store/groups.ts';
import { fromJson } from '../store/json.ts';
import { startOperation } from '../store/operations.ts';
import { projectSubject } from '../store/subjects.ts';
import { findImage, type ImageRow } from '../store/records.ts';
import type { AssetRow, ProvisionWork } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { never, visibleAssets, visibleChanges } from '../store/visibility.ts';
import type { Handlers } from './handler.ts';

const Target = Type.Object({
  assetId: Type.String(),
  serial: Type.String(),
  bootId: Type.String(),
  inventoryHash: Type.String(),
  diskSerial: Type.String(),
  address: Type.String(),
  hostname: Type.String(),
});
const Payload = Type.Object({
  imageId: Type.String(),
  imageSha256: Type.String(),
  project: Type.String(),
  sshKeys: Type.Array(Type.String()),
  targets: Type.Array(Target),
});
type Payload = Static<typeof Payload>;
type Target = Static<typeof Target>;
const payloadValidator = Compile(Payload);
const namesShown = 10;

export const provisionHandlers: Handlers<'asset.provision'> = {
  'asset.provision': {
    kind: 'state-change',
    plan: async (input, { uow, caller, editing }) => {
      const image = await findImage(uow.db, input.image);
      const assets = await chosenAssets(uow, input, { rights: caller.rights, editing });
      const targets: Target[] = [];
      const machines: Machine[] = [];
      for (const [index, asset] of assets.entries()) {
        const disk = await targetDisk(uow, asset, image);
        const hostname = hostnameFor(input, asset, index, assets.length);
        const target = await freeze(uow, { asset, disk, hostname, rights: caller.rights });
        targets.push(target);
        machines.push({ asset, disk, target });
      }
      checkHostnames(targets);
      const names = namesOf(assets);
      return {
        summary: `overwrite ${targets.length === 1 ? `disk ${targets[0]?.diskSerial} of` : 'a disk each of'} ${names}, boot ${image.name} ${image.version}`,
        reason: input.reason,
        payload: {
          imageId: image.id,
          imageSha256: image.sha256,
          project: input.project,
          sshKeys: input.sshKeys ?? [],
          targets,
        } satisfies Payload,
        targets: assets.map((asset) => asset.id),
        effect: effectOf(machines, image, input.project),
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(payloadValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
      const image = await uow.db.selectFrom('images').selectAll().where('id', '=', payload.imageId).executeTakeFirst();
      if (image?.sha256 !== payload.imageSha256)
        throw new PpecError('failed_precondition', 'The image is no longer the one that was shown.');
      const drifted = await driftOf(uow, payload.targets);
      if (drifted.length > 0) {
        const shown = drifted.slice(0, namesShown).join('; ');
        const more = drifted.length > namesShown ? `; and ${drifted.length - namesShown} more` : '';
        throw new PpecError('failed_precondition', `${shown}${more}. File it anew.`);
      }
      const operationIds: string[] = [];
      for (const target of payload.targets) operationIds.push(await start(uow, { target, payload, approval, image }));
      return operationIds;
    },
    // The machines belong to the project from then on, whatever else they are.
    subjects: async (payload, db) => {
      assert(payloadValidator.Check(payload), 'the payload of a provisioning is what was frozen');
      const project = await projectSubject(db, payload.project);
      const ids = payload.targets.map(({ assetId }) => assetId);
      const rows = await db.selectFrom('assets').select(['cluster', 'tags']).where('id', 'in', ids).execute();
      return rows.map(({ cluster, tags }) => ({ ...project, cluster, tags: fromJson(tags) }));
    },
  },
};

/** Named assets exactly, or the SPAREs of a class that have waited longest and that no open change wants already. */
async function chosenAssets(uow: UnitOfWork, input: ProvisionInput, asked: Asked): Promise<AssetRow[]> {
  const wanted = await wantedByOthers(uow, asked);
  if (input.assets !== undefined) {
    if (input.class !== undefined || input.count !== undefined) {
      throw new PpecError('invalid_argument', 'Name either assets, or a class and a count.');
    }
    const assets: AssetRow[] = [];
    for (const reference of new Set(input.assets)) {
      const asset = await findAsset(uow.db, reference);
      const problem =
        unfitness(asset) ?? (wanted.has(asset.id) ? `is wanted by ${wanted.get(asset.id)} already` : undefined);
      if (problem !== undefined) throw new PpecError('failed_precondition', `${callName(asset)} ${problem}.`);
      assets.push(asset);
    }
    return assets;
  }
  if (input.class === undefined)
    throw new PpecError('invalid_argument', 'Say which machines: assets, or a class and a count.');
  const count = input.count ?? 1;
  const wantedClass = input.class;
  const spares = await uow.db
    .selectFrom('assets')
    .selectAll()
    .where('state', '=', 'SPARE')
    .where(
      'class',
      wantedClass.includes('@') ? '=' : 'like',
      wantedClass.includes('@') ? wantedClass : `${wantedClass.replaceAll(/[%_]/g, '')}@%`,
    )
    .orderBy('state_since')
    .orderBy('id')
    .execute();
  const fit = spares.filter((asset) => unfitness(asset) === undefined && !wanted.has(asset.id)).slice(0, count);
  if (fit.length < count) {
    throw new PpecError('failed_precondition', shortage(count, wantedClass, { spares, fit: fit.length, wanted }));
  }
  return fit;
}

type Shortage = {
  readonly spares: readonly AssetRow[];
  readonly fit: number;
  readonly wanted: ReadonlyMap<string, string>;
};

function shortage(count: number, wantedClass: string, { spares, fit, wanted }: Shortage): string {
  const others = spares.slice(0, 20).flatMap((asset) => {
    const problem = unfitness(asset) ?? (wanted.has(asset.id) ? `is wanted by ${wanted.get(asset.id)}` : undefined);
    return problem === undefined ? [] : [`${callName(asset)} ${problem}`];
  });
  return `${count} wanted, ${fit} SPARE of ${wantedClass} free.${others.length === 0 ? '' : ` Not free: ${others.join('; ')}.`}`;
}

/** Why this machine cannot be taken now; undefined when it can. */
function unfitness(asset: AssetRow): string | undefined {
  if (asset.state !== 'SPARE') return `is ${asset.state}, not SPARE`;
  if (asset.presence !== 'online') return 'is offline';
  if (asset.hold !== 'none') return `is on hold (${asset.hold})`;
  if (asset.health === 'failed') return 'has failed health checks';
  if (asset.operation_id !== null) return `is busy with ${asset.operation_id}`;
  return undefined;
}

type Asked = { readonly rights: Rights; readonly editing: string | undefined };

/**
 * Asset → the change that may still run and wants it, which is named to whoever may see it. The one that is edited wants
 * nothing.
 */
async function wantedByOthers(uow: UnitOfWork, { rights, editing }: Asked): Promise<Map<string, string>> {
  const rows = await uow.db
    .selectFrom('changes')
    .select(['id', 'targets'])
    .select(visibleChanges(rights, 'change.get', 'changes.id').as('isVisible'))
    .where((eb) =>
      eb.or([eb('state', '=', 'approved'), eb.and([eb('state', '=', 'open'), eb('expires_at', '>', uow.nowMs)])]),
    )
    .where('id', '!=', editing ?? '')
    .execute();
  return new Map(
    rows.flatMap((row) =>
      fromJson(row.targets).map((target) => [target, row.isVisible ? row.id : 'another change'] as const),
    ),
  );
}

/** The disk that will be overwritten: the smallest with room for the image, NVMe before others; it must have a serial. */
async function targetDisk(uow: UnitOfWork, asset: AssetRow, image: ImageRow): Promise<Disk & { serial: string }> {
  const stored = await uow.db.selectFrom('inventories').selectAll().where('asset_id', '=', asset.id).executeTakeFirst();
  const disks = stored === undefined ? [] : fromJson(stored.inventory).disks;
  const fits = disks.flatMap((disk) =>
    disk.serial !== null &&
    disk.transport !== 'usb' &&
    disk.behind === null &&
    (disk.sizeBytes ?? 0) >= image.disk_bytes
      ? [{ ...disk, serial: disk.serial }]
      : [],
  );
  const [best] = fits.toSorted(
    (a, b) =>
      Number(b.transport === 'nvme') - Number(a.transport === 'nvme') ||
      (a.sizeBytes ?? 0) - (b.sizeBytes ?? 0) ||
      a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
  if (best === undefined) {
    throw new PpecError(
      'failed_precondition',
      `${callName(asset)} has no disk with a serial and room for ${image.name} (${formatDecimalBytes(image.disk_bytes)}).`,
    );
  }
  return best;
}

type Frozen = {
  readonly asset: AssetRow;
  readonly disk: { readonly serial: string };
  readonly hostname: string;
  readonly rights: Rights;
};

async function freeze(uow: UnitOfWork, { asset, disk, hostname, rights }: Frozen): Promise<Target> {
  if (asset.boot_id === null || asset.inventory_hash === null || asset.address === null) {
    throw new PpecError(
      'failed_precondition',
      `${callName(asset)} has no inspected boot or no production address yet.`,
    );
  }
  const holder = await holderOf(uow, { hostname, assetId: asset.id, rights });
  if (holder !== undefined)
    throw new PpecError('already_exists', `The host name ${hostname} belongs to ${holder}. Choose another: --hostname`);
  return {
    assetId: asset.id,
    serial: asset.serial,
    bootId: asset.boot_id,
    inventoryHash: asset.inventory_hash,
    diskSerial: disk.serial,
    address: asset.address,
    hostname,
  };
}

function hostnameFor(input: ProvisionInput, asset: AssetRow, ...[index, count]: [number, number]): string {
  if (input.hostname === undefined) return (asset.name ?? asset.serial).toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
  return count === 1 ? input.hostname : `${input.hostname}-${index + 1}`;
}

/** Two machines of one change are not given one name. */
function checkHostnames(targets: readonly Target[]): void {
  const taken = new Map<string, string>();
  for (const { hostname, serial } of targets) {
    const other = taken.get(hostname);
    if (other !== undefined) {
      throw new PpecError(
        'invalid_argument',
        `${other} and ${serial} would both be ${hostname}. Name them: --hostname`,
      );
    }
    taken.set(hostname, serial);
  }
}

function namesOf(assets: readonly AssetRow[]): string {
  const left = assets.length - namesShown;
  const shown = assets.slice(0, namesShown).map(callName).join(', ');
  return left > 0 ? `${shown} and ${left} more` : shown;
}

type Machine = {
  readonly asset: AssetRow;
  readonly disk: Disk & { serial: string };
  readonly target: Target;
};

/** One machine in all detail; of several, what they share once and then a line each. */
function effectOf(machines: readonly Machine[], image: ImageRow, project: string): EffectLine[] {
  const [only] = machines.length === 1 ? machines : [];
  const imageText = `${image.name} ${image.version}  sha256 ${image.sha256.slice(0, 12)}…  signed by ${image.key_id}`;
  if (only !== undefined) {
    const { asset, target } = only;
    const name = callName(asset);
    const facts = [name, placeOf(asset), asset.serial, asset.class ?? ''];
    return [
      line(name, 'asset', facts.filter((part) => part !== '').join('  ')),
      { ...line(name, 'disk', overwritten(only)), destructive: true },
      line(name, 'image', imageText),
      line(name, 'address', `${target.address}  ${target.hostname}`),
      line(name, 'project', project),
    ];
  }
  const all = `all ${machines.length}`;
  return [
    line(all, 'image', imageText),
    line(all, 'project', project),
    ...machines.map((machine) => {
      const { asset, target } = machine;
      const parts = [placeOf(asset), asset.serial, overwritten(machine), '→', target.address, target.hostname];
      return { ...line(callName(asset), 'disk', parts.filter((part) => part !== '').join('  ')), destructive: true };
    }),
  ];
}

function line(target: string, label: string, text: string): EffectLine {
  return { target, label, text, destructive: false };
}

function overwritten({ disk }: Machine): string {
  return `${disk.name}  SN ${disk.serial}  ${formatDecimalBytes(disk.sizeBytes ?? 0)}  will be overwritten`;
}

/** What speaks against each target now: all of them are looked at before the first one is touched. */
async function driftOf(uow: UnitOfWork, targets: readonly Target[]): Promise<string[]> {
  const drifted: string[] = [];
  for (const target of targets) {
    const asset = await assetById(uow.db, target.assetId);
    assert(asset !== undefined, `asset ${target.assetId} exists`);
    const holder = await holderOf(uow, { hostname: target.hostname, assetId: asset.id });
    const drift =
      unfitness(asset) ??
      (asset.boot_id !== target.bootId ? 'has booted again since this was filed' : undefined) ??
      (asset.inventory_hash !== target.inventoryHash ? 'is not the hardware that was shown' : undefined) ??
      (asset.address !== target.address ? 'has another production address now' : undefined) ??
      (holder === undefined ? undefined : `cannot be ${target.hostname}: that is the name of ${holder} now`);
    if (drift !== undefined) drifted.push(`${callName(asset)} ${drift}`);
  }
  return drifted;
}

type Held = { readonly hostname: string; readonly assetId: string; readonly rights?: Rights };

/** Whose host name it is, if another machine's; `rights`: of whoever is told. Nobody's where nobody asks. */
async function holderOf(uow: UnitOfWork, { hostname, assetId, rights }: Held): Promise<string | undefined> {
  const holder = await uow.db
    .selectFrom('assets')
    .select('serial')
    .select((rights === undefined ? never : visibleAssets(rights, 'asset.get')).as('isVisible'))
    .where('hostname', '=', hostname)
    .where('id', '!=', assetId)
    .executeTakeFirst();
  return holder === undefined ? undefined : holder.isVisible ? holder.serial : 'another machine';
}

type Start = {
  readonly target: Target;
  readonly payload: Payload;
  readonly approval: ProvisionWork['approval'];
  readonly image: ImageRow;
};

async function start(uow: UnitOfWork, { target, payload, approval, image }: Start): Promise<string> {
  const asset = await assetById(uow.db, target.assetId);
  assert(asset !== undefined, `asset ${target.assetId} exists`);
  const id = await startOperation(uow, {
    kind: 'asset.provision',
    assetId: asset.id,
    changeId: approval.changeId,
    steps: provisionSteps.map((name) => ({ name, state: 'pending', startedAt: null, endedAt: null, message: '' })),
    work: {
      imageId: payload.imageId,
      diskSerial: target.diskSerial,
      hostname: target.hostname,
      project: payload.project,
      sshKeys: payload.sshKeys,
      inventoryHash: target.inventoryHash,
      approval,
    },
  });
  await uow.patchAsset(
    asset,
    {
      state: 'RESERVED',
      state_reason: `approved: ${image.name} ${image.version} for ${payload.project}`,
      operation_id: id,
      project: payload.project,
      team: (await findProject(uow.db, payload.project)).team,
      hostname: target.hostname,
      image: `${image.name}@${image.version}`,
    },
    approval.changeId,
  );
  await uow.event('asset', asset.id, `${callName(asset)} RESERVED for ${payload.project}`);
  uow.wake(asset.id);
  return id;
}
