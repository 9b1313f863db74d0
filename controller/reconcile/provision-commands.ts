// The signed commands of a provisioning: what is sent to the agent, once per step, in one transaction with what it means.
import { assert } from '../../shared/assert.ts';
import type { ProvisionStep } from '../../shared/lifecycle/operation.ts';
import { seedFor } from '../domain/seed.ts';
import { assetById, callName } from '../store/assets.ts';
import { fromJson, toJson } from '../store/json.ts';
import type { ImageRow } from '../store/records.ts';
import type { Running } from '../store/running-operation.ts';
import type { ProvisionWork } from '../store/schema.ts';
import { createToken } from '../store/tokens.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import type { Db } from '../store/database.ts';
import { issueCommand } from './issue-command.ts';
import type { Hub } from './presence.ts';

export type ProvisioningDeps = {
  readonly store: Store;
  readonly hub: Hub;
  readonly region: string;
  readonly imageProblems: (image: ImageRow) => Promise<string[]>;
  readonly imageUrl: (sha256: string) => string;
  /** What the production agent is told of its controller. */
  readonly agentUrl: string;
  readonly caPem: string;
  readonly consoleText: (serial: string) => Promise<string | undefined>;
  /** Per step: how long it may take, milliseconds. */
  readonly deadlinesMs: Readonly<Record<ProvisionStep, number>>;
};

/** Where a provisioning is. */
export type At = Running<ProvisionWork>;
const actor = systemActor('provisioning');

export async function imageOf(db: Db, work: ProvisionWork): Promise<ImageRow | undefined> {
  return db.selectFrom('images').selectAll().where('id', '=', work.imageId).executeTakeFirst();
}

export async function sendProvision({ asset, operation, work }: At, deps: ProvisioningDeps): Promise<void> {
  const { store, hub, deadlinesMs } = deps;
  await store.write(actor, async (uow) => {
    const image = await imageOf(uow.db, work);
    const stored = await uow.db
      .selectFrom('inventories')
      .selectAll()
      .where('asset_id', '=', asset.id)
      .executeTakeFirst();
    assert(image !== undefined && stored !== undefined, `image and inventory of ${operation.id} are there`);
    const network = await uow.db
      .selectFrom('addresses')
      .innerJoin('networks', 'networks.id', 'addresses.network_id')
      .selectAll('networks')
      .where('addresses.asset_id', '=', asset.id)
      .executeTakeFirstOrThrow();
    const livesMs = deadlinesMs['write-image'] + deadlinesMs.kexec + deadlinesMs['phone-home'];
    const token = await createToken(
      uow.db,
      { kind: 'phone-home', mac: null, asset_id: asset.id, operation_id: operation.id, livesMs },
      uow.ids,
    );
    const seed = seedFor({
      assetId: asset.id,
      hostname: asset.hostname ?? callName(asset),
      sshKeys: work.sshKeys,
      inventory: fromJson(stored.inventory),
      address: asset.address ?? '',
      network: { cidr: network.cidr, gateway: network.gateway, dns: fromJson(network.dns) },
      agentFile: JSON.stringify({ controllerUrl: deps.agentUrl, caPem: deps.caPem, token }),
    });
    const commandId = await issueCommand(
      uow,
      { asset, operation, region: deps.region, livesMs: deadlinesMs['write-image'] },
      {
        name: 'provision',
        approval: { ...work.approval },
        args: {
          imageUrl: deps.imageUrl(image.sha256),
          manifest: image.manifest,
          manifestSignature: image.signature,
          imageKeyId: image.key_id,
          diskSerial: work.diskSerial,
          diskBytesMin: image.disk_bytes,
          seed,
        },
      },
    );
    await uow.patchOperation(operation, { work: toJson({ ...work, provisionCommandId: commandId }) });
    const fresh = await assetById(uow.db, asset.id);
    assert(fresh !== undefined, `${asset.id} exists`);
    await uow.patchAsset(
      fresh,
      { state: 'PROVISIONING', state_reason: `writing ${image.name} ${image.version}` },
      operation.change_id,
    );
    await uow.event('asset', asset.id, `${callName(asset)} PROVISIONING`);
  });
  await hub.deliver(asset.id);
}

export async function sendKexec({ asset, operation, work }: At, deps: ProvisioningDeps): Promise<void> {
  await deps.store.write(actor, async (uow) => {
    const commandId = await issueCommand(
      uow,
      { asset, operation, region: deps.region, livesMs: deps.deadlinesMs.kexec },
      {
        name: 'kexec',
        approval: { ...work.approval },
        args: { provisionCommandId: work.provisionCommandId ?? '', appendCmdline: '' },
      },
    );
    await uow.patchOperation(operation, { work: toJson({ ...work, kexecCommandId: commandId }) });
    const fresh = await assetById(uow.db, asset.id);
    assert(fresh !== undefined, `${asset.id} exists`);
    // From here on nobody can rule out that production ran.
    await uow.patchAsset(
      fresh,
      { production_ran: 'maybe', state_reason: 'starting the new system' },
      operation.change_id,
    );
  });
  await deps.hub.deliver(asset.id);
}
