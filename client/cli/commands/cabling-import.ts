import { cablingModes } from '../../../shared/api/cabling.ts';
import { command } from '../command.ts';
import { choice, defined, required } from '../options.ts';
import { sendOrderFile } from '../order-file.ts';
import { printCablingImport } from '../views/cabling.ts';

export const cablingImport = command({
  path: 'cabling import',
  summary: 'Import switch ports and where they lead; every problem is told with its line, and nothing is kept',
  arguments: { file: required('file', 'CSV, YAML or JSON with switch, port, rack, slot; datacenter, nic, comment') },
  options: {
    mode: choice(
      '--mode <mode>',
      cablingModes,
      'what happens to other rows of the switches in the file; replace unless told',
    ),
  },
  examples: ['ppec cabling import r12.csv', 'ppec cabling import new-ports.csv --mode add'],
  async run(context, { file, mode }) {
    const client = await context.client();
    const done = await sendOrderFile(file, [], ({ fileName, text }) =>
      client.call('cabling.import', { fileName, text, ...defined({ mode }) }, { signal: context.signal }),
    );
    printCablingImport(context, done);
  },
});
