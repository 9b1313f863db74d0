import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import { InventorySchema } from '../inventory.ts';
import {
  evidenceSources,
  inventoryFromEvidence,
  type Evidence,
  type EvidenceSource,
} from './inventory-from-evidence.ts';

const inventorySchema = Compile(InventorySchema);
const sha256 = 'a'.repeat(64);
const evidence = (source: EvidenceSource, content: string | Uint8Array): Evidence => ({
  source,
  bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content,
  sha256,
});

it('lists every source that was not read, with the reason', () => {
  const inventory = inventoryFromEvidence([
    { source: 'smbios.bin', unreadBecause: 'EACCES: permission denied' },
    evidence('block.json', 'not JSON'),
    evidence('net.json', '[]'),
    evidence('meminfo.txt', 'MemTotal: 8 kB\n'),
  ]);
  expect(inventorySchema.Check(inventory)).toBe(true);
  expect(inventory.unread.map(({ source, reason }) => `${source}: ${reason.slice(0, 20)}`)).toEqual([
    'smbios.bin: EACCES: permission d',
    'cpuinfo.txt: not collected',
    'pci.json: not collected',
    'firmware.json: not collected',
    'block.json: not JSON: Unexpected',
    'net.json: it does not have the',
  ]);
  expect(inventory.evidence).toEqual({ 'block.json': sha256, 'net.json': sha256, 'meminfo.txt': sha256 });
});

it('says so when a machine has more of something than an inventory lists', () => {
  const tree = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`sd${index}`, { size: '8' }]));
  const inventory = inventoryFromEvidence([evidence('block.json', JSON.stringify(tree))]);
  expect(inventory.disks).toHaveLength(512);
  expect(inventory.unread).toContainEqual({ source: 'block.json', reason: 'only the first 512 of 600 are listed' });
});

it('gives an inventory that the schema takes, whatever the evidence holds', () => {
  const name = fc.constantFrom(
    'sda',
    'nvme0n1',
    'eth0',
    'eno1',
    '0000:00:00.0',
    'system',
    'x'.repeat(300),
    '__proto__',
  );
  const attribute = fc.constantFrom(
    'size', 'path', 'serial', 'device', 'address', 'speed', 'carrier', 'class', 'vendor', 'driver', 'numa_node',
    'device/model', 'device/serial', 'max_link_width', 'max_link_speed', 'queue/logical_block_size', 'bootMode',
  ); // prettier-ignore
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('9'.repeat(40), '-9', 'y z'.repeat(300), '52:54:00:aa:00:01', '1', '255', 'uefi'),
  );
  const tree = fc.oneof(
    fc.dictionary(name, fc.dictionary(attribute, value)).map((devices) => JSON.stringify(devices)),
    fc.json(),
  );
  const content = fc.oneof(fc.uint8Array({ maxLength: 400 }), tree);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...evidenceSources), content), { maxLength: evidenceSources.length }),
      (sources) => {
        const inventory = inventoryFromEvidence(sources.map(([source, held]) => evidence(source, held)));
        expect(inventorySchema.Errors(inventory)).toEqual([]);
      },
    ),
    { numRuns: 2000 },
  );
});
