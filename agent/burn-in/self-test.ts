// The drives' own self-tests, all drives at once. A drive is asked to begin, then asked until it has ended; what it then
// says is judged from the fields of its kind. A cancelled run has the drives stop.
import { setTimeout as delay } from 'node:timers/promises';

import { judgeSelfTest, selfTestState, type SelfTestState } from '../../shared/burn-in/drive-health.ts';
import type { Disk } from '../../shared/hardware/inventory.ts';
import { hasCounters, jsonFrom } from './drive-tools.ts';
import { lastWords, runChild } from './child.ts';
import { diskName, type Finding, type TestContext } from './machine.ts';

const startMs = 30_000;
const pollMsMax = 15_000;

/** How one kind of drive is spoken to. */
type Dialect = {
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly ask: readonly string[];
};

export async function testSelfTests(context: TestContext): Promise<Finding[]> {
  const disks = context.inventory.disks.filter(hasCounters);
  if (disks.length === 0)
    return [{ component: 'disks', outcome: 'skipped', sentence: 'disks: none of them has a self-test', figures: {} }];
  return Promise.all(disks.map((disk) => selfTest(disk, context)));
}

async function selfTest(disk: Disk, context: TestContext): Promise<Finding> {
  const component = diskName(disk);
  const kind = context.plan.intensity < 1 ? 'short' : 'long';
  const finding = (state: SelfTestState): Finding => ({
    component,
    ...judgeSelfTest(component, kind, state),
    figures: {},
  });
  const dialect = dialectOf(disk, kind, context);
  const { signal } = context;
  const begun = await runChild(dialect.start, { signal, timeoutMs: startMs, cwd: '/' });
  if (begun.status !== 0) return finding({ kind: 'none', why: `it begins no ${kind} self-test: ${lastWords(begun)}` });
  const end = performance.now() + context.plan.seconds * 1000;
  const pollMs = Math.min(pollMsMax, (context.plan.seconds * 1000) / 4);
  try {
    for (;;) {
      // First the pause: until it has really begun, a drive still tells of the test before.
      await delay(pollMs, undefined, { signal });
      const state = selfTestState(await jsonFrom(dialect.ask, signal));
      if (state.kind !== 'running') return finding(state);
      context.log(`${component}: ${kind} self-test${state.percent === undefined ? '' : ` ${state.percent} %`}`);
      if (performance.now() >= end) {
        await stop(dialect);
        return finding(state);
      }
    }
  } catch (error) {
    if (signal.aborted) await stop(dialect);
    throw error;
  }
}

async function stop({ stop: words }: Dialect): Promise<void> {
  await runChild(words, { signal: new AbortController().signal, timeoutMs: startMs, cwd: '/' });
}

function dialectOf(disk: Disk, kind: 'short' | 'long', { tools }: TestContext): Dialect {
  const device = `/dev/${disk.name}`;
  if (disk.transport !== 'nvme' || typeof tools === 'string') {
    return {
      start: ['smartctl', '-t', kind, device],
      stop: ['smartctl', '-X', device],
      ask: ['smartctl', '-j', '-a', device],
    };
  }
  const nvme = (...words: readonly string[]): string[] => tools.command('nvme', ...words);
  // Of the controller, for all its namespaces (NVM Express 2.0 §5.9): 1 begins the short one, 2 the extended one, 15 stops.
  const code = kind === 'short' ? '1' : '2';
  return {
    start: nvme('device-self-test', device, '-n', '0xffffffff', '-s', code),
    stop: nvme('device-self-test', device, '-n', '0xffffffff', '-s', '15'),
    ask: nvme('self-test-log', device, '-o', 'json'),
  };
}
