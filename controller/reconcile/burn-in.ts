// A burn-in from its signed command to its result. What is stored says where it is, so a controller that was killed goes on
// from there. The burn-in of a boot that is over is over; without a result in its time it is ended.
import { burnInOutcome, burnInSummary, reportFigures } from '../../shared/burn-in/outcome.ts';
import { plannedSeconds, plannedTests } from '../../shared/burn-in/profiles.ts';
import type { BurnInArgs, BurnInPeer, BurnInProgress, BurnInReport, BurnInTools } from '../../shared/burn-in/report.ts';
import { isCompleted, type BurnInState } from '../../shared/lifecycle/burn-in.ts';
import type { OperationState } from '../../shared/lifecycle/operation.ts';
import { stepsAt, stepsOfReport } from '../domain/burn-in-steps.ts';
import { measuredOf } from '../domain/peers.ts';
import { callName } from '../store/assets.ts';
import { inventoryOf, reportOfBurnIn } from '../store/burn-ins.ts';
import { fromJson, toJson } from '../store/json.ts';
import { runningOperation, type Running } from '../store/running-operation.ts';
import type { BurnInWork, CommandRow, ProvisionWork } from '../store/schema.ts';
import { systemActor, type Store, type UnitOfWork } from '../store/unit-of-work.ts';
import { again, lookAgainAt, settled, type Reconciler, type Step } from './driver.ts';
import { commandOf, endCommands, issueCommand } from './issue-command.ts';
import type { Hub } from './presence.ts';

export type BurnInDeps = {
  readonly store: Store;
  readonly hub: Pick<Hub, 'deliver' | 'addressOf'>;
  readonly region: string;
  readonly tools: BurnInTools | null;
  /** What the agent of this asset told last. */
  readonly progressOf: (assetId: string) => BurnInProgress | undefined;
  /** What it may take beyond the time of its tests. */
  readonly extraMs: number;
  /** How long an agent has to end it when it is told to, or its peer to begin. */
  readonly stepMs: number;
};

type At = Running<BurnInWork>;
type End = { readonly state: Exclude<BurnInState, 'running'>; readonly message: string };

const actor = systemActor('burn-in');
/** Of iperf3, on both machines. */
const peerPort = 5201;
const peerPollMs = 1000;

export function burnInReconciler(deps: BurnInDeps): Reconciler {
  return {
    name: 'burn-in',
    step: async (assetId) => {
      const at = await runningOperation(deps.store.db, assetId, isBurnInWork);
      if (at === undefined) return settled;
      const { asset, operation, work } = at;
      const command = await commandOf(deps.store, work.commandId);
      if (command?.state === 'ended') return end(at, await endOf(command, at, deps), deps);
      if (asset.home !== 'pious' || asset.boot_id !== work.bootId) {
        const when = command === undefined ? 'before it began' : 'in the middle of it';
        return end(at, { state: 'interrupted', message: `the machine booted again ${when}` }, deps);
      }
      if (command === undefined) {
        return work.cancel === undefined ? begin(at, deps) : end(at, cancelled(work), deps);
      }
      if (work.cancel !== undefined && work.cancelCommandId === undefined) return sendCancel(at, command, deps);
      const isLate = deps.store.nowMs() >= operation.deadline_at;
      if (isLate) return work.cancel === undefined ? giveUp(at, deps) : end(at, cancelled(work), deps);
      await note(at, command, deps);
      return lookAgainAt(operation.deadline_at);
    },
  };
}

function isBurnInWork(work: ProvisionWork | BurnInWork): work is BurnInWork {
  return 'writeDiskSerials' in work;
}

async function begin(at: At, deps: BurnInDeps): Promise<Step> {
  const { asset, operation, work } = at;
  const peer = work.peer === null ? undefined : await peerOf(at, work.peer, deps);
  if (peer === 'gone')
    return end(at, { state: 'interrupted', message: 'the other machine ended its side first' }, deps);
  if (peer === 'waiting') {
    if (deps.store.nowMs() < operation.created_at + deps.stepMs) return lookAgainAt(deps.store.nowMs() + peerPollMs);
    return end(at, { state: 'interrupted', message: 'the other machine did not begin its side in time' }, deps);
  }
  const plan = plannedTests(work.profile, work.timeScale);
  const livesMs = Math.ceil(plannedSeconds(plan) * 1000) + deps.extraMs;
  const args: BurnInArgs = {
    profile: work.profile,
    timeScale: work.timeScale,
    tools: plan.some(({ needsTools }) => needsTools) ? deps.tools : null,
    writeDiskSerials: [...work.writeDiskSerials],
    ...(peer === undefined ? {} : { peer }),
  };
  await deps.store.write(actor, async (uow) => {
    const issue = { asset, operation, region: deps.region, livesMs };
    const commandId = await issueCommand(uow, issue, { name: 'burn-in', approval: work.approval, args });
    await uow.patchOperation(operation, {
      work: toJson({ ...work, commandId }),
      deadline_at: uow.nowMs + livesMs,
    });
    await uow.event('operation', operation.id, `${callName(asset)} burn-in ${work.profile}`);
  });
  await deps.hub.deliver(asset.id);
  return again;
}

/** The server's side begins first: the client waits until the other machine has taken its command. */
async function peerOf(
  { asset }: At,
  { assetId, operationId, role }: NonNullable<BurnInWork['peer']>,
  { store, hub }: BurnInDeps,
): Promise<BurnInPeer | 'waiting' | 'gone'> {
  const address = hub.addressOf(role === 'server' ? asset.id : assetId);
  if (role === 'server') return address === undefined ? 'waiting' : { address, port: peerPort, role };
  const server = await store.db
    .selectFrom('operations')
    .leftJoin('commands', 'commands.operation_id', 'operations.id')
    .select(['operations.state as operation', 'commands.state as command'])
    .where('operations.id', '=', operationId ?? '')
    .executeTakeFirst();
  if (server?.operation !== 'running') return 'gone';
  return address === undefined || server.command !== 'accepted' ? 'waiting' : { address, port: peerPort, role };
}

async function sendCancel(at: At, command: CommandRow, { store, hub, region, stepMs }: BurnInDeps): Promise<Step> {
  const { asset, operation, work } = at;
  await store.write(actor, async (uow) => {
    const issue = { asset, operation, region, livesMs: stepMs };
    const args = { burnInCommandId: command.id };
    const cancelCommandId = await issueCommand(uow, issue, { name: 'burn-in-cancel', approval: null, args });
    await uow.patchOperation(operation, {
      work: toJson({ ...work, cancelCommandId }),
      deadline_at: uow.nowMs + stepMs,
    });
  });
  await hub.deliver(asset.id);
  return again;
}

async function giveUp({ operation, work }: At, { store }: BurnInDeps): Promise<Step> {
  const cancel = { by: null, why: 'it did not end in its time' };
  await store.write(actor, (uow) => uow.patchOperation(operation, { work: toJson({ ...work, cancel }) }));
  return again;
}

function cancelled({ cancel }: BurnInWork): End {
  const { by = null, why = 'ended' } = cancel ?? {};
  return { state: by === null ? 'interrupted' : 'cancelled', message: why };
}

/** Writes down where it is, where that is another test or some percent further. */
async function note(
  { asset, operation, work }: At,
  command: CommandRow,
  { store, progressOf }: BurnInDeps,
): Promise<void> {
  const told = progressOf(asset.id);
  if (told?.commandId !== command.id) return;
  const steps = toJson(stepsAt(fromJson(operation.steps), told, store.nowMs()));
  const reason = `burn-in ${work.profile}: ${Math.floor(told.percent)} %, ${told.test}`;
  const isReasonNew = asset.state === 'INSPECTING' && asset.state_reason !== reason;
  if (steps === operation.steps && !isReasonNew) return;
  await store.write(actor, async (uow) => {
    await uow.patchOperation(operation, { steps, progress_percent: told.percent });
    if (isReasonNew) await uow.patchAsset(asset, { state_reason: reason });
  });
}

/** A result says what was found only where the whole plan ran. */
async function endOf(command: CommandRow, { operation, work }: At, { store }: BurnInDeps): Promise<End> {
  const report = await reportOfBurnIn(store.db, operation.id);
  if (command.outcome === 'succeeded' && report !== null) {
    const state = burnInOutcome(report);
    const message = failureText(report) ?? burnInSummary(report);
    if (state === 'passed' || state === 'unverifiable' || state === 'failed') return { state, message };
  }
  if (command.outcome === 'failed' && command.code === 'cancelled' && work.cancel !== undefined) return cancelled(work);
  return { state: 'interrupted', message: command.message };
}

function failureText({ results }: BurnInReport): string | undefined {
  const [first, ...others] = results.filter(({ outcome }) => outcome === 'failed');
  if (first === undefined) return undefined;
  return others.length === 0 ? first.sentence : `${first.sentence}; and ${others.length} more`;
}

const operationStateOf: Readonly<Record<End['state'], OperationState>> = {
  passed: 'succeeded',
  unverifiable: 'succeeded',
  failed: 'failed',
  interrupted: 'failed',
  cancelled: 'cancelled',
};

async function end({ asset, operation, work }: At, { state, message }: End, { store }: BurnInDeps): Promise<Step> {
  const report = await reportOfBurnIn(store.db, operation.id);
  await store.write(actor, async (uow) => {
    const steps = stepsOfReport(fromJson(operation.steps), report ?? { results: [] }, uow.nowMs);
    const operationState = operationStateOf[state];
    const isWell = operationState === 'succeeded';
    await uow.patchOperation(operation, {
      state: operationState,
      error: isWell ? null : message,
      ended_at: uow.nowMs,
      steps: toJson(steps),
      progress_percent: isWell ? 100 : operation.progress_percent,
    });
    await endCommands(uow, operation);
    await keepEnd(uow, { asset, operation, report }, { state, message });
    // What it found is for the inspection to judge, whoever asked for it.
    const isJudged = isCompleted(state) || asset.state === 'INSPECTING';
    const patch = { operation_id: null, ...(isJudged ? { inspected_hash: null } : {}) };
    await uow.patchAsset(asset, patch, operation.change_id === '' ? null : operation.change_id);
    const text = `${callName(asset)}: burn-in ${work.profile} ${state}: ${message}`;
    await uow.audit({
      operation: 'asset.burn-in',
      targets: [asset.id],
      outcome: isWell ? 'done' : 'failed',
      message: text,
      changeId: operation.change_id === '' ? null : operation.change_id,
    });
    await uow.event('asset', asset.id, text);
    if (work.peer !== null) uow.wake(work.peer.assetId);
  });
  return again;
}

type Ended = Pick<At, 'asset' | 'operation'> & { readonly report: BurnInReport | null };

async function keepEnd(uow: UnitOfWork, { asset, operation, report }: Ended, { state, message }: End): Promise<void> {
  const isComparable = report !== null && isCompleted(state) && asset.inventory_boot_id === asset.boot_id;
  // The figures of a test that failed are not what this machine can do.
  const figures = reportFigures((report?.results ?? []).filter(({ outcome }) => outcome !== 'failed'));
  await uow.db
    .updateTable('burn_ins')
    .set({
      state,
      message: message.slice(0, 1000),
      ended_at: uow.nowMs,
      figures: toJson(isComparable ? measuredOf(figures, await inventoryOf(uow.db, asset)) : []),
    })
    .where('id', '=', operation.id)
    .execute();
}
