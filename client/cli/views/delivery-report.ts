// A delivery report as tables and claims.
import type { Claim, DeliveryReport, ReportMachine, ReportVerdict } from '../../../shared/api/delivery-report.ts';
import type { CommandContext } from '../command.ts';
import type { Output } from '../output/output.ts';
import { toneOf, type Tone } from '../output/style.ts';
import { oneLine } from '../output/text.ts';

const verdictTones: Readonly<Record<ReportVerdict, Tone>> = {
  passed: 'good',
  waived: 'good',
  failed: 'bad',
  pending: 'busy',
  'not-seen': 'warn',
  cancelled: 'dim',
};

export function printDeliveryReport({ output }: CommandContext, value: DeliveryReport): void {
  output.value(value, (report) =>
    [headline(output, report), linesTable(output, report), machinesTable(output, report)]
      .concat(findingsText(output, report), claimsText(output, report), truthText(output, report))
      .filter((part) => part !== '')
      .join('\n'),
  );
}

function headline(
  { paint }: Output,
  { number, vendor, state, counts, currency, valueAtStake }: DeliveryReport,
): string {
  const { ordered, delivered, passed, waived, claimed, pending, notSeen } = counts;
  const told = [
    ...(state === 'cancelled' ? [paint('cancelled', 'warn')] : []),
    `${delivered} of ${ordered} delivered`,
    `${passed + waived} of ${delivered} passed${waived > 0 ? ` (${waived} waived)` : ''}`,
    ...(pending > 0 ? [`${pending} pending`] : []),
    `${notSeen} not seen`,
    claimed > 0 ? `${claimed} to claim, ${valueAtStake} ${oneLine(currency)} at stake` : 'nothing to claim',
  ];
  return `${paint(oneLine(number), 'bold')} ${oneLine(vendor)}: ${told.join(' · ')}\n`;
}

function linesTable(output: Output, { lines, currency }: DeliveryReport): string {
  const count = (title: string, key: 'ordered' | 'delivered' | 'billed' | 'seen' | 'failed') =>
    ({ title, value: (line: DeliveryReport['lines'][number]) => line[key], align: 'right' }) as const;
  return output.table(
    [
      { title: 'LINE', value: ({ line }) => line, align: 'right' },
      { title: 'CLASS', value: (line) => line.class },
      { title: `EACH ${oneLine(currency)}`, value: ({ unitPrice }) => unitPrice, align: 'right' },
      count('ORDERED', 'ordered'),
      count('DELIVERED', 'delivered'),
      count('BILLED', 'billed'),
      count('SEEN', 'seen'),
      { title: 'PASSED', value: ({ passed, waived }) => passed + waived, align: 'right' },
      count('FAILED', 'failed'),
    ],
    lines,
  );
}

function machinesTable(output: Output, { machines }: DeliveryReport): string {
  if (machines.length === 0) return '';
  return output.table(
    [
      { title: 'SERIAL', value: ({ serial }) => serial },
      { title: 'NAME', value: ({ name }) => name },
      { title: 'LINE', value: ({ line }) => line, align: 'right' },
      { title: 'PLACE', value: ({ rack, slot }) => [rack, slot].filter((part) => part !== null).join('/') || null },
      { title: 'INVOICE', value: ({ invoice }) => invoice },
      { title: 'STATE', value: ({ state }) => state, tone: ({ state }) => toneOf(state ?? '') },
      { title: 'VERDICT', value: ({ verdict }) => verdict, tone: ({ verdict }) => verdictTones[verdict] ?? 'plain' },
    ],
    machines,
  );
}

/** What blocks and is not the vendor's. */
function findingsText({ paint }: Output, { machines }: DeliveryReport): string {
  const ours = (machine: ReportMachine): string[] =>
    machine.findings
      .filter(({ claimed, waivedUntil, kind }) => !claimed && waivedUntil === null && kind !== 'order-breach')
      .map(
        ({ sentence }) => `  ${paint('✗', 'bad')} ${oneLine(machine.name ?? machine.serial)}: ${oneLine(sentence)}\n`,
      );
  const lines = machines.flatMap(ours);
  return lines.length === 0 ? '' : `Ours to settle:\n${lines.join('')}`;
}

function claimsText(output: Output, { claims, vendor }: DeliveryReport): string {
  if (claims.length === 0) return '';
  const text = claims.map((claim) => {
    const items = claim.items.map(({ sentence }) => `    ${oneLine(sentence)}\n`);
    return `  ${output.paint(claimHead(claim), 'bold')}\n${items.join('')}${concernedText(claim)}`;
  });
  return `To claim from ${oneLine(vendor)}:\n${text.join('')}`;
}

/** `SN-A101 (srv-b, delivery 1 LS-77, invoice INV-7781)`. */
function claimHead({ serial, name, line, delivery, reference, invoice }: Claim): string {
  if (serial === null) return invoice !== null ? `invoice ${oneLine(invoice)}` : `line ${line ?? '—'}`;
  const about = [
    ...(name === null ? [] : [name]),
    ...(delivery === null ? [] : [`delivery ${delivery}${reference === null ? '' : ` ${reference}`}`]),
    ...(invoice === null ? [] : [`invoice ${invoice}`]),
  ];
  return oneLine(about.length === 0 ? serial : `${serial} (${about.join(', ')})`);
}

function concernedText({ serial, machines }: Claim): string {
  return serial !== null || machines.length === 0 ? '' : `    concerns ${oneLine(machines.join(', '))}\n`;
}

function truthText({ paint }: Output, { truth }: DeliveryReport): string {
  if (truth.length === 0) return '';
  const lines = truth.map(({ sentence }) => `  ${paint('!', 'warn')} ${oneLine(sentence)}\n`);
  return `Deliveries, invoices and machines do not meet:\n${lines.join('')}`;
}
