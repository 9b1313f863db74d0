import { listPage } from '../../sdk/lists.ts';
import { command } from '../command.ts';
import { required } from '../options.ts';
import { toneOf } from '../output/style.ts';
import { oneLine } from '../output/text.ts';
import { deliveryReport } from '../views/delivery-report.ts';

export const poReport = command({
  path: 'po report',
  summary: 'What we got of what we paid for, and what to claim from the vendor',
  arguments: { po: required('po', 'number of the order') },
  examples: ['ppec po report PO-2026-0042', 'ppec po report PO-2026-0042 -o json'],
  async run({ client, output, signal }, { po }) {
    const connected = await client();
    const order = await connected.call('po.get', { po }, { signal });
    const { items } = await listPage(connected, { id: 'asset.list', input: {} }, { signal });
    output.value(deliveryReport(order, items), (report) => {
      const { number, vendor, ordered, delivered, passed, claimed, notSeen, servers } = report;
      const counts = `${delivered} of ${ordered} delivered · ${passed} of ${delivered} passed · ${claimed} to claim · ${notSeen} not seen yet`;
      const table = output.table(
        [
          { title: 'SERIAL', value: (server) => server.serial },
          { title: 'NAME', value: (server) => server.name },
          { title: 'LINE', value: (server) => server.line, align: 'right' },
          { title: 'PLACE', value: (server) => server.place },
          {
            title: 'STATE',
            value: (server) => server.state ?? 'not seen',
            tone: (server) => toneOf(server.state ?? ''),
          },
          { title: 'INVOICE', value: (server) => server.invoice },
        ],
        servers,
      );
      const claims = servers.flatMap((server) =>
        server.claims.map(
          (claim) => `  ${oneLine(server.serial)} (invoice ${oneLine(server.invoice ?? '—')}): ${oneLine(claim)}\n`,
        ),
      );
      const claimText = claims.length === 0 ? '' : `\nTo claim from ${oneLine(vendor)}:\n${claims.join('')}`;
      return `${output.paint(oneLine(number), 'bold')} ${oneLine(vendor)}: ${counts}\n\n${table}${claimText}`;
    });
  },
});
