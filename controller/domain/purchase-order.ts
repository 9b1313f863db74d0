// The order document: YAML (or JSON) text to a checked purchase order. Every problem is answered with its line and
// column, all of them at once, and an order with a problem is not an order. Pure.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';

import { PpecError, type Issue } from '../../shared/errors.ts';
import { reported, serialKey } from '../../shared/hardware/identity.ts';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 120 });
/** YAML reads `1200` and `1200.50` as numbers; documents write amounts both ways. */
const Amount = Type.Union([Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$' }), Type.Number({ minimum: 0 })]);
const Position = Type.Integer({ minimum: 1, maximum: 10_000 });

const OrderDocument = Type.Object(
  {
    number: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$' }),
    vendor: Text,
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    ordered: Type.Optional(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })),
    lines: Type.Array(
      Type.Object(
        { line: Position, class: Text, quantity: Type.Integer({ minimum: 1, maximum: 100_000 }), unitPrice: Amount },
        closed,
      ),
      { minItems: 1, maxItems: 1000 },
    ),
    deliveries: Type.Optional(
      Type.Array(
        Type.Object(
          {
            delivery: Position,
            line: Position,
            servers: Type.Array(
              Type.Object(
                {
                  serial: Text,
                  name: Type.Optional(Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' })),
                  datacenter: Type.Optional(Text),
                  rack: Type.Optional(Text),
                  slot: Type.Optional(Text),
                },
                closed,
              ),
              { minItems: 1, maxItems: 10_000 },
            ),
          },
          closed,
        ),
        { maxItems: 1000 },
      ),
    ),
    invoices: Type.Optional(
      Type.Array(
        Type.Object(
          {
            number: Text,
            total: Amount,
            lines: Type.Array(
              Type.Object(
                { line: Position, unitPrice: Amount, serials: Type.Array(Text, { minItems: 1, maxItems: 10_000 }) },
                closed,
              ),
              { minItems: 1, maxItems: 1000 },
            ),
          },
          closed,
        ),
        { maxItems: 1000 },
      ),
    ),
  },
  closed,
);
export type OrderDocument = Static<typeof OrderDocument>;
const validator = Compile(OrderDocument);

const issuesMax = 50;

/** What this region knows already, for the checks that need it. */
export type OrderContext = {
  readonly hasClass: (reference: string) => boolean;
  /** Where a serial is ordered already (`PO-1 line 2`), on another order. */
  readonly orderedElsewhere: (serialKeyText: string) => string | undefined;
};

export type ParsedOrder = OrderDocument;

/** Throws `invalid_argument` with one issue per problem; `path` is `file:line:column`. */
export function parsePurchaseOrder(text: string, fileName: string): { order: ParsedOrder; at: Locator } {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = locator(document, counter, fileName);
  const syntax = [...document.errors].map((error): Issue => {
    const { line, col } = counter.linePos(error.pos[0]);
    return { path: `${fileName}:${line}:${col}`, message: error.message };
  });
  if (syntax.length > 0) throw notAnOrder(syntax);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw notAnOrder([{ path: `${fileName}:1:1`, message: error instanceof Error ? error.message : 'not readable' }]);
  }
  if (validator.Check(value)) return { order: value, at };
  // An unknown field is told once, where it is, not again for the object around it.
  const errors = validator.Errors(value).filter((error) => error.keyword !== 'additionalProperties');
  const issues = errors.map((error): Issue => {
    const path = error.instancePath.split('/').slice(1);
    const missing = error.keyword === 'required' ? firstText(error.params, 'requiredProperties') : undefined;
    const name = path.at(-1) ?? '';
    const message =
      missing !== undefined
        ? `field '${missing}' is missing`
        : error.keyword === 'boolean'
          ? `unknown field '${name}'`
          : `${path.join('.') || 'the order'}: ${error.message}`;
    return { path: at(path), message };
  });
  throw notAnOrder(dedupe(issues));
}

export type Locator = (path: readonly (string | number)[]) => string;

/** Everything about an order that its shape does not say. All problems at once. */
export function checkPurchaseOrder(order: ParsedOrder, at: Locator, context: OrderContext): Issue[] {
  return [...checkLines(order, at, context), ...checkDeliveries(order, at, context), ...checkInvoices(order, at)].slice(
    0,
    issuesMax,
  );
}

function checkLines(order: ParsedOrder, at: Locator, context: OrderContext): Issue[] {
  const seen = new Set<number>();
  return order.lines.flatMap((line, index) => {
    const issues: Issue[] = [];
    if (seen.has(line.line))
      issues.push({ path: at(['lines', index, 'line']), message: `line ${line.line} is there twice` });
    seen.add(line.line);
    if (!context.hasClass(line.class)) {
      issues.push({
        path: at(['lines', index, 'class']),
        message: `machine class ${line.class} does not exist. Create it first: ppec class create, or correct the name`,
      });
    }
    return issues;
  });
}

function checkDeliveries(order: ParsedOrder, at: Locator, context: OrderContext): Issue[] {
  const issues: Issue[] = [];
  const seen = new Map<string, string>();
  const names = new Set<string>();
  const delivered = new Map<number, number>();
  for (const [d, delivery] of (order.deliveries ?? []).entries()) {
    const line = order.lines.find((candidate) => candidate.line === delivery.line);
    if (line === undefined) {
      issues.push({ path: at(['deliveries', d, 'line']), message: `the order has no line ${delivery.line}` });
    }
    for (const [s, server] of delivery.servers.entries()) {
      const path = at(['deliveries', d, 'servers', s, 'serial']);
      const key = serialKey(server.serial);
      const elsewhere = context.orderedElsewhere(key);
      const before = seen.get(key);
      if (reported(server.serial) === null) issues.push({ path, message: `'${server.serial}' is no serial number` });
      else if (before !== undefined)
        issues.push({ path, message: `serial ${server.serial} is there twice, first at ${before}` });
      else if (elsewhere !== undefined) {
        issues.push({
          path,
          message: `serial ${server.serial} is already on ${elsewhere}. A serial belongs to one order: remove it here or there`,
        });
      }
      seen.set(key, path);
      if (server.name !== undefined && names.has(server.name)) {
        issues.push({
          path: at(['deliveries', d, 'servers', s, 'name']),
          message: `name ${server.name} is there twice`,
        });
      }
      if (server.name !== undefined) names.add(server.name);
    }
    const sum = (delivered.get(delivery.line) ?? 0) + delivery.servers.length;
    delivered.set(delivery.line, sum);
    if (line !== undefined && sum > line.quantity) {
      issues.push({
        path: at(['deliveries', d, 'servers']),
        message: `line ${line.line} orders ${line.quantity}, the deliveries bring ${sum}`,
      });
    }
  }
  return issues;
}

function checkInvoices(order: ParsedOrder, at: Locator): Issue[] {
  const issues: Issue[] = [];
  const billed = new Map<string, string>();
  const numbers = new Set<string>();
  for (const [i, invoice] of (order.invoices ?? []).entries()) {
    if (numbers.has(invoice.number))
      issues.push({ path: at(['invoices', i, 'number']), message: `invoice ${invoice.number} is there twice` });
    numbers.add(invoice.number);
    let total = 0n;
    for (const [l, line] of invoice.lines.entries()) {
      const ordered = order.lines.find((candidate) => candidate.line === line.line);
      if (ordered === undefined) {
        issues.push({ path: at(['invoices', i, 'lines', l, 'line']), message: `the order has no line ${line.line}` });
      } else if (amount(ordered.unitPrice) !== amount(line.unitPrice)) {
        issues.push({
          path: at(['invoices', i, 'lines', l, 'unitPrice']),
          message: `billed at ${line.unitPrice}, line ${line.line} orders at ${ordered.unitPrice}`,
        });
      }
      total += amount(line.unitPrice) * BigInt(line.serials.length);
      for (const [s, serial] of line.serials.entries()) {
        const path = at(['invoices', i, 'lines', l, 'serials', s]);
        const before = billed.get(serialKey(serial));
        if (before !== undefined)
          issues.push({ path, message: `serial ${serial} is billed twice, first by ${before}` });
        billed.set(serialKey(serial), invoice.number);
      }
    }
    if (total !== amount(invoice.total)) {
      issues.push({
        path: at(['invoices', i, 'total']),
        message: `the total is ${invoice.total}, its lines come to ${formatAmount(total)}`,
      });
    }
  }
  return issues;
}

/** In ten-thousandths of the currency, so that sums are exact. */
function amount(value: string | number): bigint {
  const [whole = '0', fraction = ''] = (typeof value === 'number' ? value.toFixed(4) : value).split('.');
  return BigInt(whole) * 10_000n + BigInt(fraction.padEnd(4, '0').slice(0, 4));
}

/** `4200.00` of an amount as a document writes it. */
export function formatMoney(value: string | number): string {
  return formatAmount(amount(value));
}

function formatAmount(value: bigint): string {
  const fraction = (value % 10_000n)
    .toString()
    .padStart(4, '0')
    .replace(/0{1,2}$/, '');
  return `${value / 10_000n}.${fraction}`;
}

export function notAnOrder(issues: readonly Issue[]): PpecError {
  const count = issues.length === 1 ? 'one problem' : `${issues.length} problems`;
  return new PpecError('invalid_argument', `The purchase order has ${count}; nothing was imported.`, {
    issues: issues.slice(0, issuesMax),
  });
}

/** Line and column of the node at a path; of the nearest one above it where there is none. */
function locator(document: Document, counter: LineCounter, fileName: string): Locator {
  return (path) => {
    let offset = 0;
    let node: unknown = document.contents;
    for (const part of path) {
      let next: unknown;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
        if (pair !== undefined && isNode(pair.key) && pair.key.range != null) offset = pair.key.range[0];
        next = pair?.value;
      } else if (isSeq(node)) {
        next = node.items[Number(part)];
      }
      if (!isNode(next)) break;
      if (next.range != null) offset = next.range[0];
      node = next;
    }
    const { line, col } = counter.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
}

function firstText(params: unknown, member: string): string | undefined {
  const list: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, member) : undefined;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  return typeof first === 'string' ? first : undefined;
}

function dedupe(issues: readonly Issue[]): Issue[] {
  const byPath = new Map<string, Issue>();
  for (const issue of issues) if (!byPath.has(issue.path)) byPath.set(issue.path, issue);
  return [...byPath.values()].slice(0, issuesMax);
}
