import { command } from '../command.ts';
import { required } from '../options.ts';
import { printPart } from '../views/part.ts';

export const partRma = command({
  path: 'part rma',
  summary: 'Mark a part as sent back to its vendor; what comes into its slot is told as its replacement',
  arguments: { part: required('part', 'id or serial') },
  options: {
    reference: required('--reference <reference>', 'the vendor’s reference'),
    reason: required('--reason <text>', 'why; the timeline and the audit keep it'),
  },
  examples: ['ppec part rma S4EVNX0M123456 --reference RMA-77 --reason "media errors in the burn-in"'],
  async run(context, { part, reference, reason }) {
    const client = await context.client();
    const input = { part, reference, reason };
    printPart(context, await client.call('part.rma', input, { signal: context.signal }));
  },
});
