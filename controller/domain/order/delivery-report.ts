// The delivery report: what we got of what we paid for. One order, the machines that carry its serials and what was found
// of them, as counts, machines, claims and order truth. The same facts give the same report. Pure.
import type { DeliveryReport, ReportVerdict } from '../../../shared/api/delivery-report.ts';
import type { PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import { billedSerials, hasBooted, orderTruth } from './order-truth.ts';
import { claimsOf } from './report-claims.ts';
import { machinesOf, type Machine, type ReportFacts } from './report-machines.ts';

type Counts = Omit<DeliveryReport['lines'][number], 'line' | 'class' | 'unitPrice'>;

export function deliveryReport(facts: ReportFacts): DeliveryReport {
  const { order, assets, nowMs } = facts;
  const machines = machinesOf(facts);
  const billed = billedSerials(order);
  const { claims, concerned, valueAtStake } = claimsOf(order, machines, billed);
  const { number, vendor, currency, orderedOn, state, stateReason, breaches } = order;
  return {
    number,
    vendor,
    currency,
    orderedOn,
    state,
    stateReason,
    madeAt: nowMs,
    counts: { ...countsOf(order, machines), claimed: machines.filter(({ key }) => concerned.has(key)).length },
    lines: order.lines.map(({ line, class: className, unitPrice }) => ({
      line,
      class: className,
      unitPrice,
      ...countsOf(
        order,
        machines.filter(({ shown }) => shown.line === line),
        line,
      ),
    })),
    machines: machines.map(({ shown }) => shown),
    claims,
    valueAtStake,
    truth: orderTruth({ order, machines, billed, assets }),
    breaches,
  };
}

/** Of one line, or of the whole order. */
function countsOf(order: PurchaseOrder, machines: readonly Machine[], line?: number): Counts {
  const isCounted = (each: { readonly line: number }): boolean => line === undefined || each.line === line;
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const having = (verdict: ReportVerdict): number => machines.filter(({ shown }) => shown.verdict === verdict).length;
  return {
    ordered: sum(order.lines.filter(isCounted).map(({ quantity }) => quantity)),
    delivered: machines.length,
    billed: sum(order.invoices.flatMap((invoice) => invoice.lines.filter(isCounted)).map(({ quantity }) => quantity)),
    seen: machines.filter(({ shown }) => hasBooted(shown.state)).length,
    passed: having('passed'),
    waived: having('waived'),
    failed: having('failed'),
    pending: having('pending'),
    notSeen: having('not-seen'),
  };
}
