// asset.provision: SPAREs become BAREMETALs. Planned and shown at filing; checked again and started at approval.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import type { ProvisionInput } from '../../shared/api/provision.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Disk } from '../../shared/hardware/inventory.ts';
import { newId } from '../../shared/ids.ts';
import { provisionSteps } from '../../shared/lifecycle/operation.ts';
import { formatDecimalBytes } from '../../shared/units.ts';
import { assetById, callName, findAsset, placeOf } from '../store/assets.ts';
import { fromJson, toJson } from '../store/json.ts';
import type { Rights } from '../domain/rbac.ts';
import { findProject } from '../store/groups.ts';
import { findImage, type ImageRow } from '../store/records.ts';
import type { AssetRow, ProvisionWork } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { visibleAssets, visibleChanges } from '../store/visibility.ts';
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

export const provisionHandlers: Handlers<'asset.provision'> = {
  'asset.provision': {
    kind: 'state-change',
    plan: async (input, { uow, caller }) => {
      const image = await findImage(uow.db, input.image);
      const assets = await chosenAssets(uow, input, caller.rights);
      const targets: Target[] = [];
      const effect: EffectLine[] = [];
      for (const [index, asset] of assets.entries()) {
        const disk = await targetDisk(uow, asset, image);
        const hostname = hostnameFor(input, asset, index, assets.length);
        const target = await freeze(uow, { asset, disk, hostname, rights: caller.rights });
        targets.push(target);
        effect.push(...effectOf(asset, { disk, image, target, project: input.project }));
      }
      const names = assets.map(callName).join(', ');
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
        effect,
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(payloadValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
      const image = await uow.db.selectFrom('images').selectAll().where('id', '=', payload.imageId).executeTakeFirst();
      if (image?.sha256 !== payload.imageSha256)
        throw new PpecError('failed_precondition', 'The image is no longer the one that was shown.');
      const operationIds: string[] = [];
      for (const target of payload.targets) operationIds.push(await start(uow, { target, payload, approval, image }));
      return operationIds;
    },
  },
};

/** Named assets exactly, or the SPAREs of a class that have waited longest and that no open change wants already. */
async function chosenAssets(uow: UnitOfWork, input: ProvisionInput, rights: Rights): Promise<AssetRow[]> {
  const wanted = await wantedByOpenChanges(uow, rights);
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

/** Asset → the change that wants it, which is named to whoever may see it. */
async function wantedByOpenChanges(uow: UnitOfWork, rights: Rights): Promise<Map<string, string>> {
  const rows = await uow.db
    .selectFrom('changes')
    .select(['id', 'targets'])
    .select(visibleChanges(rights, 'change.get', 'changes.id').as('isVisible'))
    .where('state', '=', 'open')
    .where('expires_at', '>', uow.nowMs)
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
  const holder = await uow.db
    .selectFrom('assets')
    .select(['id', 'serial'])
    .select(visibleAssets(rights, 'asset.get').as('isVisible'))
    .where('hostname', '=', hostname)
    .where('id', '!=', asset.id)
    .executeTakeFirst();
  if (holder !== undefined)
    throw new PpecError(
      'already_exists',
      `The host name ${hostname} belongs to ${holder.isVisible ? holder.serial : 'another machine'}. Choose another: --hostname`,
    );
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

type Shown = {
  readonly disk: Disk & { serial: string };
  readonly image: ImageRow;
  readonly target: Target;
  readonly project: string;
};

function effectOf(asset: AssetRow, { disk, image, target, project }: Shown): EffectLine[] {
  const name = callName(asset);
  const line = (label: string, text: string, destructive = false): EffectLine => ({
    target: name,
    label,
    text,
    destructive,
  });
  return [
    line('asset', [name, placeOf(asset), asset.serial, asset.class ?? ''].filter((part) => part !== '').join('  ')),
    line(
      'disk',
      `${disk.name}  SN ${disk.serial}  ${formatDecimalBytes(disk.sizeBytes ?? 0)}  will be overwritten`,
      true,
    ),
    line('image', `${image.name} ${image.version}  sha256 ${image.sha256.slice(0, 12)}…  signed by ${image.key_id}`),
    line('address', `${target.address}  ${target.hostname}`),
    line('project', project),
  ];
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
  const drift =
    unfitness(asset) ??
    (asset.boot_id !== target.bootId ? 'has booted again since this was filed' : undefined) ??
    (asset.inventory_hash !== target.inventoryHash ? 'is not the hardware that was shown' : undefined) ??
    (asset.address !== target.address ? 'has another production address now' : undefined);
  if (drift !== undefined) throw new PpecError('failed_precondition', `${callName(asset)} ${drift}. File it anew.`);
  const id = newId('operation', uow.ids);
  const work: ProvisionWork = {
    imageId: payload.imageId,
    diskSerial: target.diskSerial,
    hostname: target.hostname,
    project: payload.project,
    sshKeys: payload.sshKeys,
    inventoryHash: target.inventoryHash,
    approval,
  };
  await uow.db
    .insertInto('operations')
    .values({
      id,
      kind: 'asset.provision',
      asset_id: asset.id,
      change_id: approval.changeId,
      state: 'running',
      steps: toJson(
        provisionSteps.map((name) => ({
          name,
          state: 'pending' as const,
          startedAt: null,
          endedAt: null,
          message: '',
        })),
      ),
      progress_percent: 0,
      error: null,
      work: toJson(work),
      // The reconciler gives every step its own deadline as it starts.
      deadline_at: uow.nowMs,
      created_at: uow.nowMs,
      ended_at: null,
      revision: 1,
    })
    .execute();
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
