import { command } from '../command.ts';
import { choice, required } from '../options.ts';

export const poExport = command({
  path: 'po export',
  summary: 'Write an order as a document that can be imported or amended again',
  arguments: { po: required('po', 'number of the order') },
  options: {
    format: choice('--format <format>', ['yaml', 'json', 'csv'], 'form of the document, yaml unless told'),
    kind: choice('--kind <kind>', ['order', 'delivery', 'invoice'], 'what a CSV file lists, the lines unless told'),
  },
  examples: ['ppec po export PO-2026-0042', 'ppec po export PO-2026-0042 --format csv --kind delivery'],
  async run(context, { po, format = 'yaml', kind }) {
    const client = await context.client();
    const input = { po, format, ...(kind === undefined ? {} : { kind }) };
    const exported = await client.call('po.export', input, { signal: context.signal });
    context.output.value(exported, ({ text }) => text);
  },
});
