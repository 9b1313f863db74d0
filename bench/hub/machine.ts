// The machines of the load: each with its own serial, UUID, MACs, key, inventory and raw evidence. The evidence is that of
// one real server, made as large as a kernel of today writes it: every CPU flag, every PCI function.
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';

import { evidenceFromFolder } from '../../agent/collect/evidence.ts';
import { inventoryReport } from '../../agent/collect/inventory.ts';
import { requiredSources, type Evidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { AgentBody } from '../../shared/protocol/messages.ts';

const folder = join(import.meta.dirname, '../../test/fixtures/evidence-r630');
/** The fixture's serial; a machine's own is as long, so that the SMBIOS table stays a table. */
const fixtureSerial = '790H8D2';
const fixtureMacs = /24:6e:96:00:00:0(\d)/g;
const pciFunctions = 112;
const cpuFlags = Array.from({ length: 130 }, (_unused, index) => `flag_${index}`).join(' ');

type Source = Extract<Evidence, { bytes: Uint8Array }>;

export type Template = { readonly evidence: readonly Source[] };

export type Machine = {
  readonly serial: string;
  readonly uuid: string;
  readonly macs: readonly string[];
  readonly bootId: string;
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
  readonly privateKey: KeyObject;
  readonly report: AgentBody<'inventory'>;
};

/** The class that machines of the template are ordered as. */
export const machineClass = {
  name: 'bench',
  spec: {
    product: 'PowerEdge R630',
    cpus: [{ count: 1, cores: 8 }],
    memory: [{ count: 2, sizeBytes: 17_179_869_184, type: 'DDR4', ratedMts: 2400 }],
    disks: [
      { count: 1, transport: 'nvme' as const, sizeBytes: 3_840_755_982_336 },
      { count: 1, transport: 'sata' as const, sizeBytes: 240_057_409_536 },
      { count: 1, transport: 'sas' as const, sizeBytes: 2_000_398_934_016 },
      { count: 1, transport: 'sata' as const, sizeBytes: 2_000_398_934_016 },
    ],
    nics: [{ count: 3, linksUp: 1 }],
  },
};

export function serialOf(index: number): string {
  return `B${String(index).padStart(fixtureSerial.length - 1, '0')}`;
}

export async function readTemplate(): Promise<Template> {
  const grown = (await evidenceFromFolder(folder, requiredSources)).map((item) => {
    if (!('bytes' in item)) throw new Error(`${item.source} of the fixture is not readable`);
    const bytes = grow(item.source, Buffer.from(item.bytes));
    return { source: item.source, bytes, sha256: sha256(bytes) };
  });
  return { evidence: grown };
}

function grow(source: string, bytes: Buffer): Buffer {
  if (source === 'cpuinfo.txt') {
    return Buffer.from(bytes.toString().replaceAll('microcode\t:', `flags\t\t: ${cpuFlags}\nmicrocode\t:`));
  }
  if (source !== 'pci.json') return bytes;
  const tree: unknown = JSON.parse(bytes.toString());
  if (typeof tree !== 'object' || tree === null) throw new Error('the fixture has no PCI tree');
  const first: unknown = Object.values(tree)[0];
  const more = Array.from({ length: pciFunctions }, (_unused, index): [string, unknown] => [
    `0000:${(0x40 + (index >> 3)).toString(16)}:00.${index & 7}`,
    first,
  ]);
  return Buffer.from(JSON.stringify({ ...tree, ...Object.fromEntries(more) }, undefined, 1));
}

export function createMachine(index: number, template: Template): Machine {
  const serial = serialOf(index);
  const macOf = (port: string): string =>
    `02:b0:${[24, 16, 8].map((bits) => byte(index >> (bits - 8))).join(':')}:0${port}`;
  const uuid = `b0b0b0b0-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
  const evidence = template.evidence.map((item): Source => {
    const text = Buffer.from(item.bytes).toString('latin1');
    const own = text.replaceAll(fixtureSerial, serial).replaceAll(fixtureMacs, (_mac, port: string) => macOf(port));
    if (own === text) return item;
    const bytes = Buffer.from(own, 'latin1');
    return { source: item.source, bytes, sha256: sha256(bytes) };
  });
  const { inventory, report } = inventoryReport(evidence);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    serial,
    uuid,
    macs: inventory.nics.map(({ mac }) => mac),
    bootId: uuid.replaceAll('-', ''),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateKey,
    report,
  };
}

/** The order that `count` machines were bought on. */
export function orderDocument(count: number): string {
  const serials = Array.from({ length: count }, (_unused, index) => serialOf(index));
  return JSON.stringify({
    number: 'PO-BENCH',
    vendor: 'Bench',
    currency: 'EUR',
    lines: [{ line: 1, class: 'bench@1', quantity: count, unitPrice: '1.00' }],
    deliveries: [{ delivery: 1, line: 1, servers: serials.map((serial) => ({ serial })) }],
    invoices: [{ number: 'INV-BENCH', total: `${count}.00`, lines: [{ line: 1, unitPrice: '1.00', serials }] }],
  });
}

function byte(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0');
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
