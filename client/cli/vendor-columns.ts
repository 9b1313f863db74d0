// The columns of a vendor's CSV files as options: `delivery.serial=Service Tag`.
import type { VendorColumns } from '../../shared/api/vendor.ts';
import { PpecError } from '../../shared/errors.ts';
import { many } from './options.ts';

export const columnOption = many(
  '--column <kind.field=header>',
  'what a column is called, per kind of file: order, delivery, invoice; no header takes it away; may be repeated',
);

/** The columns named, beside those known before. */
export function vendorColumns(given: readonly string[], known: VendorColumns = {}): VendorColumns {
  const columns: VendorColumns = { ...known };
  for (const text of given) {
    const [, kind, field = '', header = ''] = /^(order|delivery|invoice)\.([A-Za-z0-9]+)=(.*)$/s.exec(text) ?? [];
    if (kind !== 'order' && kind !== 'delivery' && kind !== 'invoice') {
      throw new PpecError(
        'invalid_argument',
        `'${text}' is no KIND.FIELD=HEADER, with order, delivery or invoice: --column "delivery.serial=Service Tag"`,
      );
    }
    const { [field]: _, ...others } = columns[kind] ?? {};
    columns[kind] = header === '' ? others : { ...others, [field]: header };
    if (Object.keys(columns[kind]).length === 0) Reflect.deleteProperty(columns, kind);
  }
  return columns;
}
