// What we got of what we paid for: one purchase order against the machines that carry its serials, and what to claim from
// its vendor.
import { Type, type Static } from 'typebox';

import { findingKinds } from '../inspection/finding.ts';
import { assetStates } from '../lifecycle/asset.ts';
import { orderStates } from '../lifecycle/purchase-order.ts';
import { literals } from '../literals.ts';
import { closed, Nullable, Ref, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';
import { OrderBreach } from './purchase-order.ts';

/**
 * `waived`: it passed only with a waiver. `pending`: it has booted and its inspection is not finished. `not-seen`: no
 * machine with this serial has booted. `cancelled`: its order was.
 */
export const reportVerdicts = ['passed', 'waived', 'failed', 'pending', 'not-seen', 'cancelled'] as const;
export type ReportVerdict = (typeof reportVerdicts)[number];

export const truthKinds = [
  'on-two-orders',
  'over-delivered',
  'seen-not-billed',
  'delivered-not-billed',
  'billed-not-delivered',
  'billed-not-seen',
] as const;
export type TruthKind = (typeof truthKinds)[number];

const Money = (description: string) => Type.String({ description: `${description}; a decimal amount, as text` });
const Count = (description: string) => Type.Integer({ minimum: 0, description });

const counts = {
  ordered: Count('What the lines order'),
  delivered: Count('Machines on the deliveries'),
  billed: Count('Machines on the invoices'),
  seen: Count('Machines that have booted'),
  passed: Count('Machines that passed as they are'),
  waived: Count('Machines that passed with a waiver'),
  failed: Count('Machines that did not pass'),
  pending: Count('Machines whose inspection is not finished'),
  notSeen: Count('Delivered machines that never booted'),
} as const;

export const ReportFinding = Type.Object(
  {
    path: Type.String(),
    kind: literals(findingKinds),
    rule: Type.String(),
    expected: Nullable(Type.String()),
    actual: Nullable(Type.String()),
    sentence: Type.String(),
    since: Nullable(Type.Integer({ description: 'The inspection from which on it was found every time' })),
    waivedUntil: Nullable(Type.Integer({ description: 'The end of the waiver that covers it' })),
    claimed: Type.Boolean({ description: 'It is among the claims; what is ours to settle is not' }),
  },
  closed,
);
export type ReportFinding = Static<typeof ReportFinding>;

const place = {
  name: Nullable(Type.String()),
  line: Type.Integer(),
  class: Nullable(Type.String()),
  delivery: Nullable(Type.Integer()),
  reference: Nullable(Type.String({ description: 'The number of the packing slip' })),
  invoice: Nullable(Type.String({ description: 'The invoice that bills it' })),
} as const;

export const ReportMachine = Type.Object(
  {
    serial: Type.String(),
    ...place,
    datacenter: Nullable(Type.String()),
    rack: Nullable(Type.String()),
    slot: Nullable(Type.String()),
    deliveredOn: Nullable(Type.String({ description: 'YYYY-MM-DD' })),
    state: Nullable(literals(assetStates)),
    verdict: literals(reportVerdicts),
    since: Nullable(Type.Integer({ description: 'Since when it is in its state' })),
    findings: Type.Array(ReportFinding, { description: 'What blocks, and what a waiver covers' }),
  },
  closed,
);
export type ReportMachine = Static<typeof ReportMachine>;

export const ClaimItem = Type.Object(
  {
    about: literals(['hardware', 'documents']),
    path: Type.String(),
    rule: Type.String(),
    expected: Nullable(Type.String()),
    actual: Nullable(Type.String()),
    since: Nullable(UnixMsField),
    sentence: Type.String({ description: 'Fit to be sent to the vendor' }),
  },
  closed,
);
export type ClaimItem = Static<typeof ClaimItem>;

export const Claim = Type.Object(
  {
    serial: Nullable(Type.String({ description: 'Null where it is about an invoice, a line or the order' })),
    name: Nullable(Type.String()),
    line: Nullable(Type.Integer()),
    class: Nullable(Type.String()),
    delivery: Nullable(Type.Integer()),
    reference: Nullable(Type.String()),
    invoice: Nullable(Type.String()),
    machines: Type.Array(Type.String(), { description: 'The serials it concerns' }),
    value: Money('The prices of those machines by their order lines'),
    items: Type.Array(ClaimItem),
  },
  closed,
);
export type Claim = Static<typeof Claim>;

export const TruthEntry = Type.Object(
  {
    kind: literals(truthKinds),
    serial: Nullable(Type.String()),
    line: Nullable(Type.Integer()),
    invoice: Nullable(Type.String()),
    sentence: Type.String(),
  },
  closed,
);
export type TruthEntry = Static<typeof TruthEntry>;

export const DeliveryReport = Type.Object(
  {
    number: Type.String(),
    vendor: Type.String(),
    currency: Type.String(),
    orderedOn: Nullable(Type.String()),
    state: literals(orderStates),
    stateReason: Type.String(),
    madeAt: UnixMsField,
    counts: Type.Object({ ...counts, claimed: Count('Machines that a claim concerns') }, closed),
    lines: Type.Array(
      Type.Object(
        { line: Type.Integer(), class: Type.String(), unitPrice: Money('The price of one machine'), ...counts },
        closed,
      ),
    ),
    machines: Type.Array(ReportMachine, { description: 'Those that need somebody first' }),
    claims: Type.Array(Claim, { description: 'By machine, then what is about invoices, lines or the order' }),
    valueAtStake: Money('The prices of all machines that a claim concerns, each once'),
    truth: Type.Array(TruthEntry, { description: 'Where deliveries, invoices and machines do not meet' }),
    breaches: Type.Array(OrderBreach, { description: 'What the documents contradict each other in' }),
  },
  closed,
);
export type DeliveryReport = Static<typeof DeliveryReport>;

const po = Ref('purchase order');

export const deliveryReportOperations = [
  operation({
    id: 'po.report',
    method: 'GET',
    path: '/v1/purchase-orders/:po/report',
    input: Type.Object({ po }, closed),
    output: DeliveryReport,
    scope: 'region',
    effect: 'read',
    permission: 'po.get',
    summary: 'The delivery report: what we got of what we paid for, and what to claim from the vendor',
    example: { po: 'PO-2026-0042' },
  }),
  operation({
    id: 'po.report-document',
    method: 'GET',
    path: '/v1/purchase-orders/:po/report-document',
    input: Type.Object({ po, format: literals(['csv', 'html']) }, closed),
    output: Type.Object({ fileName: Type.String(), mediaType: Type.String(), text: Type.String() }, closed),
    scope: 'region',
    effect: 'read',
    permission: 'po.get',
    summary: 'The delivery report as a document to send or print: CSV or one HTML page',
    example: { po: 'PO-2026-0042', format: 'html' },
  }),
] as const;
