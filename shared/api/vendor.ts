// Vendors: who orders are placed with, and what the columns of their CSV files are called.
import { Type, type Static } from 'typebox';

import { closed, Nullable, page, pageInput, Ref, Revision, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

/** What a CSV file of each kind may say: our names of its columns. */
export const csvFields = {
  order: ['number', 'vendor', 'currency', 'ordered', 'line', 'class', 'quantity', 'unitPrice'],
  delivery: [
    'delivery',
    'date',
    'reference',
    'line',
    'serial',
    'name',
    'datacenter',
    'rack',
    'slot',
    'macs',
    'ekSha256',
  ],
  invoice: [
    'number',
    'date',
    'currency',
    'documentSha256',
    'invoiceNet',
    'invoiceTax',
    'total',
    'line',
    'unitPrice',
    'quantity',
    'taxPercent',
    'tax',
    'net',
    'serial',
  ],
} as const;
export type CsvKind = keyof typeof csvFields;

const Header = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'The header of the vendor’s column; `=TEXT` is a fixed value instead of a column',
});
const columnsOf = (fields: readonly string[]) =>
  Type.Unsafe<Record<string, string>>(
    Type.Object(Object.fromEntries(fields.map((field) => [field, Type.Optional(Header)])), closed),
  );

const VendorColumns = Type.Object(
  {
    order: Type.Optional(columnsOf(csvFields.order)),
    delivery: Type.Optional(columnsOf(csvFields.delivery)),
    invoice: Type.Optional(columnsOf(csvFields.invoice)),
  },
  { ...closed, description: 'Per kind of document, our field and the header of the vendor’s column' },
);
export type VendorColumns = Static<typeof VendorColumns>;

/** Field → header of one file, given with the file. */
export const CsvMap = Type.Record(Type.String({ maxLength: 40 }), Header, {
  maxProperties: 30,
  description: 'Our field and the header of its column, for a CSV file; goes before the vendor’s mapping',
});

export const Vendor = Type.Object(
  {
    id: Type.String(),
    name: Type.String({ description: 'As orders name it' }),
    contact: Nullable(Type.String()),
    notes: Nullable(Type.String()),
    columns: VendorColumns,
    createdAt: UnixMsField,
    revision: Revision,
  },
  closed,
);
export type Vendor = Static<typeof Vendor>;

const details = {
  contact: Type.Optional(Nullable(Text(500))),
  notes: Type.Optional(Nullable(Text(4000))),
  columns: Type.Optional(VendorColumns),
};

export const vendorOperations = [
  operation({
    id: 'vendor.list',
    method: 'GET',
    path: '/v1/vendors',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Vendor),
    scope: 'region',
    effect: 'read',
    summary: 'List vendors',
    example: {},
  }),
  operation({
    id: 'vendor.get',
    method: 'GET',
    path: '/v1/vendors/:vendor',
    input: Type.Object({ vendor: Ref('vendor') }, closed),
    output: Vendor,
    scope: 'region',
    effect: 'read',
    summary: 'Get one vendor by name',
    example: { vendor: 'Acme Servers' },
  }),
  operation({
    id: 'vendor.create',
    method: 'POST',
    path: '/v1/vendors',
    input: Type.Object({ name: Text(120, 'As orders name it'), ...details }, closed),
    output: Vendor,
    scope: 'region',
    effect: 'write',
    summary: 'Register a vendor and the columns of its CSV files',
    example: { name: 'Acme Servers', columns: { delivery: { serial: 'Service Tag', line: 'Pos.' } } },
  }),
  operation({
    id: 'vendor.update',
    method: 'PUT',
    path: '/v1/vendors/:vendor',
    input: Type.Object({ vendor: Ref('vendor'), revision: Type.Optional(Revision), ...details }, closed),
    output: Vendor,
    scope: 'region',
    effect: 'write',
    summary: 'Change the contact, the notes or the columns of a vendor',
    example: { vendor: 'Acme Servers', contact: 'orders@acme.example' },
  }),
] as const;
