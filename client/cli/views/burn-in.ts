// Burn-ins as tables, details and one line of progress.
import type { BurnIn, BurnInDetail, PeerFigure } from '../../../shared/api/burn-in.ts';
import type { BurnInTestResult } from '../../../shared/burn-in/report.ts';
import { formatStopwatch } from '../../../shared/units.ts';
import type { CommandContext } from '../command.ts';
import type { Output } from '../output/output.ts';
import { progressBar } from '../output/steps.ts';
import { toneOf, type Tone } from '../output/style.ts';
import type { Column } from '../output/table.ts';
import { oneLine, plural } from '../output/text.ts';
import { dateTime, relative } from '../output/time.ts';

export function burnInTone(state: BurnIn['state'] | BurnInTestResult['outcome']): Tone {
  if (state === 'passed') return 'good';
  return state === 'unverifiable' || state === 'interrupted' ? 'warn' : toneOf(state);
}

function percentText({ progress }: BurnIn): string {
  return progress === null ? '' : ` ${Math.floor(progress.percent)} % ${progress.test}`;
}

export function burnInColumns(nowMs: number): readonly Column<BurnIn>[] {
  return [
    { title: 'BURN-IN', value: (burnIn) => burnIn.id },
    { title: 'ASSET', value: (burnIn) => burnIn.asset },
    { title: 'PROFILE', value: (burnIn) => burnIn.profile },
    { title: 'STATE', value: (burnIn) => burnIn.state + percentText(burnIn), tone: ({ state }) => burnInTone(state) },
    { title: 'STARTED', value: (burnIn) => relative(burnIn.startedAt, nowMs) },
    { title: 'TOOK', value: took, align: 'right' },
    { title: 'ASKED BY', value: (burnIn) => burnIn.askedBy },
    { title: 'RESULT', value: (burnIn) => burnIn.message, shrinks: true },
  ];
}

function took({ startedAt, endedAt }: BurnIn): string | null {
  return endedAt === null ? null : formatStopwatch(endedAt - startedAt);
}

const resultColumns: readonly Column<BurnInTestResult>[] = [
  { title: 'TEST', value: (result) => result.test },
  { title: 'PART', value: (result) => result.component },
  { title: 'OUTCOME', value: (result) => result.outcome, tone: ({ outcome }) => burnInTone(outcome) },
  { title: 'FOUND', value: (result) => result.sentence, shrinks: true },
];

/** The progress, the latest lines of the log; when it has ended, every result. */
export function burnInText(burnIn: BurnInDetail, output: Output): string {
  const head = output.details([
    ['burn-in', burnIn.id, 'bold'],
    ['asset', `${burnIn.asset}${burnIn.peer === null ? '' : ` with ${burnIn.peer}`}`],
    ['profile', burnIn.profile + (burnIn.timeScale === 1 ? '' : `, each test ${burnIn.timeScale} of its time`)],
    ['asked by', burnIn.askedBy],
    ['started', dateTime(burnIn.startedAt)],
    ['took', took(burnIn)],
    ['state', burnIn.state, burnInTone(burnIn.state)],
    ['result', burnIn.message === '' ? null : burnIn.message],
    ['progress', burnIn.progress === null ? null : progressText(burnIn.progress)],
  ]);
  const log = burnIn.log.map((line) => `  ${oneLine(line)}\n`).join('');
  const results = burnIn.report === null ? '' : `\n${output.table(resultColumns, burnIn.report.results)}`;
  return head + log + results;
}

export function printBurnIn({ output }: CommandContext, burnIn: BurnInDetail): void {
  output.value(burnIn, (value) => burnInText(value, output));
}

/** `▕███░░▏ 43 %  memory  3 passed, 1 failed` */
export function progressText({ percent, test, round, rounds, counts }: NonNullable<BurnIn['progress']>): string {
  const ended = Object.entries(counts).flatMap(([outcome, count]) => (count === 0 ? [] : [`${count} ${outcome}`]));
  const turn = rounds > 1 ? `round ${round} of ${rounds}` : '';
  return [progressBar(percent), test, turn, ended.join(', ')].filter((part) => part !== '').join('  ');
}

/** What is wrong, a sentence each; how many results are well. */
export function burnInFindings({ report }: BurnInDetail, { paint }: Output): string {
  const results = report?.results ?? [];
  const marks = { failed: ['✗', 'bad'], unverifiable: ['!', 'warn'] } as const;
  const lines = (['failed', 'unverifiable'] as const).flatMap((wanted) =>
    results
      .filter(({ outcome }) => outcome === wanted)
      .map(({ sentence }) => `  ${paint(marks[wanted][0], marks[wanted][1])} ${oneLine(sentence)}\n`),
  );
  const well = results.filter(({ outcome }) => outcome === 'passed').length;
  return `${lines.join('')}${plural(well, 'result')} passed.\n`;
}

const number = (value: number | null): string | null => (value === null ? null : String(Number(value.toPrecision(4))));

export const peerColumns: readonly Column<PeerFigure>[] = [
  { title: 'MACHINE', value: (line) => line.asset },
  { title: 'FIGURE', value: (line) => line.figure },
  { title: 'PART', value: (line) => line.part },
  { title: 'VALUE', value: (line) => number(line.value), align: 'right' },
  { title: 'MEDIAN', value: (line) => number(line.median), align: 'right' },
  { title: 'PEERS', value: (line) => line.peers, align: 'right' },
  {
    title: 'DEVIATION',
    value: ({ percent }) => (percent === null ? null : `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`),
    tone: ({ isLow }) => (isLow ? 'bad' : 'plain'),
    align: 'right',
  },
];
