// Order truth for one machine: on exactly one delivery and one invoice of one order that stands, with no breach that
// concerns it, and with the network ports that were ordered for it. Pure.
import type { Finding } from '../../shared/inspection/finding.ts';
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { macKey, serialKey } from '../../shared/hardware/identity.ts';
import { concerns } from './order/order-breaches.ts';

/** A machine as it reports itself. */
export type CheckedMachine = { readonly serial: string; readonly macs: readonly string[] };

type Server = PurchaseOrder['servers'][number];
type Said = Pick<Finding, 'kind' | 'rule' | 'sentence'> & Partial<Finding>;

/** Findings of one machine; what is beyond says nothing that these do not. */
const breachesMax = 20;
const sentenceMax = 300;

/** Findings about the order itself; an empty list says that the order vouches for the machine. */
export function checkOrder(machine: CheckedMachine, order: PurchaseOrder | undefined): Finding[] {
  const { serial } = machine;
  const server = order?.servers.find((candidate) => serialKey(candidate.serial) === serialKey(serial));
  if (order === undefined || server === undefined) {
    const sentence = `${serial} is on no purchase order or invoice.`;
    return [findingOf(order, { kind: 'not-ordered', rule: 'ordered', sentence })];
  }
  if (order.state === 'cancelled') {
    const sentence = `${order.number} was cancelled: ${serial} goes back to ${order.vendor}, or onto another order.`;
    return [findingOf(order, { kind: 'order-breach', rule: 'order-cancelled', sentence })];
  }
  return [...invoiced(order, server), ...breached(order, server), ...ports(machine, order, server)];
}

function findingOf(order: PurchaseOrder | undefined, said: Said): Finding {
  return {
    path: 'order',
    severity: 'block',
    expected: 'one order line and one invoice',
    actual: order?.number ?? null,
    source: 'order',
    class: null,
    ...said,
    ...(said.sentence.length <= sentenceMax ? {} : { sentence: `${said.sentence.slice(0, sentenceMax - 1)}…` }),
  };
}

function invoiced(order: PurchaseOrder, { serial }: Server): Finding[] {
  const key = serialKey(serial);
  const isBilled = order.invoices.some((invoice) =>
    invoice.lines.some((line) => line.serials.some((billed) => serialKey(billed) === key)),
  );
  if (isBilled) return [];
  const sentence = `${serial} was delivered on ${order.number} but is on no invoice.`;
  return [findingOf(order, { kind: 'order-breach', rule: 'invoiced', sentence })];
}

function breached(order: PurchaseOrder, server: Server): Finding[] {
  return order.breaches
    .filter((breach) => concerns(breach, server, order))
    .slice(0, breachesMax)
    .map((breach) => {
      const way =
        breach.rule === 'serial-elsewhere'
          ? ''
          : `. Settle it with ${order.vendor}, then amend the order (ppec po amend ${order.number})`;
      const sentence = `${order.number}, ${breach.sentence}${way}.`;
      const actual = `${order.number} ${breach.path}`.slice(0, sentenceMax);
      return findingOf(order, {
        kind: 'order-breach',
        rule: breach.rule,
        sentence,
        expected: 'an order without contradiction',
        actual,
      });
    });
}

function ports({ serial, macs }: CheckedMachine, order: PurchaseOrder, server: Server): Finding[] {
  const has = new Set(macs.flatMap((mac) => macKey(mac) ?? []));
  return server.macs
    .filter((mac) => !has.has(mac))
    .map((mac) =>
      findingOf(order, {
        path: `nic/${mac}`,
        kind: 'missing',
        rule: 'ordered-mac',
        expected: mac,
        actual: macs.length === 0 ? null : macs.join(' ').slice(0, sentenceMax),
        sentence: `${serial} has no port with MAC ${mac}, which ${order.number} orders for it: another machine, or a changed card.`,
      }),
    );
}
