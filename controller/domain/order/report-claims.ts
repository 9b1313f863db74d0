// What to claim from the vendor of an order: hardware that is not what the line promises, and documents that contradict
// each other, in sentences that name nothing but this order. Pure.
import type { Claim, ClaimItem, ReportFinding } from '../../../shared/api/delivery-report.ts';
import type { OrderBreach, PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import { serialKey } from '../../../shared/hardware/identity.ts';
import { amountOf, formatAmount, type Amount } from './money.ts';
import { breachesBySerial } from './order-breaches.ts';
import type { Machine } from './report-machines.ts';

export type Claims = {
  readonly claims: Claim[];
  /** By serial key, of every machine that a claim concerns. */
  readonly concerned: ReadonlySet<string>;
  readonly valueAtStake: string;
};

/** A serial of the order, delivered or only billed. */
export type Billed = { readonly serial: string; readonly line: number; readonly invoice: string };

type Open = {
  readonly keys: Set<string>;
  readonly head: Omit<Claim, 'machines' | 'value' | 'items'>;
  items: ClaimItem[];
};

/** An order that is cancelled claims nothing: what came goes back as it is. */
export function claimsOf(
  order: PurchaseOrder,
  machines: readonly Machine[],
  billed: ReadonlyMap<string, Billed>,
): Claims {
  const byKey = new Map(machines.map((machine) => [machine.key, machine]));
  const open = order.state === 'cancelled' ? [] : gather(order, { byKey, billed });
  const prices = new Map(order.lines.map(({ line, unitPrice }) => [line, amountOf(unitPrice)]));
  const valueOf = (keys: Iterable<string>): string => {
    let sum: Amount = 0n;
    for (const key of keys) sum += prices.get(byKey.get(key)?.shown.line ?? billed.get(key)?.line ?? 0) ?? 0n;
    return formatAmount(sum);
  };
  const serialOf = (key: string): string => byKey.get(key)?.shown.serial ?? billed.get(key)?.serial ?? key;
  const concerned = new Set(open.flatMap(({ keys }) => [...keys]));
  const claims = open.map(({ head, keys, items }) => ({
    ...head,
    machines: [...keys].map(serialOf),
    value: valueOf(keys),
    items,
  }));
  return { claims, concerned, valueAtStake: valueOf(concerned) };
}

type Known = { readonly byKey: ReadonlyMap<string, Machine>; readonly billed: ReadonlyMap<string, Billed> };

function gather(order: PurchaseOrder, known: Known): Open[] {
  const ofMachines = new Map<string, Open>();
  const ofDocuments = new Map<string, Open>();
  for (const [key, { shown }] of known.byKey) {
    const items = shown.findings.filter(isClaimItem).map(itemOfFinding);
    if (items.length > 0) ofMachines.set(key, { keys: new Set([key]), head: headOfSerial(key, known), items });
  }
  for (const { breach, keys } of standingBreaches(order, known.byKey)) {
    const item = itemOfBreach(order, breach);
    const own = breach.serial === null ? undefined : serialKey(breach.serial);
    const groups = own === undefined ? ofDocuments : ofMachines;
    const id = own ?? `${breach.invoice ?? ''}\n${breach.invoice === null ? (breach.line ?? '') : ''}`;
    const group = groups.get(id) ?? {
      keys: new Set<string>(),
      head: own === undefined ? headOfBreach(order, breach) : headOfSerial(own, known),
      items: [],
    };
    for (const key of keys) group.keys.add(key);
    group.items.push(item);
    groups.set(id, group);
  }
  const machineOrder = new Map([...known.byKey.keys()].map((key, index) => [key, index]));
  const rank = ([key]: readonly [string, Open]): number => machineOrder.get(key) ?? machineOrder.size;
  return [...[...ofMachines].toSorted((a, b) => rank(a) - rank(b)).map(([, group]) => group), ...ofDocuments.values()];
}

/** The breaches that no waiver covers for all machines they concern, with the keys of the others. */
function standingBreaches(
  order: PurchaseOrder,
  byKey: ReadonlyMap<string, Machine>,
): { readonly breach: OrderBreach; readonly keys: readonly string[] }[] {
  const concerned = new Map<OrderBreach, string[]>();
  for (const [key, breaches] of breachesBySerial(order))
    for (const breach of breaches) {
      const keys = concerned.get(breach) ?? [];
      keys.push(key);
      concerned.set(breach, keys);
    }
  return order.breaches.flatMap((breach) => {
    const all = concerned.get(breach) ?? [];
    const keys = all.filter((key) => !isWaived(byKey.get(key), breach));
    return all.length > 0 && keys.length === 0 ? [] : [{ breach, keys }];
  });
}

function isWaived(machine: Machine | undefined, { rule }: OrderBreach): boolean {
  return (machine?.shown.findings ?? []).some(
    (finding) => finding.kind === 'order-breach' && finding.rule === rule && finding.waivedUntil !== null,
  );
}

/** Breaches are told from the order, which is newer than any inspection; that a machine is not billed is told by none. */
function isClaimItem({ claimed, kind, rule }: ReportFinding): boolean {
  return claimed && (kind !== 'order-breach' || rule === 'invoiced');
}

function itemOfFinding({ path, rule, kind, expected, actual, since, sentence }: ReportFinding): ClaimItem {
  const about = kind === 'order-breach' ? 'documents' : 'hardware';
  return { about, path, rule, expected, actual, since, sentence };
}

function itemOfBreach(order: PurchaseOrder, breach: OrderBreach): ClaimItem {
  const { path, rule } = breach;
  // The other order may be another vendor's.
  const sentence =
    rule === 'serial-elsewhere'
      ? `Serial ${breach.serial ?? ''} was delivered on ${order.number} and is on another order too.`
      : wholeSentence(breach.sentence);
  return { about: 'documents', path, rule, expected: null, actual: null, since: null, sentence };
}

/** `invoice I-1: …` as a sentence of its own. */
export function wholeSentence(text: string): string {
  const [first = ''] = text;
  return `${first.toUpperCase()}${text.slice(first.length)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function headOfSerial(key: string, { byKey, billed }: Known): Open['head'] {
  const shown = byKey.get(key)?.shown;
  if (shown !== undefined) {
    const { serial, name, line, class: className, delivery, reference, invoice } = shown;
    return { serial, name, line, class: className, delivery, reference, invoice };
  }
  const bill = billed.get(key);
  const [serial, line, invoice] = [bill?.serial ?? key, bill?.line ?? null, bill?.invoice ?? null];
  return { serial, name: null, line, class: null, delivery: null, reference: null, invoice };
}

function headOfBreach({ lines }: PurchaseOrder, { invoice, line }: OrderBreach): Open['head'] {
  const own = invoice === null ? line : null;
  const className = lines.find((each) => each.line === own)?.class ?? null;
  return { serial: null, name: null, line: own, class: className, delivery: null, reference: null, invoice };
}
