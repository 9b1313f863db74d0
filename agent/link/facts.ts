// What an agent tells unasked while its link stands: the hardware where a fact has changed, and the health.
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { healthFloorMs } from '../../shared/protocol/limits.ts';
import type { AgentMessage, HealthReport } from '../../shared/protocol/messages.ts';
import type { CollectedInventory } from '../collect/inventory.ts';

export type FactsDeps = {
  readonly clock: Clock;
  readonly collect: () => Promise<CollectedInventory>;
  /** `clockAheadMs`: how far this host's clock is ahead of the controller's. */
  readonly health: (collected: CollectedInventory, clockAheadMs: number | undefined) => Promise<HealthReport>;
  readonly log: (text: string) => void;
};
type Send = (message: AgentMessage) => void;

const healthEveryMs = 30_000;
/** Reading all hardware costs a drive and a board controller some work. */
const collectEveryMs = 600_000;
/** Past the time in which every switch has spoken (LLDP). */
const listenMs = 40_000;

export type InventoryKeeper = {
  readonly current: () => CollectedInventory;
  readonly start: () => void;
  readonly stop: () => void;
  /** Reads the hardware again and tells all of it, the health first: who asks then inspects what it is told. */
  readonly tellAnew: (tellHealth: () => Promise<void>) => Promise<void>;
};

/** The hardware as it was last read. It is read again from time to time, and offered where a fact has changed. */
export function inventoryKeeper(
  deps: FactsDeps,
  collected: CollectedInventory,
  { send, onRead }: { readonly send: Send; readonly onRead: () => Promise<void> },
): InventoryKeeper {
  let current = collected;
  let timer: NodeJS.Timeout | undefined;
  let isTelling = false;
  // A reading that began before one that was asked for is older, whichever ends first.
  let asked = 0;
  const tick = async (): Promise<void> => {
    const askedBefore = asked;
    try {
      const fresh = await deps.collect();
      if (asked !== askedBefore) return;
      const isNew = fresh.hash !== current.hash;
      current = fresh;
      // The health first, as below.
      await onRead();
      if (isNew) send({ type: 'inventory-offer', body: { hash: fresh.hash } });
    } catch (error) {
      deps.log(`hardware not read: ${messageOf(error)}`);
    }
  };
  const schedule = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void tick().finally(schedule), isListening(current.inventory) ? listenMs : collectEveryMs);
  };
  return {
    current: () => current,
    start: schedule,
    stop: () => clearTimeout(timer),
    tellAnew: async (tellHealth) => {
      if (isTelling) return;
      isTelling = true;
      asked += 1;
      try {
        current = await deps.collect();
        await tellHealth();
        send({ type: 'inventory', body: current.report });
      } catch (error) {
        deps.log(`hardware not read: ${messageOf(error)}`);
      } finally {
        isTelling = false;
      }
    },
  };
}

type HealthReporter = {
  readonly start: () => void;
  readonly stop: () => void;
  /** Where it has changed. */
  readonly tell: () => Promise<void>;
  readonly tellAnew: () => Promise<void>;
};

/** Health on change, and on a slow floor. */
export function healthReporter(deps: FactsDeps, read: () => Promise<HealthReport>, send: Send): HealthReporter {
  let timer: NodeJS.Timeout | undefined;
  let lastFindings = '';
  let lastSentMs = 0;
  const report = async (isWanted: boolean): Promise<void> => {
    const health = await read();
    const findings = JSON.stringify([health.state, health.findings]);
    if (!isWanted && findings === lastFindings && deps.clock.nowMs() - lastSentMs < healthFloorMs) return;
    lastFindings = findings;
    lastSentMs = deps.clock.nowMs();
    send({ type: 'health', body: health });
  };
  const tell = (): Promise<void> =>
    report(false).catch((error: unknown) => deps.log(`health not read: ${messageOf(error)}`));
  return {
    tell,
    start: () => {
      void tell();
      clearInterval(timer);
      timer = setInterval(() => void tell(), healthEveryMs);
    },
    stop: () => clearInterval(timer),
    tellAnew: () => report(true),
  };
}

function isListening(inventory: Inventory): boolean {
  return !inventory.neighboursComplete && Object.hasOwn(inventory.evidence, 'lldp.json');
}
