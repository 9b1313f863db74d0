// The reconcilers put together with their driver.
import type { Config } from './config.ts';
import { verdictOf } from './hub/agent-facts.ts';
import type { createRegistry } from './hub/registry.ts';
import { imageProblems } from './ops/image-ops.ts';
import { burnInReconciler } from './reconcile/burn-in.ts';
import { createDriver, type Driver } from './reconcile/driver.ts';
import { identityReconciler } from './reconcile/identity.ts';
import { inspectionReconciler } from './reconcile/inspection.ts';
import { presenceReconciler, type Hub, type Presence } from './reconcile/presence.ts';
import { provisioningReconciler } from './reconcile/provisioning.ts';
import { strongRng } from './strong-rng.ts';
import { assetById } from './store/assets.ts';
import { type Db } from './store/database.ts';
import { type Store } from './store/unit-of-work.ts';
import type { Core } from './core.ts';

export function createReconciling(core: Core): { presence: Presence; driver: Driver } {
  const { config, store, clock, log, registry, urls } = core;
  const hub: Hub = {
    isConnected: (assetId) => registry.find(assetId) !== undefined,
    deliver: async (assetId) => {
      const session = registry.find(assetId);
      if (session !== undefined) await core.signing.sender.send(session);
    },
    addressOf: (assetId) => registry.find(assetId)?.address,
    askAnew: (assetId) => registry.find(assetId)?.send({ type: 'inventory-request', body: { hash: null } }),
  };
  const presence = presenceReconciler({ store, clock, hub, ...config.timing });
  const provisioning = provisioningReconciler({
    ...core,
    region: config.region,
    hub,
    imageProblems: (image) => imageProblems(image, core.ops),
    imageUrl: (sha256) => `${urls.bootUrl}/boot/images/${sha256}`,
    agentUrl: urls.agentUrl,
    caPem: core.ca.caPem,
    deadlinesMs: deadlinesOf(config),
  });
  const burnIn = burnInReconciler({
    ...core,
    region: config.region,
    hub,
    progressOf: core.burnIns.progressOf,
    extraMs: config.timing.burnInExtraMs,
    stepMs: config.timing.stepMs,
  });
  const rules = { ...config.burnIn, hasTools: core.tools !== null };
  const driver = createDriver({
    clock,
    rng: strongRng,
    log,
    ran: verdictTeller(store, registry),
    // A burn-in that has ended is judged at once.
    reconcilers: [
      presence.reconciler,
      identityReconciler({ store, findSession: registry.find }),
      burnIn,
      inspectionReconciler(store, hub, rules),
      provisioning,
    ],
  });
  return { presence, driver };
}

/** What was under way when the controller last ran goes on. */
export async function resume(db: Db, driver: Driver): Promise<void> {
  const rows = await db.selectFrom('assets').select('id').where('state', 'not in', ['ORDERED', 'RETIRED']).execute();
  for (const { id } of rows) driver.wake(id);
}

function deadlinesOf({ timing }: Config) {
  return {
    reinspect: timing.stepMs,
    'reserve-address': timing.stepMs,
    'verify-image': timing.stepMs,
    'write-image': timing.writeImageMs,
    kexec: timing.kexecMs,
    'phone-home': timing.phoneHomeMs,
  };
}

/** Tells an agent what the controller thinks of its machine, when that changed. */
function verdictTeller(store: Store, registry: ReturnType<typeof createRegistry>): (assetId: string) => Promise<void> {
  const told = new WeakMap<object, string>();
  return async (assetId) => {
    const session = registry.find(assetId);
    const asset = session === undefined ? undefined : await assetById(store.db, assetId);
    if (session === undefined || asset === undefined) return;
    const body = verdictOf(asset);
    const text = JSON.stringify(body);
    if (told.get(session) === text) return;
    told.set(session, text);
    session.send({ type: 'verdict', body });
  };
}
