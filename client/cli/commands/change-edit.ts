import { readFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../../shared/errors.ts';
import { isRecord } from '../../sdk/response.ts';
import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { printChange } from '../views/change.ts';

export const changeEdit = command({
  path: 'change edit',
  summary: 'Alter an open change you filed; it is planned anew and its approvals are void',
  arguments: { change: required('change', 'id of the change') },
  options: {
    reason: optional('--reason <text>', 'another reason'),
    input: optional('--input <file>', 'JSON file with its input anew, as `change get -o json` has it under `input`'),
  },
  examples: [
    'ppec change edit chg_01jdaqv1zfe4rs8pnxzqk3wh2d --reason "two nodes, as agreed with storage"',
    'ppec change get chg_01jd… -o json | jq .input > input.json; ppec change edit chg_01jd… --input input.json',
  ],
  async run(context, { change, reason, input: file }) {
    if (reason === undefined && file === undefined) {
      throw new PpecError('invalid_argument', 'Say what to alter: --reason TEXT, or --input FILE.');
    }
    const input = file === undefined ? undefined : await readInput(file);
    const client = await context.client();
    const edited = { change, ...defined({ reason, input }) };
    printChange(context, await client.call('change.edit', edited, { signal: context.signal }));
  },
});

async function readInput(file: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new PpecError('invalid_argument', `${file} cannot be read as JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!isRecord(value)) throw new PpecError('invalid_argument', `${file} has no JSON object in it.`);
  return { ...value };
}
