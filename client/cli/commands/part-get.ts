import { command } from '../command.ts';
import { required } from '../options.ts';
import { printPartHistory } from '../views/part.ts';

export const partGet = command({
  path: 'part get',
  summary: 'One part by id or serial, with every machine it was in',
  arguments: { part: required('part', 'id or serial') },
  examples: ['ppec part get S4EVNX0M123456'],
  async run(context, { part }) {
    const client = await context.client();
    printPartHistory(context, await client.call('part.get', { part }, { signal: context.signal }));
  },
});
