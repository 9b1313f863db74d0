import { command } from '../command.ts';
import { followOperations, reportOperations } from '../follow.ts';
import { integer, required } from '../options.ts';

export const operationWait = command({
  path: 'operation wait',
  summary: 'Watch an operation to its end; exit 1 unless it succeeded',
  arguments: { operation: required('operation', 'id of the operation') },
  options: { timeout: integer('--timeout <seconds>', { min: 1, max: 604_800 }, 'how long to wait') },
  examples: ['ppec operation wait op_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run(context, { operation, timeout }) {
    const ended = await followOperations(context, [operation], timeout === undefined ? undefined : timeout * 1000);
    const [handle] = ended;
    if (context.output.format !== 'table') context.output.value(handle, () => '');
    return reportOperations(context, ended);
  },
});
