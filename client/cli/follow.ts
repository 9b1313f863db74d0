// Watching changes and operations to their end: painted over in place on a terminal, a line per event elsewhere.
import type { Change } from '../../shared/api/change.ts';
import type { OperationHandle } from '../../shared/api/operation-handle.ts';
import { waitForOperation } from '../sdk/follow.ts';
import type { CommandContext } from './command.ts';
import { liveBlock } from './output/live.ts';
import { elapsed, renderSteps, stepLine } from './output/steps.ts';
import { toneOf } from './output/style.ts';
import { oneLine, plural } from './output/text.ts';

const pollMs = 500;
/** Operations polled per `pollMs`; more of them share the rate. */
const pollsPerInterval = 4;

/** Waits for all of them; answers them as they ended. Shows progress in the table format. */
export async function followOperations(
  context: CommandContext,
  ids: readonly string[],
  timeoutMs?: number,
): Promise<readonly OperationHandle[]> {
  const client = await context.client();
  const show = progressView(context);
  return Promise.all(
    ids.map((id) =>
      waitForOperation(client, id, {
        signal: context.signal,
        clock: context.clock,
        pollMs: pollMs * Math.ceil(ids.length / pollsPerInterval),
        timeoutMs,
        onUpdate: show,
      }),
    ),
  );
}

function progressView({ output, clock }: CommandContext): (operation: OperationHandle) => void {
  if (output.format !== 'table') return () => undefined;
  const latest = new Map<string, OperationHandle>();
  if (output.isLive) {
    const block = liveBlock(output);
    return (operation) => {
      latest.set(operation.id, operation);
      block.show([...latest.values()].map((each) => renderSteps(each, output.paint, clock.nowMs())).join(''));
    };
  }
  return (operation) => {
    const before = latest.get(operation.id);
    latest.set(operation.id, operation);
    for (const [at, step] of operation.steps.entries()) {
      if (step.state === 'pending' || step.state === before?.steps[at]?.state) continue;
      const line = stepLine(step, { operation, paint: output.paint, nowMs: clock.nowMs(), width: 0 });
      output.say(`${oneLine(operation.asset)}${line}`);
    }
  };
}

/** One line per operation that ended; the exit status: 1 unless all succeeded. */
export function reportOperations(context: CommandContext, operations: readonly OperationHandle[]): number {
  const { output } = context;
  for (const operation of operations) {
    const state = output.paint(operation.state, toneOf(operation.state));
    const error = operation.error === null ? '' : `: ${oneLine(operation.error)}`;
    output.say(
      `${oneLine(operation.asset)}  ${oneLine(operation.kind)} ${state}${error}  ${elapsed(operation)}`.trimEnd(),
    );
  }
  return operations.every((operation) => operation.state === 'succeeded') ? 0 : 1;
}

/** What became of a change, and then of its operations. The exit status: 1 unless all of it went well. */
export async function followChange(context: CommandContext, change: Change): Promise<number> {
  const { output } = context;
  if (change.state !== 'executed') {
    const why = change.stateReason === null ? '' : `: ${oneLine(change.stateReason)}`;
    output.say(`${change.id} ${output.paint(change.state, toneOf(change.state))}${why}`);
    return 1;
  }
  output.say(`${change.id} executed · ${plural(change.operationIds.length, 'operation')}`);
  return reportOperations(context, await followOperations(context, change.operationIds));
}
