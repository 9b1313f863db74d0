// The three documents of an order from whatever text they came in: YAML, JSON or CSV. Pure.
import type { CsvKind } from '../../../shared/api/vendor.ts';
import type { CsvMapping } from './csv-columns.ts';
import { readCsvDocument } from './csv-document.ts';
import { isCsv } from './csv-table.ts';
import { documentShapes, type InvoiceEntry, type LaterDelivery, type OrderDocument } from './order-document.ts';
import { readYaml, shaped, type Locator, type Placed, type Shape } from './read-document.ts';

export type OrderSource = {
  readonly text: string;
  readonly fileName: string;
  readonly mapping: CsvMapping;
  /** The vendor of a CSV file that does not say it. */
  readonly vendor?: string | undefined;
};

/** Each throws `invalid_argument` with the place of every problem. */
export function readOrder(source: OrderSource): Placed<OrderDocument> {
  return shaped(read('order', source), documentShapes.order);
}

export function readDeliveries(source: OrderSource): Placed<readonly LaterDelivery[]> {
  const { delivery, deliveries } = documentShapes;
  return oneOrMany(read('delivery', source), {
    member: 'deliveries',
    one: delivery,
    many: deliveries,
    listOf: (value) => value.deliveries,
  });
}

export function readInvoices(source: OrderSource): Placed<readonly InvoiceEntry[]> {
  const { invoice, invoices } = documentShapes;
  return oneOrMany(read('invoice', source), {
    member: 'invoices',
    one: invoice,
    many: invoices,
    listOf: (value) => value.invoices,
  });
}

function read(kind: CsvKind, source: OrderSource): Placed<unknown> {
  return isCsv(source.text, source.fileName) ? readCsvDocument(kind, source) : readYaml(source.text, source.fileName);
}

type Listed<One, Many> = {
  readonly member: string;
  readonly one: Shape<One>;
  readonly many: Shape<Many>;
  readonly listOf: (value: Many) => readonly One[];
};

/** A document that is one entry, or a list of them; either way a list, whose members are found by their index. */
function oneOrMany<One, Many>(
  placed: Placed<unknown>,
  { member, one, many, listOf }: Listed<One, Many>,
): Placed<readonly One[]> {
  const { value } = placed;
  if (typeof value === 'object' && value !== null && member in value) {
    const { value: list, at } = shaped(placed, many);
    const within: Locator = (path) => at([member, ...path]);
    return { value: listOf(list), at: within };
  }
  const { value: single, at } = shaped(placed, one);
  return { value: [single], at: (path) => at(path.slice(1)) };
}
