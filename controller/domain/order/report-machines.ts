// The machines of an order as its delivery report has them: where each is, whether it passed, and what blocks it. Pure.
import type { Asset } from '../../../shared/api/asset.ts';
import type { ReportFinding, ReportMachine, ReportVerdict } from '../../../shared/api/delivery-report.ts';
import type { PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import type { UnixMs } from '../../../shared/clock.ts';
import { serialKey } from '../../../shared/hardware/identity.ts';
import type { Finding } from '../../../shared/inspection/finding.ts';
import { sentenceUnwaived, wasWaived } from '../waived.ts';
import { isVendors } from './vendor-findings.ts';

export type ReportAsset = Pick<
  Asset,
  'id' | 'serial' | 'name' | 'datacenter' | 'rack' | 'slot' | 'purchaseOrder' | 'state' | 'stateSince' | 'findings'
>;
export type ReportWaiver = {
  readonly assetId: string;
  readonly path: string;
  readonly rule: string;
  readonly expiresAt: UnixMs;
};
/** What one inspection found that blocked, or would have without a waiver: keys by `findingKey`. */
export type PastInspection = { readonly at: UnixMs; readonly found: ReadonlySet<string> };

export type ReportFacts = {
  readonly order: PurchaseOrder;
  /** Those that carry a serial of the order, billed ones too. */
  readonly assets: readonly ReportAsset[];
  readonly waivers: readonly ReportWaiver[];
  /** Newest first, by asset; only of assets with something to tell. */
  readonly inspections: ReadonlyMap<string, readonly PastInspection[]>;
  readonly nowMs: UnixMs;
};

/** A machine of the order, with its serial as a key. */
export type Machine = { readonly key: string; readonly isHeldElsewhere: boolean; readonly shown: ReportMachine };

export function findingKey({ path, rule }: Pick<Finding, 'path' | 'rule'>): string {
  return `${path}\n${rule}`;
}

/** Whether it blocks, or would without a waiver. */
export function isBlockingOrWaived(finding: Finding): boolean {
  return finding.severity === 'block' || wasWaived(finding);
}

const passing: ReadonlySet<Asset['state']> = new Set([
  'SPARE',
  'RESERVED',
  'PROVISIONING',
  'BAREMETAL',
  'RELEASING',
  'RETIRING',
  'RETIRED',
]);

/** What needs somebody comes first. */
const verdictOrder: Readonly<Record<ReportVerdict, number>> = {
  failed: 0,
  'not-seen': 1,
  pending: 2,
  waived: 3,
  passed: 4,
  cancelled: 5,
};

/** Each delivered serial once, on the delivery that brought it first. */
export function machinesOf(facts: ReportFacts): Machine[] {
  const { order } = facts;
  const assets = new Map(facts.assets.map((asset) => [serialKey(asset.serial), asset]));
  const waivers = new Map(
    facts.waivers
      .filter(({ expiresAt }) => expiresAt > facts.nowMs)
      .map((waiver) => [`${waiver.assetId}\n${findingKey(waiver)}`, waiver.expiresAt]),
  );
  const classes = new Map(order.lines.map(({ line, class: name }) => [line, name]));
  const entries = new Map(order.deliveries.map((entry) => [`${entry.delivery}/${entry.line}`, entry]));
  const machines = new Map<string, Machine>();
  for (const server of order.servers) {
    const key = serialKey(server.serial);
    if (machines.has(key)) continue;
    const asset = assets.get(key);
    const isHeldElsewhere = (asset?.purchaseOrder ?? order.number) !== order.number;
    const standing = standingOf(facts, { asset, isHeldElsewhere, waivers });
    const entry = entries.get(`${server.delivery}/${server.line}`);
    const shown = {
      ...whereabouts(server, asset),
      class: classes.get(server.line) ?? null,
      reference: entry?.reference ?? null,
      deliveredOn: entry?.date ?? null,
      ...standing,
    };
    machines.set(key, { key, isHeldElsewhere, shown });
  }
  return [...machines.values()].toSorted(
    ({ shown: a }, { shown: b }) =>
      verdictOrder[a.verdict] - verdictOrder[b.verdict] || a.line - b.line || (a.delivery ?? 0) - (b.delivery ?? 0),
  );
}

type Server = PurchaseOrder['servers'][number];

/** What the machine's record says, which a person may have changed, before what the delivery says. */
function whereabouts(server: Server, asset: ReportAsset | undefined) {
  const { serial, line, delivery, invoice } = server;
  const { name, datacenter, rack, slot } = asset ?? server;
  return {
    serial,
    name: name ?? server.name,
    line,
    delivery,
    invoice,
    datacenter: datacenter ?? server.datacenter,
    rack: rack ?? server.rack,
    slot: slot ?? server.slot,
    state: asset?.state ?? null,
    since: asset?.stateSince ?? null,
  };
}

type Standing = Pick<ReportMachine, 'verdict' | 'findings'>;
type Known = {
  readonly asset: ReportAsset | undefined;
  readonly isHeldElsewhere: boolean;
  readonly waivers: ReadonlyMap<string, UnixMs>;
};

function standingOf({ order, inspections }: ReportFacts, { asset, isHeldElsewhere, waivers }: Known): Standing {
  if (order.state === 'cancelled') return { verdict: 'cancelled', findings: [] };
  if (asset === undefined || asset.state === 'ORDERED') return { verdict: 'not-seen', findings: [] };
  // What was found last is of the boot, or the order, before; this inspection says it anew.
  if (asset.state === 'DISCOVERED' || asset.state === 'INSPECTING') return { verdict: 'pending', findings: [] };
  // It was compared with what the other order promises.
  if (isHeldElsewhere) return { verdict: 'failed', findings: [] };
  const findings = asset.findings.filter(isBlockingOrWaived).map((finding): ReportFinding => {
    const { path, kind, rule, expected, actual, sentence } = finding;
    const waivedUntil = waivers.get(`${asset.id}\n${findingKey(finding)}`) ?? null;
    return {
      path,
      kind,
      rule,
      expected,
      actual,
      sentence: wasWaived(finding) ? sentenceUnwaived(sentence) : sentence,
      since: sinceOf(inspections.get(asset.id) ?? [], findingKey(finding)),
      waivedUntil,
      claimed: waivedUntil === null && isVendors(finding),
    };
  });
  return { verdict: verdictFor(asset.state, findings), findings };
}

function verdictFor(state: Asset['state'], findings: readonly ReportFinding[]): ReportVerdict {
  if (!passing.has(state) || findings.some(({ waivedUntil }) => waivedUntil === null)) return 'failed';
  return findings.length > 0 ? 'waived' : 'passed';
}

/** The oldest of the inspections up to the newest that all found it. */
function sinceOf(newestFirst: readonly PastInspection[], key: string): UnixMs | null {
  let since: UnixMs | null = null;
  for (const { at, found } of newestFirst) {
    if (!found.has(key)) break;
    since = at;
  }
  return since;
}
