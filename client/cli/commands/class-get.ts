import { command } from '../command.ts';
import { required } from '../options.ts';
import { printMachineClass } from '../views/machine-class.ts';

export const classGet = command({
  path: 'class get',
  summary: 'One machine class: `compute-large@1`, or the newest version of `compute-large`',
  arguments: { class: required('class', 'name, or name@version') },
  examples: ['ppec class get compute-large', 'ppec class get compute-large@1 -o yaml'],
  async run(context, given) {
    const client = await context.client();
    printMachineClass(context, await client.call('class.get', given, { signal: context.signal }));
  },
});
