// Burn-ins on demand: begun, watched, ended, compared. What writes to disks has a file of its own.
import type { BurnIn, PeerFigure } from '../../shared/api/burn-in.ts';
import { burnInProfiles, type BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import type { BurnInProgress } from '../../shared/burn-in/report.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Rights } from '../domain/rbac.ts';
import { compareWithPeers } from '../domain/peers.ts';
import { assetById, callName, findAsset } from '../store/assets.ts';
import {
  burnInDetail,
  burnInsOfClass,
  burnInView,
  findBurnIn,
  listBurnIns,
  peerFigures,
  startBurnIn,
  type BurnInFacts,
} from '../store/burn-ins.ts';
import type { Db } from '../store/database.ts';
import { fromJson, toJson } from '../store/json.ts';
import { findClass } from '../store/records.ts';
import type { AssetRow, BurnInRow, BurnInWork } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { ofVisibleAssets, seesAll, visibleAssets, type Condition } from '../store/visibility.ts';
import type { Handlers, OpsDeps } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

type BurnInIds = 'asset.burn-in' | 'burn-in.list' | 'burn-in.get' | 'burn-in.peers' | 'burn-in.cancel';

export const burnInHandlers: Handlers<BurnInIds> = {
  'asset.burn-in': {
    kind: 'write',
    run: async ({ asset: reference, profile, peer: peerReference, timeScale = 1 }, { uow, deps }) => {
      const asset = await findAsset(uow.db, reference);
      checkFit(asset, profile, deps);
      const peer = peerReference === undefined ? undefined : await findAsset(uow.db, peerReference);
      if (peer !== undefined) checkPeer(asset, peer, { profile, deps });
      const plain = { profile, timeScale, writeDiskSerials: [], approval: null, askedBy: uow.actor.name };
      const server =
        peer === undefined
          ? undefined
          : await startBurnIn(uow, peer, { ...plain, peer: { assetId: asset.id, operationId: null, role: 'server' } });
      const side =
        peer === undefined || server === undefined
          ? null
          : { assetId: peer.id, operationId: server, role: 'client' as const };
      const id = await startBurnIn(uow, asset, { ...plain, peer: side });
      const output = await burnInView(uow.db, await findBurnIn(uow.db, id), undefined);
      return {
        output,
        targets: peer === undefined ? [asset.id] : [asset.id, peer.id],
        message: `burn-in ${profile} of ${callName(asset)}${peer === undefined ? '' : ` with ${callName(peer)}`} asked for`,
      };
    },
  },
  'burn-in.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, asset, state }, { deps, caller }) => {
      const rows = await listBurnIns(deps.db, {
        limit,
        visible: ofVisibleAssets(caller.rights, 'burn-in.list', 'burn_ins.asset_id'),
        ...(asset === undefined ? {} : { assetId: (await findAsset(deps.db, asset)).id }),
        ...(state === undefined ? {} : { state }),
        ...(cursor === undefined ? {} : { before: cursor }),
      });
      return pageOf(rows, limit, async (row): Promise<BurnIn> =>
        withPeer(deps.db, caller.rights, { row, view: await burnInView(deps.db, row, await toldOf(row, deps)) }),
      );
    },
  },
  'burn-in.get': {
    kind: 'read',
    run: async ({ burnIn }, { deps, caller }) => {
      const row = await findBurnIn(deps.db, burnIn);
      return withPeer(deps.db, caller.rights, { row, view: await burnInDetail(deps.db, row, await toldOf(row, deps)) });
    },
  },
  'burn-in.peers': {
    kind: 'read',
    run: async ({ class: name }, { deps, caller }) => {
      if ((await findClass(deps.db, name)) === undefined) {
        throw new PpecError('not_found', `There is no class '${name}'. List them: ppec class list`);
      }
      const visible = ofVisibleAssets(caller.rights, 'burn-in.get', 'burn_ins.asset_id');
      const rows = await burnInsOfClass(deps.db, name, visible);
      return { items: (await Promise.all(rows.map((row) => peerLines(deps.db, row, visible)))).flat() };
    },
  },
  'burn-in.cancel': {
    kind: 'write',
    run: async ({ burnIn }, { uow, deps }) => {
      const row = await findBurnIn(uow.db, burnIn);
      const asset = await assetById(uow.db, row.asset_id);
      const name = asset === undefined ? row.asset_id : callName(asset);
      await askToEnd(uow, row, name);
      uow.wake(row.asset_id);
      const output = await burnInView(uow.db, row, await toldOf(row, { db: uow.db, burnIn: deps.burnIn }));
      return { output, targets: [row.asset_id], message: `end of the burn-in ${row.profile} of ${name} asked for` };
    },
  },
};

/** Why this machine cannot have one now. Throws `failed_precondition`. */
export function checkFit(asset: AssetRow, profile: BurnInProfileName, { burnIn }: Pick<OpsDeps, 'burnIn'>): void {
  const problem = unfitness(asset);
  if (problem !== undefined) throw new PpecError('failed_precondition', `${callName(asset)} ${problem}.`);
  if (burnIn.hasTools || !burnInProfiles[profile].tests.some(({ needsTools }) => needsTools)) return;
  throw new PpecError(
    'failed_precondition',
    `The profile ${profile} needs the tool image, and this controller has none. Build it (./build.sh image), name dist/tools/tools.squashfs as burnIn.tools in the controller's configuration, and start the controller anew. The profile intake needs none.`,
  );
}

function unfitness(asset: AssetRow): string | undefined {
  if (asset.home === 'production' || asset.state === 'BAREMETAL' || asset.state === 'PROVISIONING') {
    return `is ${asset.state} and in production: a burn-in runs only on machines that wait in PIOUS`;
  }
  if (!['INSPECTING', 'SPARE', 'QUARANTINED'].includes(asset.state)) {
    return `is ${asset.state}: a burn-in runs on machines that wait in PIOUS, which are INSPECTING, SPARE or QUARANTINED`;
  }
  if (asset.presence !== 'online') return 'is offline: power it on, and let it boot PIOUS from the network';
  if (asset.operation_id !== null)
    return `is busy with ${asset.operation_id}: ppec operation wait ${asset.operation_id}`;
  if (asset.inventory_boot_id !== asset.boot_id)
    return 'has not reported its hardware in this boot yet: try again in a moment';
  return undefined;
}

type Pair = { readonly profile: BurnInProfileName; readonly deps: OpsDeps };

function checkPeer(asset: AssetRow, peer: AssetRow, { profile, deps }: Pair): void {
  if (peer.id === asset.id) throw new PpecError('invalid_argument', 'A machine is not its own peer: name another one.');
  checkFit(peer, profile, deps);
  if (burnInProfiles[profile].tests.some(({ usesPeer }) => usesPeer)) return;
  throw new PpecError(
    'invalid_argument',
    `The profile ${profile} measures nothing between two machines; standard and soak do.`,
  );
}

async function askToEnd(uow: UnitOfWork, row: BurnInRow, name: string): Promise<void> {
  const operation = await uow.db.selectFrom('operations').selectAll().where('id', '=', row.id).executeTakeFirst();
  const work = operation === undefined ? undefined : burnInWork(fromJson(operation.work));
  if (operation?.state !== 'running' || work === undefined) {
    throw new PpecError('failed_precondition', `The burn-in ${row.id} of ${name} does not run: it is ${row.state}.`);
  }
  if (work.cancel !== undefined) return;
  const cancel = { by: uow.actor.id, why: `ended by ${uow.actor.name}` };
  await uow.patchOperation(operation, { work: toJson({ ...work, cancel }) });
  await uow.event('operation', operation.id, `${name}: burn-in ${row.profile} is to end, says ${uow.actor.name}`);
}

function burnInWork(work: object): BurnInWork | undefined {
  return isBurnIn(work) ? work : undefined;
}

function isBurnIn(work: object): work is BurnInWork {
  return 'writeDiskSerials' in work;
}

/** The other machine is named to whoever may see it. */
async function withPeer<View extends BurnIn>(
  db: Db,
  rights: Rights,
  { row, view }: { readonly row: BurnInFacts; readonly view: View },
): Promise<View> {
  if (row.peer_asset_id === null || seesAll(rights, 'asset.get')) return view;
  const peer = await db
    .selectFrom('assets')
    .select('id')
    .where('id', '=', row.peer_asset_id)
    .where(visibleAssets(rights, 'asset.get'))
    .executeTakeFirst();
  return peer === undefined ? { ...view, peer: 'another machine' } : view;
}

/** What was told of the one that runs; of none that has ended. */
async function toldOf(
  row: BurnInFacts,
  { db, burnIn }: Pick<OpsDeps, 'db' | 'burnIn'>,
): Promise<BurnInProgress | undefined> {
  const progress = row.state === 'running' ? burnIn.progressOf(row.asset_id) : undefined;
  if (progress === undefined) return undefined;
  const command = await db
    .selectFrom('commands')
    .select('id')
    .where('operation_id', '=', row.id)
    .where('id', '=', progress.commandId)
    .executeTakeFirst();
  return command === undefined ? undefined : progress;
}

async function peerLines(db: Db, row: BurnInFacts, visible: Condition): Promise<PeerFigure[]> {
  const asset = await assetById(db, row.asset_id);
  const deviations = compareWithPeers(fromJson(row.figures), await peerFigures(db, row, visible));
  return deviations.map(({ name, part, value, median, peers, percent, isLow }) => ({
    assetId: row.asset_id,
    asset: asset === undefined ? row.asset_id : callName(asset),
    burnIn: row.id,
    figure: name,
    part,
    value,
    median,
    peers,
    percent,
    isLow,
  }));
}
