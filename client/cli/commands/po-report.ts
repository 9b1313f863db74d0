import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { choice, flag, optional, required } from '../options.ts';
import { writeOut } from '../out-file.ts';
import { printDeliveryReport } from '../views/delivery-report.ts';

export const poReport = command({
  path: 'po report',
  summary: 'What we got of what we paid for, and what to claim from the vendor',
  arguments: { po: required('po', 'number of the order') },
  options: {
    format: choice('--format <format>', ['csv', 'html'], 'as a document to send or print instead'),
    out: optional('--out <file>', 'where to write the document; stdout unless told'),
    force: flag('--force', 'replace the file'),
  },
  examples: [
    'ppec po report PO-2026-0042',
    'ppec po report PO-2026-0042 -o json',
    'ppec po report PO-2026-0042 --format html --out PO-2026-0042.html',
  ],
  async run(context, { po, format, out, force }) {
    const { output, signal } = context;
    if (format === undefined && out !== undefined)
      throw new PpecError('invalid_argument', `--out takes a document: add --format csv or --format html`);
    const client = await context.client();
    if (format === undefined) return printDeliveryReport(context, await client.call('po.report', { po }, { signal }));
    const document = await client.call('po.report-document', { po, format }, { signal });
    if (out === undefined) return output.value(document, ({ text }) => text);
    await writeOut(out, document.text, force);
    output.note(`Wrote ${out}.`);
  },
});
