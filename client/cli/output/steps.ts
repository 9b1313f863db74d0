// An operation's steps: what is done, what runs now and how far it is.
import type { OperationHandle, OperationStep } from '../../../shared/api/operation-handle.ts';
import type { UnixMs } from '../../../shared/clock.ts';
import { formatStopwatch } from '../../../shared/units.ts';
import { toneOf, type Paint, type Tone } from './style.ts';
import { oneLine, padEnd, widthOf } from './text.ts';

const marks: Readonly<Record<OperationStep['state'], readonly [string, Tone]>> = {
  pending: ['·', 'dim'],
  running: ['▸', 'busy'],
  done: ['✓', 'good'],
  failed: ['✗', 'bad'],
};

export function renderSteps(operation: OperationHandle, paint: Paint, nowMs: UnixMs): string {
  const head = `${operation.id}  ${oneLine(operation.kind)} ${oneLine(operation.asset)}  `;
  const width = Math.max(0, ...operation.steps.map((step) => widthOf(step.name)));
  const lines = operation.steps.map((step) => stepLine(step, { operation, paint, nowMs, width }));
  return [head + paint(operation.state, toneOf(operation.state)), ...lines].map((line) => `${line}\n`).join('');
}

type StepContext = {
  readonly operation: OperationHandle;
  readonly paint: Paint;
  readonly nowMs: UnixMs;
  readonly width: number;
};

export function stepLine(step: OperationStep, { operation, paint, nowMs, width }: StepContext): string {
  const [mark, tone] = marks[step.state];
  const took = step.startedAt === null ? '' : formatStopwatch((step.endedAt ?? nowMs) - step.startedAt);
  const bar =
    step.state === 'running' && operation.progressPercent !== null ? progressBar(operation.progressPercent) : '';
  const name = padEnd(oneLine(step.name), width);
  const words = [took.padStart(7), bar, oneLine(step.message)].filter((text) => text.trim() !== '');
  return `  ${paint(mark, tone)} ${step.state === 'pending' ? paint(name, 'dim') : name}  ${words.join('  ')}`.trimEnd();
}

const barCells = 12;

/** `▕█████░░░░░░░▏ 42 %` */
export function progressBar(percent: number): string {
  const bounded = Math.min(100, Math.max(0, percent));
  const full = Math.round((bounded / 100) * barCells);
  return `▕${'█'.repeat(full)}${'░'.repeat(barCells - full)}▏ ${Math.floor(bounded)} %`;
}

/** `SPARE → production 41 s` has its time from here. */
export function elapsed(operation: OperationHandle): string {
  return operation.endedAt === null ? '' : formatStopwatch(operation.endedAt - operation.createdAt);
}
