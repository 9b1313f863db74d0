import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

import { bareDisk } from '../../../test/fixtures/parts.ts';
import { withDrives } from './drives.ts';

async function smart(name: string, change: object = {}): Promise<object> {
  const text = await readFile(new URL(`../../../test/fixtures/smartctl/${name}.json`, import.meta.url), 'utf8');
  const report: unknown = JSON.parse(text);
  if (typeof report !== 'object') throw new Error(`${name} is no report`);
  return { ...report, ...change };
}
const none = { smart: {}, nvme: {}, bays: {} };

it('fills a model that the kernel cuts to sixteen characters, and the firmware and serial it does not show', async () => {
  const disk = { ...bareDisk, name: 'sda', model: 'HGST HUS724020AL', firmware: 'A5F0' };
  const report = await smart('sata-hgst-hus724020', { serial_number: 'PN1134P6', firmware_version: 'MJAOA5F0' });
  expect(withDrives([disk], { ...none, smart: { sda: report } })).toEqual([
    { ...disk, model: 'HGST HUS724020ALE640', firmware: 'MJAOA5F0', serial: 'PN1134P6', rotational: true },
  ]);
});

it('keeps what the kernel shows where the drive says something else', async () => {
  const disk = { ...bareDisk, name: 'sda', model: 'OTHER', firmware: 'X1', serial: 'S1' };
  const [read] = withDrives([disk], { ...none, smart: { sda: await smart('sata-hgst-hus724020') } });
  expect(read).toMatchObject({ model: 'OTHER', firmware: 'X1', serial: 'S1' });
});

it('lists drives that a RAID controller hides, each once, beside the volume it shows', async () => {
  const volume = { ...bareDisk, name: 'sda', model: 'PERC H730P Mini', sizeBytes: 1e12 };
  const reports = {
    'sda,megaraid,0': await smart('sata-samsung-mz7wd240', { serial_number: 'S16L0' }),
    'sda,megaraid,1': await smart('sas-seagate-st373453', { serial_number: '3HW1' }),
  };
  const [shown, ...hidden] = withDrives([volume], { ...none, smart: reports });
  expect(shown).toEqual(volume);
  expect(hidden).toMatchObject([
    {
      name: 'sda,megaraid,0',
      behind: 'sda megaraid 0',
      transport: 'sata',
      serial: 'S16L0',
      sizeBytes: 240_057_409_536,
    },
    { name: 'sda,megaraid,1', behind: 'sda megaraid 1', transport: 'sas', serial: '3HW1', model: 'SEAGATE ST373453LC' },
  ]);
});

it('does not list a drive again that the controller passes through', async () => {
  const disk = { ...bareDisk, name: 'sdb', serial: 'S16L0' };
  const report = await smart('sata-samsung-mz7wd240', { serial_number: 'S16L0' });
  expect(withDrives([disk], { ...none, smart: { 'sdb,megaraid,0': report } })).toEqual([disk]);
});

it('names the bay of a disk', () => {
  const bays = { '0:0:8:0/Slot 03': { block: 'sdb' }, '0:0:8:0/Slot 04': { block: null } };
  const [a, b] = withDrives([bareDisk, { ...bareDisk, name: 'sdb' }], { ...none, bays });
  expect([a?.bay, b?.bay]).toEqual([null, '0:0:8:0/Slot 03']);
});
