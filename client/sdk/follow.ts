// Following what goes on: the feed of events, and the end of an operation or a change. All of them outlast a controller
// that restarts.
import type { BurnInDetail } from '../../shared/api/burn-in.ts';
import type { Change } from '../../shared/api/change.ts';
import type { OperationHandle } from '../../shared/api/operation-handle.ts';
import type { RegionEvent } from '../../shared/api/region.ts';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { PpecError } from '../../shared/errors.ts';
import { isPending } from '../../shared/lifecycle/change.ts';
import { pause, type CallOptions, type Client } from './client.ts';

export type WatchOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  /** How long one request waits for the first event. */
  readonly waitMs?: number;
  /** The feed no longer had the events before `seq`. */
  readonly onGap?: (seq: number) => void;
};

const eventWaitMs = 20_000;
/** How long a controller may be away before following it fails. */
const patienceMs = 120_000;
const patiencePauseMs = 1000;

export type Events = {
  readonly items: readonly RegionEvent[];
  /** Where to go on. */
  readonly after: number;
  /** Set where the feed no longer had the events up to this one. */
  readonly gapUpTo: number | null;
};

/** The events after `after`; waits for the first one, up to `waitMs`. */
export async function nextEvents(client: Client, after: number, options: WatchOptions = {}): Promise<Events> {
  const { signal, clock = systemClock, waitMs = eventWaitMs } = options;
  const page = await patiently({ signal, clock }, () => client.call('event.list', { after, waitMs }, { signal }));
  const first = page.items[0];
  const hasGap = first !== undefined && page.oldest !== null && page.oldest > after + 1 && first.seq > after + 1;
  return {
    items: page.items,
    // A feed that ends before the place we know was started anew: go on from its end.
    after: page.items.at(-1)?.seq ?? Math.min(after, page.last),
    gapUpTo: hasGap ? first.seq : null,
  };
}

/** Events with a greater sequence number than `after`, as they happen; without `after`, from now on. */
export async function* watchEvents(
  client: Client,
  after: number | undefined,
  options: WatchOptions = {},
): AsyncGenerator<RegionEvent> {
  const { signal } = options;
  let at = after ?? (await lastEvent(client, { signal }));
  while (signal?.aborted !== true) {
    const events = await nextEvents(client, at, options);
    if (events.gapUpTo !== null) options.onGap?.(events.gapUpTo);
    yield* events.items;
    at = events.after;
  }
}

/** The sequence number of the newest event. */
export async function lastEvent(client: Client, options: CallOptions = {}): Promise<number> {
  return (await client.call('event.list', { limit: 1 }, options)).last;
}

export type WaitOptions<T> = {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  readonly pollMs?: number;
  /** Give up after this long; without it, never. */
  readonly timeoutMs?: number | undefined;
  readonly onUpdate?: (state: T) => void;
};

/** The operation when it has ended, well or not. */
export function waitForOperation(
  client: Client,
  id: string,
  options: WaitOptions<OperationHandle> = {},
): Promise<OperationHandle> {
  return waitFor(options, {
    what: `operation ${id}`,
    read: () => client.call('operation.get', { operation: id }, { signal: options.signal }),
    isOver: (operation) => operation.state !== 'running',
  });
}

/** The burn-in when it has ended, well or not. */
export function waitForBurnIn(
  client: Client,
  id: string,
  options: WaitOptions<BurnInDetail> = {},
): Promise<BurnInDetail> {
  return waitFor(options, {
    what: `burn-in ${id}`,
    read: () => client.call('burn-in.get', { burnIn: id }, { signal: options.signal }),
    isOver: (burnIn) => burnIn.state !== 'running',
  });
}

/** The change when it no longer waits for a checker: executed, refused, rejected, withdrawn or expired. */
export function waitForChange(client: Client, id: string, options: WaitOptions<Change> = {}): Promise<Change> {
  return waitFor(options, {
    what: `change ${id}`,
    read: () => client.call('change.get', { change: id }, { signal: options.signal }),
    isOver: (change) => !isPending(change.state),
  });
}

type Awaitable<T> = {
  readonly what: string;
  readonly read: () => Promise<T>;
  readonly isOver: (state: T) => boolean;
};

async function waitFor<T>(options: WaitOptions<T>, { what, read, isOver }: Awaitable<T>): Promise<T> {
  const { clock = systemClock, pollMs = 500, timeoutMs, signal } = options;
  const startedMs = clock.nowMs();
  for (;;) {
    const state = await patiently({ signal, clock }, read);
    options.onUpdate?.(state);
    if (isOver(state)) return state;
    if (timeoutMs !== undefined && clock.nowMs() - startedMs >= timeoutMs) {
      throw new PpecError(
        'deadline_exceeded',
        `${what} has not ended within ${Math.round(timeoutMs / 1000)} s; it goes on.`,
      );
    }
    await pause(pollMs, signal);
  }
}

type Patience = { readonly signal: AbortSignal | undefined; readonly clock: Clock };

async function patiently<T>({ signal, clock }: Patience, read: () => Promise<T>): Promise<T> {
  const startedMs = clock.nowMs();
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const isAway = error instanceof PpecError && (error.code === 'unavailable' || error.code === 'deadline_exceeded');
      if (!isAway || clock.nowMs() - startedMs >= patienceMs) throw error;
      await pause(patiencePauseMs, signal);
    }
  }
}
