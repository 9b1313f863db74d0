// Tests of processor and memory: by stress-ng where the tool image is there, by the built-in loads for `intake`.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { judgeMemory, judgeProcessor, type LoadEnd } from '../../shared/burn-in/judge.ts';
import { formatBinaryBytes, mib } from '../../shared/units.ts';
import { lastWords, runChild, type ChildEnd } from './child.ts';
import type { Finding, TestContext } from './machine.ts';
import { memoryLoadSource } from './memory-load.ts';
import { nodeCommand, numbersOf } from './node-load.ts';
import { processorLoadSource } from './processor-load.ts';

/** How long a load may take beyond its time before it is ended. */
export const graceMs = 60_000;
/** Threads that write patterns; more do not move more. */
const memoryThreadsMax = 8;
const bytesPerThreadMin = 32 * mib;

export async function testProcessor(context: TestContext): Promise<Finding[]> {
  const cores = Math.max(1, Math.round(availableParallelism() * context.plan.intensity));
  const unwatch = context.sensors.watch();
  const load = context.plan.needsTools ? await stressProcessor(context, cores) : await loadProcessor(context, cores);
  const seen = await unwatch();
  const judgement = judgeProcessor({
    ...load,
    cores,
    seconds: context.plan.seconds,
    throttleCount: seen.throttleCount,
    belowBaseSeconds: seen.belowBaseSeconds,
    temperatureMaxCelsius: seen.temperatureMaxCelsius,
  });
  const figures = {
    ...(load.opsPerSecond === undefined ? {} : { cpuOpsPerSecond: load.opsPerSecond }),
    ...(seen.mhz === undefined ? {} : { cpuMhz: seen.mhz }),
    ...(seen.temperatureMaxCelsius === undefined ? {} : { cpuTemperatureMaxCelsius: seen.temperatureMaxCelsius }),
    ...(seen.throttleCount === undefined ? {} : { cpuThrottleCount: seen.throttleCount }),
  };
  return [{ component: 'processor', ...judgement, figures }];
}

type Load = LoadEnd & { readonly opsPerSecond: number | undefined };

async function loadProcessor(context: TestContext, cores: number): Promise<Load> {
  const { seconds } = context.plan;
  const end = await run(context, nodeCommand(processorLoadSource(), cores, seconds));
  const told = numbersOf(end.output, ['ops', 'wrong', 'lost']);
  if (told === undefined) return { verifyErrors: 0, failure: lastWords(end), opsPerSecond: undefined };
  return {
    verifyErrors: told.wrong,
    failure: told.lost === 0 ? undefined : `${told.lost} of ${cores} threads ended early`,
    opsPerSecond: told.ops / seconds,
  };
}

async function stressProcessor(context: TestContext, cores: number): Promise<Load> {
  const end = await stress(context, ['--cpu', String(cores), '--cpu-method', 'all']);
  return { ...stressEnd(end), opsPerSecond: stressMetric(end, 'cpu') };
}

export async function testMemory(context: TestContext): Promise<Finding[]> {
  const available = await availableBytes(context.machine.root);
  const bytes = Math.floor((available * context.plan.intensity) / mib) * mib;
  if (bytes < mib)
    return [
      {
        component: 'memory',
        outcome: 'unverifiable',
        sentence: 'memory: too little of it is free to test',
        figures: {},
      },
    ];
  return context.plan.needsTools ? stressMemory(context, bytes) : patternMemory(context, bytes);
}

async function patternMemory(context: TestContext, bytes: number): Promise<Finding[]> {
  const { seconds } = context.plan;
  const threads = Math.max(
    1,
    Math.min(memoryThreadsMax, availableParallelism(), Math.floor(bytes / bytesPerThreadMin)),
  );
  const end = await run(context, nodeCommand(memoryLoadSource(), bytes, threads, seconds));
  const told = numbersOf(end.output, ['moved', 'tested', 'wrong', 'lost']);
  const failure = told === undefined ? lastWords(end) : told.lost > 0 ? 'memory ran out' : undefined;
  const text = `${formatBinaryBytes(told?.tested ?? 0)} written and read back in patterns for ${seconds} s`;
  const judgement = judgeMemory({ verifyErrors: told?.wrong ?? 0, failure, text });
  const figures = told === undefined ? {} : { memoryBytes: told.tested, memoryBytesPerSecond: told.moved / seconds };
  return [{ component: 'memory', ...judgement, figures }];
}

async function stressMemory(context: TestContext, bytes: number): Promise<Finding[]> {
  const workers = availableParallelism();
  // The sum of all workers; the kernel's own need grows with what is mapped.
  const words = ['--vm', String(workers), '--vm-bytes', String(bytes), '--vm-method', 'all', '--vm-keep'];
  const end = await stress(context, words);
  const text = `${formatBinaryBytes(bytes)} tested by every method for ${context.plan.seconds} s`;
  const ops = stressMetric(end, 'vm');
  const figures = { memoryBytes: bytes, ...(ops === undefined ? {} : { memoryOpsPerSecond: ops }) };
  return [{ component: 'memory', ...judgeMemory({ ...stressEnd(end), text }), figures }];
}

export async function testMemoryBandwidth(context: TestContext): Promise<Finding[]> {
  const end = await stress(context, ['--stream', '0']);
  const rate = (what: string): number | undefined => {
    const match = new RegExp(`stream\\s+([\\d.]+) memory ${what} rate \\(MB per sec\\)`).exec(
      end.errors.join('\n') + end.output,
    );
    const instances = availableParallelism();
    return match?.[1] === undefined ? undefined : Number(match[1]) * mib * instances;
  };
  const [read, write] = [rate('read'), rate('write')];
  const text =
    read === undefined ? 'its rate was not told' : `read at ${formatBinaryBytes(Math.round(read))} per second`;
  const figures = {
    ...(read === undefined ? {} : { memoryReadBytesPerSecond: read }),
    ...(write === undefined ? {} : { memoryWriteBytesPerSecond: write }),
  };
  return [{ component: 'memory', ...judgeMemory({ ...stressEnd(end), text }), figures }];
}

function stress(context: TestContext, words: readonly string[]): Promise<ChildEnd> {
  if (typeof context.tools === 'string') throw new Error(context.tools);
  const common = ['--verify', '--timeout', String(context.plan.seconds), '--metrics', '--temp-path', context.folder];
  return run(context, context.tools.command('stress-ng', ...words, ...common));
}

function run(context: TestContext, command: readonly string[]): Promise<ChildEnd> {
  const { signal, folder, plan, log } = context;
  return runChild(command, { signal, cwd: folder, timeoutMs: plan.seconds * 1000 + graceMs, onErrorLine: log });
}

/** stress-ng(1), EXIT STATUS: 2 means that a stressor failed, which with `--verify` is a wrong result. */
export function stressEnd(end: Pick<ChildEnd, 'status' | 'errors' | 'isLate' | 'output'>): LoadEnd {
  const wrong = [...end.errors, ...end.output.split('\n')].filter((line) => /stress-ng: fail: /.test(line));
  if (end.status === 0 && wrong.length === 0) return { verifyErrors: 0, failure: undefined };
  if (wrong.length > 0) return { verifyErrors: wrong.length, failure: undefined };
  return { verifyErrors: 0, failure: lastWords(end) };
}

/** Operations per second of real time, from the table that `--metrics` prints. */
export function stressMetric(end: Pick<ChildEnd, 'errors' | 'output'>, stressor: string): number | undefined {
  const row = new RegExp(`metrc: \\[\\d+\\] ${stressor}\\s+\\d+\\s+[\\d.]+\\s+[\\d.]+\\s+[\\d.]+\\s+([\\d.]+)`);
  const match = row.exec([...end.errors, end.output].join('\n'));
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

async function availableBytes(root: string): Promise<number> {
  const text = await readFile(join(root, 'proc/meminfo'), 'utf8');
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  return Number(match?.[1] ?? 0) * 1024;
}
