import { command } from '../command.ts';
import { required } from '../options.ts';
import { printCablingImport } from '../views/cabling.ts';

export const cablingDelete = command({
  path: 'cabling delete',
  summary: 'Delete all ports of one switch from the cabling table',
  arguments: { switch: required('switch', 'name or chassis id, as the table has it') },
  examples: ['ppec cabling delete leaf-1'],
  async run(context, given) {
    const client = await context.client();
    printCablingImport(
      context,
      await client.call('cabling.delete', { switch: given.switch }, { signal: context.signal }),
    );
  },
});
