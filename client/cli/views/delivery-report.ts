// What we got of what we paid for: a purchase order against the assets that carry its serials.
import type { Asset } from '../../../shared/api/asset.ts';
import type { PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import { serialKey } from '../../../shared/hardware/identity.ts';

export type ServerReport = {
  readonly serial: string;
  readonly name: string | null;
  readonly line: number;
  readonly class: string | null;
  readonly invoice: string | null;
  readonly place: string | null;
  /** Null where no machine with this serial has reported. */
  readonly state: Asset['state'] | null;
  readonly isPassed: boolean;
  /** What to claim from the vendor. */
  readonly claims: readonly string[];
};

export type DeliveryReport = {
  readonly number: string;
  readonly vendor: string;
  readonly ordered: number;
  readonly delivered: number;
  readonly passed: number;
  readonly claimed: number;
  readonly notSeen: number;
  readonly servers: readonly ServerReport[];
};

const passedStates: ReadonlySet<Asset['state']> = new Set([
  'SPARE',
  'RESERVED',
  'PROVISIONING',
  'BAREMETAL',
  'RELEASING',
]);

export function deliveryReport(po: PurchaseOrder, assets: readonly Asset[]): DeliveryReport {
  const bySerial = new Map(assets.map((asset) => [serialKey(asset.serial), asset]));
  const classes = new Map(po.lines.map((line) => [line.line, line.class]));
  const servers = po.servers.map((server): ServerReport => {
    const asset = bySerial.get(serialKey(server.serial));
    const state = asset === undefined || asset.state === 'ORDERED' ? null : asset.state;
    const blocking = asset?.findings.filter((finding) => finding.severity === 'block') ?? [];
    return {
      serial: server.serial,
      name: server.name,
      line: server.line,
      class: classes.get(server.line) ?? null,
      invoice: server.invoice,
      place: [asset?.rack ?? server.rack, asset?.slot ?? server.slot].filter((part) => part !== null).join('/') || null,
      state,
      isPassed: state !== null && passedStates.has(state),
      claims: state === 'QUARANTINED' ? blocking.map((finding) => finding.sentence) : [],
    };
  });
  return {
    number: po.number,
    vendor: po.vendor,
    ordered: po.lines.reduce((sum, line) => sum + line.quantity, 0),
    delivered: servers.length,
    passed: servers.filter((server) => server.isPassed).length,
    claimed: servers.filter((server) => server.claims.length > 0).length,
    notSeen: servers.filter((server) => server.state === null).length,
    servers,
  };
}
