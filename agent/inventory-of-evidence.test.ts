// The program as an operator runs it over a support bundle: a process of its own, its exit code and what it prints.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import { InventorySchema, type Inventory } from '../shared/hardware/inventory.ts';
import { gib } from '../shared/units.ts';
import { temporaryFolder } from '../test/fixtures/temporary-folder.ts';

const inventorySchema = Compile(InventorySchema);
const program = fileURLToPath(new URL('main.ts', import.meta.url));
const bundle = fileURLToPath(new URL('../test/fixtures/evidence-r630', import.meta.url));

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

function agent(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function inventoryOf(folder: string): Promise<Inventory> {
  const { status, stdout, stderr } = await agent('inventory', '--evidence', folder);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const inventory: unknown = JSON.parse(stdout);
  if (!inventorySchema.Check(inventory)) throw new Error('the output is no inventory');
  return inventory;
}

it('gives the inventory of a folder of evidence', async () => {
  const inventory = await inventoryOf(bundle);
  expect(inventory).toMatchObject({
    schema: 2,
    identity: { manufacturer: 'Dell Inc.', product: 'PowerEdge R630', serial: '790H8D2' },
    firmware: { biosVersion: '2.3.4', bootMode: 'uefi', microcode: '0x49' },
    cpus: [
      { socket: 'CPU1', populated: true, cores: 8, threads: 16 },
      { socket: 'CPU2', populated: false },
    ],
    memoryTotalBytes: 33_571_393_536,
    unread: [],
  });
  const modules = inventory.dimms.filter((dimm) => dimm.populated);
  expect(modules.map(({ slot, sizeBytes }) => [slot, sizeBytes])).toEqual([['A3', 16 * gib], ['A4', 16 * gib]]); // prettier-ignore
  expect(inventory.disks.map(({ name, transport, serial, sizeBytes }) => [name, transport, serial, sizeBytes])).toEqual(
    [
      ['nvme0n1', 'nvme', 'PHLJ0000000A4P0DGN', 3_840_755_982_336],
      ['sda', 'sata', 'S16LNYAF000001', 240_057_409_536],
      ['sdb', 'sas', 'W4600001', 2_000_398_934_016],
      ['sdc', 'sata', 'PN1134P6G00001', 2_000_398_934_016],
    ],
  );
  expect(inventory.nics.map(({ name, linkUp, speedMbps }) => [name, linkUp, speedMbps])).toEqual([
    ['eno1', true, 10_000],
    ['eno2', false, null],
    ['eno3', null, null],
  ]);
  expect(inventory.pci.map(({ bdf, vendor, device }) => `${bdf} ${vendor}:${device}`)).toEqual([
    '0000:01:00.0 8086:154d',
    '0000:02:00.0 1000:005d',
  ]);
  const smbios = await readFile(join(bundle, 'smbios.bin'));
  expect(inventory.evidence['smbios.bin']).toBe(createHash('sha256').update(smbios).digest('hex'));
});

it('lists what is missing in the folder as unread, and gives the rest', async () => {
  const folder = await temporaryFolder();
  await cp(bundle, folder, { recursive: true });
  await rm(join(folder, 'smbios.bin'));
  const inventory = await inventoryOf(folder);
  expect(inventory.unread.map(({ source }) => source)).toEqual(['smbios.bin']);
  expect(inventory.unread[0]?.reason).toContain('ENOENT');
  expect(inventory.identity.serial).toBeNull();
  expect(inventory.disks).toHaveLength(4);
});

it.each([
  ['a verb it does not know', ['fly'], 2],
  ['no verb', [], 0],
  ['evidence without a folder', ['inventory', '--evidence'], 2],
  ['an option it does not know', ['inventory', '--evidense', bundle], 2],
])('prints its usage for %s', async (_, args, status) => {
  const ended = await agent(...args);
  expect(ended).toMatchObject({ status, stdout: '' });
  expect(ended.stderr).toMatch(/^(ppec-agent: .+\n)?usage: /);
});
