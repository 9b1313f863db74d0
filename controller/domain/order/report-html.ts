// The delivery report as one page that is read, printed and sent: no scripts, nothing loaded from anywhere, every text
// escaped. The claims come first and stand on sheets of their own when printed; what follows them is for us. Pure.
import type {
  Claim,
  ClaimItem,
  DeliveryReport,
  ReportMachine,
  ReportVerdict,
  TruthKind,
} from '../../../shared/api/delivery-report.ts';
import { toRfc3339, type UnixMs } from '../../../shared/clock.ts';
import { amountOf, formatAmount } from './money.ts';
import { wholeSentence } from './report-claims.ts';
import { html, joined, type Html } from './report-markup.ts';
import { reportStyle } from './report-style.ts';

export function reportHtml(report: DeliveryReport): string {
  const { number, vendor, madeAt } = report;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${number} ${vendor}: delivery report of ${dayOf(madeAt)}</title>
        <style>
          ${reportStyle}
        </style>
      </head>
      <body>
        <main>${header(report)} ${claimsSection(report)} ${machinesSection(report)} ${truthSection(report)}</main>
      </body>
    </html> `.markup;
}

function header(report: DeliveryReport): Html {
  const { number, vendor, currency, orderedOn, state, stateReason, madeAt, counts, valueAtStake } = report;
  return html`<header>
    <p class="kind">Delivery report</p>
    <h1>${number}</h1>
    <dl class="facts">
      <div>
        <dt>Vendor</dt>
        <dd>${vendor}</dd>
      </div>
      <div>
        <dt>Ordered</dt>
        <dd>${orderedOn ?? '—'}</dd>
      </div>
      <div>
        <dt>Order</dt>
        <dd>${state}: ${stateReason}</dd>
      </div>
      <div>
        <dt>As of</dt>
        <dd>${minuteOf(madeAt)}</dd>
      </div>
    </dl>
    <p class="summary">${summary(report)}</p>
    <ul class="tiles">
      ${joined(
        [
          ['ordered', counts.ordered, ''],
          ['delivered', counts.delivered, ''],
          ['billed', counts.billed, ''],
          ['passed', counts.passed + counts.waived, 'good'],
          ['failed', counts.failed, counts.failed > 0 ? 'bad' : ''],
          ['pending', counts.pending, ''],
          ['not seen', counts.notSeen, counts.notSeen > 0 ? 'warn' : ''],
        ] as const,
        ([label, count, tone]) => html`<li class="${tone}"><b>${count}</b> ${label}</li>`,
      )}
      ${counts.claimed > 0 ? html`<li class="stake"><b>${grouped(valueAtStake)} ${currency}</b> at stake</li>` : html``}
    </ul>
    ${linesTable(report)}
  </header>`;
}

/** `31 of 32 delivered machines passed, 1 failed.` */
function summary({ counts, state }: DeliveryReport): Html {
  const { delivered, ordered, passed, waived, failed, pending, notSeen } = counts;
  if (state === 'cancelled')
    return html`The order is cancelled; ${delivered} of ${ordered} machines had been delivered.`;
  if (delivered === 0) return html`Nothing of ${ordered} ordered machines was delivered yet.`;
  const rest = [
    ...(waived > 0 ? [`${waived} of them with a waiver`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(pending > 0 ? [`${pending} ${pending === 1 ? 'is' : 'are'} under inspection`] : []),
    ...(notSeen > 0 ? [`${notSeen} never booted`] : []),
  ];
  const open = ordered > delivered ? `; ${ordered - delivered} of ${ordered} ordered are still to come` : '';
  return html`<strong>${passed + waived} of ${delivered}</strong> delivered machines
    passed${rest.map((each) => `, ${each}`).join('')}${open}.`;
}

function linesTable({ lines, currency }: DeliveryReport): Html {
  return html`<table class="lines">
    <thead>
      <tr>
        <th>Line</th>
        <th>Class</th>
        <th class="n">Each ${currency}</th>
        <th class="n">Ordered</th>
        <th class="n">Delivered</th>
        <th class="n">Billed</th>
        <th class="n">Seen</th>
        <th class="n">Passed</th>
        <th class="n">Failed</th>
        <th class="n">Not seen</th>
      </tr>
    </thead>
    <tbody>
      ${joined(
        lines,
        (line) =>
          html`<tr>
            <td>${line.line}</td>
            <td>${line.class}</td>
            <td class="n">${grouped(line.unitPrice)}</td>
            <td class="n">${line.ordered}</td>
            <td class="n">${line.delivered}</td>
            <td class="n">${line.billed}</td>
            <td class="n">${line.seen}</td>
            <td class="n">${line.passed + line.waived}</td>
            <td class="n">${line.failed}</td>
            <td class="n">${line.notSeen}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function claimsSection({ claims, vendor, number, currency, counts, valueAtStake }: DeliveryReport): Html {
  if (claims.length === 0)
    return html`<section>
      <h2>Claims</h2>
      <p>There is nothing to claim from ${vendor}.</p>
    </section>`;
  const stake = counts.claimed === 1 ? 'One machine is concerned' : `${counts.claimed} machines are concerned`;
  return html`<section class="claims">
    <h2>Claims to ${vendor}</h2>
    <p>On order ${number}. ${stake}, ordered for <strong>${grouped(valueAtStake)} ${currency}</strong> together.</p>
    ${joined(claims, (claim) => claimCard(claim, currency))}
  </section>`;
}

function claimCard(claim: Claim, currency: string): Html {
  const { serial, name, line, class: className, delivery, reference, invoice, machines, value, items } = claim;
  const title =
    serial !== null ? html`Serial ${serial}` : invoice !== null ? html`Invoice ${invoice}` : html`Line ${line ?? '—'}`;
  const facts = [
    serial === null || name === null ? '' : name,
    line === null ? '' : `line ${line}${className === null ? '' : `, ${className}`}`,
    delivery === null ? '' : `delivery ${delivery}${reference === null ? '' : ` (${reference})`}`,
    serial === null || invoice === null ? '' : `invoice ${invoice}`,
  ].filter((text) => text !== '');
  const concerned =
    serial !== null || machines.length === 0 ? html`` : html`<p class="concerned">Concerns ${machines.join(', ')}.</p>`;
  const price = machines.length === 0 ? html`` : html`<span class="value">${grouped(value)} ${currency}</span>`;
  return html`<article>
    <h3>${title} ${price}</h3>
    <p class="where">${facts.join(' · ')}</p>
    <ul>
      ${joined(items, (item) => html`<li>${item.sentence}${evidence(item)}</li>`)}
    </ul>
    ${concerned}
  </article>`;
}

/** What was compared, and since when it is so; a document speaks for itself. */
function evidence({ about, expected, actual, since }: ClaimItem): Html {
  if (about === 'documents') return html``;
  const compared =
    expected === null && actual === null ? '' : `Expected ${expected ?? '—'}; found ${actual ?? 'nothing'}.`;
  const found = since === null ? html`` : html`Found since ${day(since)}.`;
  return html`<span class="compared">${compared} ${found}</span>`;
}

const verdictWords: Readonly<Record<ReportVerdict, string>> = {
  passed: 'passed',
  waived: 'passed with a waiver',
  failed: 'failed',
  pending: 'under inspection',
  'not-seen': 'not seen',
  cancelled: 'order cancelled',
};

function machinesSection({ machines }: DeliveryReport): Html {
  if (machines.length === 0) return html``;
  return html`<section class="sheet">
    <h2>Machines</h2>
    <table class="machines">
      <thead>
        <tr>
          <th>Serial</th>
          <th>Name</th>
          <th>Line</th>
          <th>Place</th>
          <th>Delivery</th>
          <th>Invoice</th>
          <th>State</th>
          <th>Verdict</th>
        </tr>
      </thead>
      <tbody>
        ${joined(machines, machineRows)}
      </tbody>
    </table>
  </section>`;
}

function machineRows(machine: ReportMachine): Html {
  const { serial, name, line, datacenter, rack, slot, delivery, reference, invoice, state, since, verdict, findings } =
    machine;
  const place = [datacenter, [rack, slot].filter((part) => part !== null).join('/')].filter(Boolean).join(' ');
  const when = since === null || verdict === 'not-seen' ? html`` : html` since ${day(since)}`;
  const row = html`<tr class="${findings.length > 0 ? 'has-more' : ''}">
    <th scope="row">${serial}</th>
    <td>${name ?? '—'}</td>
    <td>${line}</td>
    <td>${place || '—'}</td>
    <td>${delivery ?? '—'}${reference === null ? '' : `, ${reference}`}</td>
    <td>${invoice ?? '—'}</td>
    <td>${state ?? '—'}${when}</td>
    <td><span class="verdict ${verdict}">${verdictWords[verdict]}</span></td>
  </tr>`;
  if (findings.length === 0) return row;
  return html`${row}
    <tr class="more">
      <td colspan="8">
        <ul>
          ${joined(findings, ({ sentence, waivedUntil, claimed }) => {
            const mark = waivedUntil !== null ? `waived until ${dayOf(waivedUntil)}` : claimed ? '' : 'ours to settle';
            return html`<li>${sentence}${mark === '' ? html`` : html` <span class="mark">${mark}</span>`}</li>`;
          })}
        </ul>
      </td>
    </tr>`;
}

const truthWords: Readonly<Record<TruthKind, string>> = {
  'on-two-orders': 'On two orders',
  'over-delivered': 'Delivered beyond the order',
  'seen-not-billed': 'Booted and never billed',
  'delivered-not-billed': 'Delivered and not billed',
  'billed-not-delivered': 'Billed and not delivered',
  'billed-not-seen': 'Billed and never booted',
};

function truthSection({ truth, breaches }: DeliveryReport): Html {
  const kinds = [...new Set(truth.map(({ kind }) => kind))];
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ...kinds.map(
      (kind) => [truthWords[kind], truth.filter((each) => each.kind === kind).map(({ sentence }) => sentence)] as const,
    ),
    ...(breaches.length === 0
      ? []
      : [['Contradictions of the documents', breaches.map(({ sentence }) => wholeSentence(sentence))] as const]),
  ];
  const none = html`<p>Deliveries, invoices and machines agree.</p>`;
  return html`<section class="truth">
    <h2>Deliveries and invoices against the machines</h2>
    ${
      lists.length === 0
        ? none
        : joined(
            lists,
            ([title, sentences]) =>
              html`<h3>${title} <span class="count">${sentences.length}</span></h3>
                <ul>
                  ${joined(sentences, (sentence) => html`<li>${sentence}</li>`)}
                </ul>`,
          )
    }
  </section>`;
}

/** `12 600.00`: thousands apart by a narrow space, which no country reads as a decimal sign. */
function grouped(amount: string): string {
  const [whole = '', decimals = ''] = formatAmount(amountOf(amount)).split('.');
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, '\u{202f}')}.${decimals}`;
}

/** Never broken in two. */
function day(ms: UnixMs): Html {
  return html`<span class="day">${dayOf(ms)}</span>`;
}

function dayOf(ms: UnixMs): string {
  return toRfc3339(ms).slice(0, 10);
}

function minuteOf(ms: UnixMs): string {
  return `${toRfc3339(ms).slice(0, 16).replace('T', ' ')} UTC`;
}
