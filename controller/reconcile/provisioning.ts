// Provisioning: the durable steps from an approval to a production system that phoned home. Each step reads where it is,
// does one bounded thing and comes again, so a controller that was killed anywhere goes on from there. Whatever fails
// ends in a state that says so: a SPARE as long as production never ran, else QUARANTINED with the console log.
import type { OperationStep } from '../../shared/api/operation-handle.ts';
import type { Finding } from '../../shared/inspection/finding.ts';
import type { ProvisionStep } from '../../shared/lifecycle/operation.ts';
import { markAddress } from '../store/addresses.ts';
import { callName } from '../store/assets.ts';
import { fromJson, toJson } from '../store/json.ts';
import { runningOperation } from '../store/running-operation.ts';
import type { BurnInWork, CommandRow, OperationRow, ProvisionWork } from '../store/schema.ts';
import { systemActor, type UnitOfWork } from '../store/unit-of-work.ts';
import { again, lookAgainAt, settled, type Reconciler, type Step } from './driver.ts';
import { commandOf, endCommands } from './issue-command.ts';
import { imageOf, sendKexec, sendProvision, type At, type ProvisioningDeps } from './provision-commands.ts';

type Outcome =
  | { readonly kind: 'done'; readonly message: string }
  | { readonly kind: 'wait' }
  | { readonly kind: 'failed'; readonly to: 'SPARE' | 'QUARANTINED'; readonly reason: string };

const wait: Outcome = { kind: 'wait' };
const done = (message: string): Outcome => ({ kind: 'done', message });
const failed = (to: 'SPARE' | 'QUARANTINED', reason: string): Outcome => ({ kind: 'failed', to, reason });

type StepRunner = {
  readonly run: (at: At, deps: ProvisioningDeps) => Promise<Outcome>;
  /** What it means that the step took too long. */
  readonly late: (at: At, deps: ProvisioningDeps) => Promise<Outcome>;
};

const actor = systemActor('provisioning');

const steps: Readonly<Record<ProvisionStep, StepRunner>> = {
  reinspect: {
    run: async ({ asset, work }, { hub }) => {
      if (asset.boot_id !== asset.inspected_boot_id || asset.inspected_hash !== work.inventoryHash) {
        return failed('SPARE', 'the machine is not the one that was approved: it booted again or its hardware changed');
      }
      return hub.isConnected(asset.id) ? done('inspected in this boot, hardware as approved') : wait;
    },
    late: () => Promise.resolve(failed('SPARE', 'its agent is not connected')),
  },
  'reserve-address': {
    run: async ({ asset }, { store }) => {
      if (asset.address === null) return failed('SPARE', 'its production address is gone');
      await store.write(actor, (uow) => markAddress(uow, asset, 'allocated'));
      return done(`${asset.address} ${asset.hostname ?? ''}`.trim());
    },
    late: () => Promise.resolve(failed('SPARE', 'its address was not allocated in time')),
  },
  'verify-image': {
    run: async ({ work }, { store, imageProblems }) => {
      const image = await imageOf(store.db, work);
      if (image === undefined) return failed('SPARE', 'the image is not in the catalogue any more');
      const problems = await imageProblems(image);
      return problems.length === 0
        ? done(`sha256 ${image.sha256.slice(0, 12)}…, signed by ${image.key_id}`)
        : failed('SPARE', `image ${image.name}@${image.version}: ${problems.join('; ')}`);
    },
    late: () => Promise.resolve(failed('SPARE', 'the image was not verified in time')),
  },
  'write-image': {
    run: async (at, deps) => {
      const command = await commandOf(deps.store, at.work.provisionCommandId);
      if (command === undefined) {
        await sendProvision(at, deps);
        return wait;
      }
      return command.boot_id === at.asset.boot_id ? ofCommand(command) : rebooted(command);
    },
    late: async ({ work }, { store }) => {
      const command = await commandOf(store, work.provisionCommandId);
      return command?.state === 'accepted'
        ? failed('QUARANTINED', 'the agent began to write the image and never told how it ended')
        : failed('SPARE', 'the agent never took the command to write the image');
    },
  },
  kexec: {
    run: async (at, deps) => {
      if (at.asset.home === 'production') return done('the new system is up');
      const command = await commandOf(deps.store, at.work.kexecCommandId);
      if (command === undefined) {
        await sendKexec(at, deps);
        return wait;
      }
      return command.boot_id === at.asset.boot_id ? ofCommand(command) : rebooted(command);
    },
    late: () => Promise.resolve(failed('QUARANTINED', 'the agent never told whether it started the new system')),
  },
  'phone-home': {
    run: ({ asset, work }) => {
      if (asset.home === 'production') return Promise.resolve(done(`from ${asset.address ?? 'production'}`));
      // It enrolled from PIOUS again: the new system did not stay up.
      const isBack = asset.presence === 'online' && asset.boot_id !== asset.inspected_boot_id;
      return Promise.resolve(
        isBack && work.kexecCommandId !== undefined
          ? failed('QUARANTINED', 'the machine came back in PIOUS instead of its new system')
          : wait,
      );
    },
    late: () => Promise.resolve(failed('QUARANTINED', 'the new system never phoned home')),
  },
};

export function provisioningReconciler(deps: ProvisioningDeps): Reconciler {
  return {
    name: 'provisioning',
    step: async (assetId) => {
      const at = await runningOperation(deps.store.db, assetId, isProvisionWork);
      if (at === undefined) return settled;
      const { operation } = at;
      const current = fromJson(operation.steps).find((candidate) => candidate.state !== 'done');
      if (current === undefined) return finish(at, deps);
      if (!isProvisionStep(current.name)) throw new Error(`${operation.id} has an unknown step ${current.name}`);
      if (current.state === 'pending') return beginStep(at, current.name, deps);
      const runner = steps[current.name];
      const outcome = await runner.run(at, deps);
      if (outcome.kind === 'done') return endStep(at, current.name, { message: outcome.message, deps });
      if (outcome.kind === 'failed') return fail(at, outcome, deps);
      if (deps.store.nowMs() < operation.deadline_at) return lookAgainAt(operation.deadline_at);
      // What happened meanwhile counts: the deadline is judged by the newest state.
      const late = await runner.late((await runningOperation(deps.store.db, assetId, isProvisionWork)) ?? at, deps);
      return late.kind === 'failed' ? fail(at, late, deps) : again;
    },
  };
}

function isProvisionStep(name: string): name is ProvisionStep {
  return Object.hasOwn(steps, name);
}

function isProvisionWork(work: ProvisionWork | BurnInWork): work is ProvisionWork {
  return 'imageId' in work;
}

async function beginStep(
  { operation, asset }: At,
  name: ProvisionStep,
  { store, deadlinesMs }: ProvisioningDeps,
): Promise<Step> {
  await store.write(actor, async (uow) => {
    await uow.patchOperation(operation, {
      steps: withStep(operation, name, { state: 'running', startedAt: uow.nowMs }),
      deadline_at: uow.nowMs + deadlinesMs[name],
      progress_percent: null,
    });
    await uow.event('operation', operation.id, `${callName(asset)} ${name}`);
  });
  return again;
}

type Ended = { readonly message: string; readonly deps: ProvisioningDeps };

async function endStep({ asset, operation }: At, name: ProvisionStep, { message, deps }: Ended): Promise<Step> {
  await deps.store.write(actor, async (uow) => {
    // A step may have patched the row itself: what it wrote stays.
    const newest = await uow.db
      .selectFrom('operations')
      .selectAll()
      .where('id', '=', operation.id)
      .executeTakeFirstOrThrow();
    await uow.patchOperation(newest, {
      steps: withStep(newest, name, { state: 'done', endedAt: uow.nowMs, message }),
      progress_percent: null,
    });
    await uow.event('operation', operation.id, `${callName(asset)} ${name} done: ${message}`);
  });
  return again;
}

function withStep(operation: OperationRow, name: string, patch: Partial<OperationStep>): OperationRow['steps'] {
  return toJson(fromJson(operation.steps).map((step) => (step.name === name ? { ...step, ...patch } : step)));
}

async function finish({ asset, operation, work }: At, { store }: ProvisioningDeps): Promise<Step> {
  await store.write(actor, async (uow) => {
    await uow.patchOperation(operation, { state: 'succeeded', ended_at: uow.nowMs });
    const reason = `${asset.image ?? 'its image'} phoned home`;
    await uow.patchAsset(
      asset,
      { state: 'BAREMETAL', state_reason: reason, operation_id: null, production_ran: 'yes' },
      operation.change_id,
    );
    await endWork(uow, operation);
    await uow.audit({
      operation: 'asset.provision',
      targets: [asset.id],
      outcome: 'done',
      message: `${callName(asset)} is a BAREMETAL of ${work.project} at ${asset.address ?? '?'}`,
      changeId: operation.change_id,
    });
    await uow.event('asset', asset.id, `${callName(asset)} BAREMETAL ${asset.hostname ?? ''} ${asset.address ?? ''}`);
  });
  return again;
}

async function fail(
  { asset, operation }: At,
  outcome: Extract<Outcome, { kind: 'failed' }>,
  { store, consoleText }: ProvisioningDeps,
): Promise<Step> {
  const log = outcome.to === 'QUARANTINED' ? await consoleText(asset.serial) : undefined;
  await store.write(actor, async (uow) => {
    const newest = await uow.db
      .selectFrom('operations')
      .selectAll()
      .where('id', '=', operation.id)
      .executeTakeFirstOrThrow();
    const current = fromJson(newest.steps).find((step) => step.state === 'running');
    await uow.patchOperation(newest, {
      state: 'failed',
      error: outcome.reason,
      ended_at: uow.nowMs,
      steps: withStep(newest, current?.name ?? '', { state: 'failed', endedAt: uow.nowMs, message: outcome.reason }),
    });
    await endWork(uow, operation);
    await markAddress(uow, asset, 'reserved');
    if (log !== undefined) await keepConsole(uow, asset.id, log);
    const isSpare = outcome.to === 'SPARE';
    await uow.patchAsset(
      asset,
      {
        state: outcome.to,
        state_reason: `provisioning failed: ${outcome.reason}`,
        operation_id: null,
        hostname: null,
        project: null,
        team: null,
        cluster: null,
        image: null,
        ...(isSpare
          ? { production_ran: 'no' as const }
          : { findings: toJson([failureFinding(outcome.reason, log !== undefined)]) }),
      },
      operation.change_id,
    );
    await uow.audit({
      operation: 'asset.provision',
      targets: [asset.id],
      outcome: 'failed',
      message: `${callName(asset)} is ${outcome.to}: ${outcome.reason}`,
      changeId: operation.change_id,
    });
    await uow.event('asset', asset.id, `${callName(asset)} ${outcome.to}: ${outcome.reason}`);
  });
  return again;
}

function failureFinding(reason: string, hasLog: boolean): Finding {
  return {
    path: 'provisioning',
    kind: 'degraded',
    severity: 'block',
    expected: 'a production system that phones home',
    actual: null,
    source: 'controller',
    rule: 'provisioning',
    class: null,
    sentence: `Provisioning failed: ${reason}.${hasLog ? ' Its console log is kept: ppec asset console.' : ''}`.slice(
      0,
      300,
    ),
  };
}

async function keepConsole(uow: UnitOfWork, assetId: string, text: string): Promise<void> {
  const row = { asset_id: assetId, text, at: uow.nowMs };
  await uow.db
    .insertInto('console_logs')
    .values(row)
    .onConflict((conflict) => conflict.column('asset_id').doUpdateSet(row))
    .execute();
}

/** Nothing of it is ever sent again, and its phone-home token is dead. */
async function endWork(uow: UnitOfWork, operation: OperationRow): Promise<void> {
  await endCommands(uow, operation);
  await uow.db
    .updateTable('tokens')
    .set({ used_at: uow.nowMs })
    .where('operation_id', '=', operation.id)
    .where('used_at', 'is', null)
    .execute();
}

function ofCommand(command: CommandRow): Outcome {
  if (command.state !== 'ended') return wait;
  switch (command.outcome) {
    case 'succeeded':
      return done(command.message);
    case 'failed':
    case 'refused':
      return failed('SPARE', command.message);
    case 'indeterminate':
    case null:
      return failed('QUARANTINED', `the agent does not know how far it came: ${command.message}`);
  }
}

function rebooted(command: CommandRow): Outcome {
  return command.state === 'pending'
    ? failed('SPARE', 'the machine booted again before the agent took the command')
    : failed('QUARANTINED', `the machine booted again in the middle of ${command.name}`);
}
