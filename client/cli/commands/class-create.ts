import { readFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../../shared/errors.ts';
import { parseClassDocument } from '../../../shared/inspection/machine-class-file.ts';
import { command } from '../command.ts';
import { required } from '../options.ts';
import { printMachineClass } from '../views/machine-class.ts';

export const classCreate = command({
  path: 'class create',
  summary: 'Create a machine class, or its next version; an unchanged spec makes no new version',
  options: { file: required('-f, --file <file>', 'YAML or JSON with name and spec') },
  examples: ['ppec class create -f compute-large.yaml', 'ppec class get compute-large -o yaml   # shows the form'],
  async run(context, { file }) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new PpecError('not_found', `The class cannot be read: ${messageOf(error)}`, { cause: error });
    });
    const document = parseClassDocument(text, file);
    const client = await context.client();
    printMachineClass(context, await client.call('class.create', document, { signal: context.signal }));
  },
});
