// `ppec-agent burnin`: the burn-in of this machine for whoever stands in front of it. Writes to no disk.
import { parseArgs } from 'node:util';
import { join } from 'node:path';

import { burnInProfileNames, type BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import { burnInOutcome, burnInSummary } from '../../shared/burn-in/outcome.ts';
import type { BurnInReport } from '../../shared/burn-in/report.ts';
import { systemClock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { localMachine } from './local-machine.ts';
import type { BurnInMachine } from './machine.ts';
import { runBurnIn, type BurnInState } from './run-burn-in.ts';

/** What the verb is given: where to write, and the machine as the rest of the agent knows it. */
export type BurninHost = {
  readonly isTerminal: boolean;
  readonly print: (text: string) => void;
  readonly warn: (text: string) => void;
  /** Whom the network is tried against, where one is configured. */
  readonly controller: BurnInMachine['controller'];
  readonly inventory: BurnInMachine['inventory'];
};

type Wanted = { readonly profile: BurnInProfileName; readonly timeScale: number; readonly tools: string | undefined };

/** The exit code: 0 passed, 1 failed, 2 not understood, 3 could not be judged, 130 cancelled. */
export async function burnin(root: string, words: readonly string[], host: BurninHost): Promise<number> {
  const wanted = wantedOf(words);
  if (typeof wanted === 'string') {
    host.warn(wanted);
    return 2;
  }
  const cancel = new AbortController();
  const onSignal = (): void => cancel.abort(new Error('cancelled'));
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const report = await runBurnIn({
      args: { profile: wanted.profile, timeScale: wanted.timeScale, writeDiskSerials: [] },
      tools: wanted.tools === undefined ? null : { file: wanted.tools },
      machine: localMachine(root, {
        folder: join(root, `run/ppec/burnin-${process.pid}`),
        controller: host.controller,
        inventory: host.inventory,
      }),
      clock: systemClock,
      signal: cancel.signal,
      onProgress: (state) => host.isTerminal && host.print(progressLine(state)),
    });
    if (host.isTerminal) host.print('\r\u001B[K');
    host.print(reportText(report));
    return cancel.signal.aborted ? 130 : exitCodes[burnInOutcome(report)];
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

const exitCodes = { passed: 0, skipped: 0, unverifiable: 3, cancelled: 130, failed: 1 } as const;

function wantedOf(words: readonly string[]): Wanted | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        profile: { type: 'string', default: 'intake' },
        'time-scale': { type: 'string', default: '1' },
        tools: { type: 'string' },
      },
    });
    const profile = burnInProfileNames.find((name) => name === values.profile);
    if (profile === undefined)
      return `there is no profile '${values.profile}'; there are ${burnInProfileNames.join(', ')}`;
    const timeScale = Number(values['time-scale']);
    if (!(timeScale > 0 && timeScale <= 1)) return `--time-scale takes a number above 0, at most 1`;
    return { profile, timeScale, tools: values.tools };
  } catch (error) {
    return messageOf(error);
  }
}

function progressLine({ percent, test, round, rounds, counts, log }: BurnInState): string {
  const turn = rounds === 1 ? '' : ` (round ${round} of ${rounds})`;
  const failed = counts.failed === 0 ? '' : `, ${counts.failed} failed`;
  const line = `${percent.toFixed(0).padStart(3)} % ${test}${turn}, ${counts.passed} passed${failed}  ${log.at(-1) ?? ''}`;
  return `\r\u001B[K${line.slice(0, 78)}`;
}

function reportText(report: BurnInReport): string {
  const rows = report.results.map(
    ({ test, outcome, seconds, sentence }) =>
      `${outcome.padEnd(13)}${test.padEnd(17)}${`${seconds.toFixed(0)} s`.padStart(8)}  ${sentence}`,
  );
  const figures = Object.entries(report.figures).map(([name, value]) => `  ${name} ${Number(value.toPrecision(6))}`);
  return [...rows, ...(figures.length === 0 ? [] : ['figures', ...figures]), burnInSummary(report), ''].join('\n');
}
