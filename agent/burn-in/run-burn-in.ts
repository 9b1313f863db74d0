// One burn-in: the profile's tests in their order, until the end or until it is cancelled. A test that fails does not end
// it, and what one test could not do is said of that test. It knows nothing of the link: a lost one does not touch it.
import { mkdir, rm } from 'node:fs/promises';

import { plannedSeconds, plannedTests, type BurnInTestName, type PlannedTest } from '../../shared/burn-in/profiles.ts';
import {
  boundedReport,
  burnInCounts,
  burnInLogLineMax,
  burnInLogLinesMax,
  burnInSentenceMax,
  burnInSummary,
  mergedResults,
  reportFigures,
} from '../../shared/burn-in/outcome.ts';
import type { BurnInArgs, BurnInProgress, BurnInReport, BurnInTestResult } from '../../shared/burn-in/report.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { burnInProgressEveryMs } from '../../shared/protocol/limits.ts';
import { judgeCounters, readCounters, type CounterReadings } from './counters.ts';
import { testDiskRead } from './disk-read-test.ts';
import { testDiskWrite } from './disk-write-test.ts';
import type { BurnInMachine, Finding, TestRunner } from './machine.ts';
import { testNetwork } from './network-test.ts';
import { testMemory, testMemoryBandwidth, testProcessor } from './processor-test.ts';
import { testSelfTests } from './self-test.ts';
import { openSensors, type Sensors } from './sensors.ts';
import { openTools, type Tools, type ToolsSource } from './tools.ts';

const sensorEveryMs = 2000;

/** `counters` is judged over the whole run, by the run itself. */
const runners: Readonly<Record<Exclude<BurnInTestName, 'counters'>, TestRunner>> = {
  cpu: testProcessor,
  memory: testMemory,
  'memory-bandwidth': testMemoryBandwidth,
  'disk-read': testDiskRead,
  'disk-write': testDiskWrite,
  'smart-self-test': testSelfTests,
  network: testNetwork,
};

export type BurnInState = Omit<BurnInProgress, 'commandId'>;

export type BurnInRun = {
  readonly args: Omit<BurnInArgs, 'tools'>;
  readonly tools: ToolsSource | null;
  readonly machine: BurnInMachine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** At the beginning and the end of each test, and every two seconds. */
  readonly onProgress: (state: BurnInState) => void;
};

type Run = BurnInRun & {
  readonly plan: readonly PlannedTest[];
  readonly inventory: Inventory;
  readonly sensors: Sensors;
  readonly toolsOrReason: Tools | string;
  readonly before: CounterReadings;
  readonly log: (line: string) => void;
};

/** Resolves with what was found, also when it was cancelled; then results say so. */
export async function runBurnIn(burnIn: BurnInRun): Promise<BurnInReport> {
  const { args, machine, clock, signal } = burnIn;
  const startedAtMs = clock.nowMs();
  const plan = plannedTests(args.profile, args.timeScale);
  const results: BurnInTestResult[] = [];
  const { log, begin, stop } = progressOf(burnIn, plan, results);
  await mkdir(machine.folder, { recursive: true, mode: 0o700 });
  let tools: Tools | string = 'the command names no tool image';
  try {
    begin(0);
    const inventory = await machine.inventory();
    const before = await readCounters(machine.root, inventory, signal);
    if (burnIn.tools !== null && plan.some(({ needsTools }) => needsTools)) tools = await toolsOrWhy(burnIn, log);
    const sensors = openSensors(machine.root, sensorEveryMs);
    const run: Run = { ...burnIn, plan, inventory, sensors, toolsOrReason: tools, before, log };
    for (const [index, each] of plan.entries()) {
      if (signal.aborted) break;
      if (index > 0) begin(index);
      results.push(...(await resultsOf(each, run, startedAtMs)));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop();
    if (typeof tools !== 'string') await tools.close();
    // A program that hangs in the kernel may still be in there.
    await rm(machine.folder, { recursive: true, force: true }).catch((error: unknown) => log(messageOf(error)));
  }
  if (signal.aborted) results.push(...notRun(plan, results));
  const merged = mergedResults(results);
  const endedAtMs = Math.max(startedAtMs, clock.nowMs());
  const report = { profile: args.profile, startedAtMs, endedAtMs, results: merged, figures: reportFigures(merged) };
  return boundedReport(report);
}

async function toolsOrWhy({ tools, machine, signal }: BurnInRun, log: (line: string) => void): Promise<Tools | string> {
  if (tools === null) return 'the command names no tool image';
  try {
    return await openTools(tools, { folder: machine.folder, ca: machine.ca(), signal, log });
  } catch (error) {
    signal.throwIfAborted();
    log(messageOf(error));
    return messageOf(error);
  }
}

async function resultsOf(plan: PlannedTest, run: Run, startedAtMs: number): Promise<BurnInTestResult[]> {
  const began = performance.now();
  const findings = await findingsOf(plan, run, startedAtMs);
  const seconds = Math.round(performance.now() - began) / 1000;
  const results = findings.map(({ component, outcome, sentence, figures }): BurnInTestResult => ({
    test: plan.name,
    component: component.slice(0, 120),
    outcome,
    seconds,
    sentence: sentence.slice(0, burnInSentenceMax),
    figures: { ...figures },
  }));
  for (const { outcome, sentence } of results) run.log(`${plan.name}: ${outcome}: ${sentence}`);
  return results;
}

async function findingsOf(plan: PlannedTest, run: Run, startedAtMs: number): Promise<Finding[]> {
  const { machine, inventory, signal, toolsOrReason } = run;
  const all = (outcome: Finding['outcome'], sentence: string): Finding[] => [
    { component: 'machine', outcome, sentence, figures: {} },
  ];
  try {
    if (plan.name === 'counters') {
      const hours = Math.max(0, run.clock.nowMs() - startedAtMs) / 3_600_000;
      const after = await readCounters(machine.root, inventory, signal);
      return judgeCounters(run.before, after, { disks: inventory.disks, hours });
    }
    if (plan.needsTools && typeof toolsOrReason === 'string' && !canDoWithout(plan, run))
      return all('unverifiable', `${plan.name}: its tools are missing: ${toolsOrReason}`);
    return await runners[plan.name]({
      plan,
      machine,
      inventory,
      sensors: run.sensors,
      tools: toolsOrReason,
      writeDiskSerials: run.args.writeDiskSerials,
      peer: run.args.peer,
      folder: machine.folder,
      signal,
      log: run.log,
    });
  } catch (error) {
    if (signal.aborted) return all('cancelled', `${plan.name}: cancelled while it ran`);
    return all('unverifiable', `${plan.name}: it could not be run: ${messageOf(error)}`);
  }
}

/** The network is tried against the controller without any tool, and no disk needs one that may not be written to. */
function canDoWithout({ name }: PlannedTest, { args }: Run): boolean {
  return (
    (name === 'network' && args.peer === undefined) || (name === 'disk-write' && args.writeDiskSerials.length === 0)
  );
}

/** Tests a cancelled run never came to. */
function notRun(plan: readonly PlannedTest[], results: readonly BurnInTestResult[]): BurnInTestResult[] {
  const missing = new Set(plan.map(({ name }) => name).filter((name) => !results.some(({ test }) => test === name)));
  return [...missing].map((test) => ({
    test,
    component: 'machine',
    outcome: 'cancelled',
    seconds: 0,
    sentence: `${test}: cancelled before it began`,
    figures: {},
  }));
}

type Progress = {
  readonly log: (line: string) => void;
  readonly begin: (index: number) => void;
  readonly stop: () => void;
};

function progressOf(
  { onProgress }: BurnInRun,
  plan: readonly PlannedTest[],
  results: readonly BurnInTestResult[],
): Progress {
  const lines: string[] = [];
  const total = plannedSeconds(plan);
  const rounds = plan.at(-1)?.round ?? 1;
  let at = 0;
  let began = performance.now();
  const tell = (): void => {
    const current = plan[at];
    if (current === undefined) return;
    const elapsed = Math.min(current.seconds, (performance.now() - began) / 1000);
    const done = plannedSeconds(plan.slice(0, at)) + elapsed;
    onProgress({
      percent: Math.min(99, (done / total) * 100),
      test: current.name,
      round: current.round,
      rounds,
      counts: burnInCounts(results),
      log: [...lines],
    });
  };
  const timer = setInterval(tell, burnInProgressEveryMs);
  return {
    log: (line) => {
      // Other programs' words: what a terminal would obey is not passed on.
      lines.push(line.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, burnInLogLineMax));
      if (lines.length > burnInLogLinesMax) lines.shift();
    },
    begin: (index) => {
      at = index;
      began = performance.now();
      tell();
    },
    stop: () => clearInterval(timer),
  };
}

/** What a command answers in a sentence: the count of outcomes, and the first thing that is wrong. */
export function burnInMessage(report: BurnInReport): string {
  const worst = ['failed', 'unverifiable'].flatMap((outcome) =>
    report.results.filter((each) => each.outcome === outcome),
  );
  const first = worst[0] === undefined ? '' : `; ${worst[0].sentence}`;
  return `${burnInSummary(report)}${first}`.slice(0, 1000);
}
