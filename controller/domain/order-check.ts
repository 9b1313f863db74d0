// Order truth for one machine: on exactly one delivery and one invoice of one order. Pure.
import type { Finding } from '../../shared/inspection/finding.ts';
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { serialKey } from '../../shared/hardware/identity.ts';

/** Findings about the order itself; an empty list says that the order vouches for the machine. */
export function checkOrder(serial: string, order: PurchaseOrder | undefined): Finding[] {
  const finding = (kind: Finding['kind'], rule: string, sentence: string): Finding => ({
    path: 'order',
    kind,
    severity: 'block',
    expected: 'one order line and one invoice',
    actual: order?.number ?? null,
    source: 'order',
    rule,
    class: null,
    sentence,
  });
  const server = order?.servers.find((candidate) => serialKey(candidate.serial) === serialKey(serial));
  if (order === undefined || server === undefined) {
    return [finding('not-ordered', 'ordered', `${serial} is on no purchase order or invoice.`)];
  }
  const bills = order.invoices.filter((invoice) =>
    invoice.lines.some((line) => line.serials.some((billed) => serialKey(billed) === serialKey(serial))),
  );
  if (bills.length === 0) {
    return [finding('order-breach', 'invoiced', `${serial} was delivered on ${order.number} but is on no invoice.`)];
  }
  const billedLine = bills[0]?.lines.find((line) =>
    line.serials.some((billed) => serialKey(billed) === serialKey(serial)),
  );
  if (billedLine !== undefined && billedLine.line !== server.line) {
    return [
      finding(
        'order-breach',
        'invoice-line',
        `${serial} was delivered for line ${server.line} of ${order.number} and billed as line ${billedLine.line}.`,
      ),
    ];
  }
  return [];
}
