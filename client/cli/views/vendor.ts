// A vendor in details.
import { csvFields, type Vendor } from '../../../shared/api/vendor.ts';
import type { CommandContext } from '../command.ts';

const kinds = ['order', 'delivery', 'invoice'] as const;

export function printVendor({ output }: CommandContext, vendor: Vendor): void {
  output.value(vendor, (value) =>
    output.details([
      ['vendor', value.name, 'bold'],
      ['id', value.id],
      ['contact', value.contact],
      ['notes', value.notes],
      ...kinds.map((kind): [string, string] => {
        const columns = value.columns[kind] ?? {};
        const named = csvFields[kind].flatMap((field) =>
          columns[field] === undefined ? [] : [`${field} = ${columns[field]}`],
        );
        return [`${kind} CSV`, named.length === 0 ? 'our own names' : named.join(', ')];
      }),
    ]),
  );
}
