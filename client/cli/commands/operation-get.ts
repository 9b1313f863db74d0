import { command } from '../command.ts';
import { required } from '../options.ts';
import { renderSteps } from '../output/steps.ts';
import { oneLine } from '../output/text.ts';

export const operationGet = command({
  path: 'operation get',
  summary: 'One operation with its steps',
  arguments: { operation: required('operation', 'id of the operation') },
  examples: ['ppec operation get op_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run({ client, output, clock, signal }, { operation }) {
    const found = await (await client()).call('operation.get', { operation }, { signal });
    output.value(found, (value) => {
      const error = value.error === null ? '' : `${output.paint(oneLine(value.error), 'bad')}\n`;
      const change = value.changeId === null ? '' : `of change ${value.changeId}\n`;
      return `${renderSteps(value, output.paint, clock.nowMs())}${error}${change}`;
    });
  },
});
