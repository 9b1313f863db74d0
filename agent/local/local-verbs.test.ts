// `inventory` and `health` as a person runs them over a folder of evidence: processes of their own, what they print, and
// their exit codes.
import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import { Finding } from '../../shared/inspection/finding.ts';
import { HealthReport } from '../../shared/protocol/messages.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));
const bundle = fileURLToPath(new URL('../../test/fixtures/evidence-r630', import.meta.url));
const smart = (name: string): Promise<string> =>
  readFile(new URL(`../../test/fixtures/smartctl/${name}.json`, import.meta.url), 'utf8');

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

function agent(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** The bundle with what a board controller and the drives of that machine would have told. */
async function fullBundle(drives: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  await cp(bundle, folder, { recursive: true });
  const reports = Object.entries(drives).map(async ([disk, name]) => `"${disk}": ${await smart(name)}`);
  await writeFile(join(folder, 'smart.json'), `{${(await Promise.all(reports)).join(',')}}`);
  await writeFile(join(folder, 'sdr.csv'), 'PSU1 Status,C8h,ok,10.1,Presence detected\nPSU2 Status,C9h,ok,10.2,Presence detected, Power Supply AC lost\n');
  await writeFile(join(folder, 'sel.bin'), Buffer.from('0100028000926520000408c96f03ffff', 'hex'));
  await writeFile(join(folder, 'bmc.json'), JSON.stringify({ selTime: '01/01/2024 00:00:00', hostTimeMs: 1_704_067_200_000 }));
  return folder;
} // prettier-ignore

const healthSchema = Compile(HealthReport);
const verdictSchema = Compile(
  Type.Object({ class: Type.String(), verdict: Type.String(), findings: Type.Array(Finding), inventory: Type.Object({}) }),
); // prettier-ignore

const drives = {
  nvme0n1: 'nvme-toshiba-kxg60',
  sda: 'sata-samsung-mz7wd240',
  sdb: 'sas-seagate-st373453',
  sdc: 'sata-hgst-hus724020',
};

it('tells the health of a folder of evidence in the words the controller is told', async () => {
  const { status, stdout, stderr } = await agent('health', '--evidence', await fullBundle(drives));
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  const report: unknown = JSON.parse(stdout);
  if (!healthSchema.Check(report)) throw new Error('the output is no health report');
  const failed = report.findings.filter(({ state }) => state === 'failed').map(({ message }) => message);
  expect(failed).toEqual([
    'Disk sdb (SN W4600001): uncorrected errors (1 in read, 535 in write): replace it.',
    "PSU2 Status (sensor C9h): power supply: input power lost, 2024-01-01 00:00:00 by the board controller's clock, and not left since: mend it, then clear the log (ipmitool sel clear).",
    'PSU2 has no input power: check its cord and the outlet.',
  ]);
});

it('tells it as a table, and what a folder does not show', async () => {
  const { status, stdout } = await agent('health', '--evidence', bundle, '-o', 'table');
  expect(status).toBe(0);
  expect(stdout).toBe(
    [
      'health  unknown, 5 findings',
      '',
      'STATE    CHECK          MESSAGE',
      'unknown  drive-status   The health of the disks is not known: smart.json was not collected.',
      'unknown  memory-errors  Whether there were memory errors is not known: edac.json was not collected.',
      'unknown  sensor         What the sensors of the board controller say is not known: sdr.csv was not collected.',
      'unknown  event-log      What the event log of the board controller says is not known: sel.bin was not collected.',
      "unknown  clock          Whether the board controller's clock is right is not known: bmc.json was not collected.",
      '',
    ].join('\n'),
  );
});

const spec = {
  cpus: [{ count: 1, model: '*E5-2630 v3*', cores: 8 }],
  memory: [{ count: 2, sizeBytes: '16 GiB', type: 'DDR4' }],
  disks: [
    { count: 1, transport: 'nvme', sizeBytes: '3.84TB' },
    { count: 3, sizeBytes: '2TB' },
  ],
  nics: [{ count: 3, linksUp: 1 }],
};

async function classFile(text: string): Promise<string> {
  const file = join(await temporaryFolder(), 'class.yaml');
  await writeFile(file, text);
  return file;
}
const yaml = (disks: string): string => `
name: r630
spec:
  cpus: [{ count: 1, model: '*E5-2630 v3*', cores: 8 }]
  memory: [{ count: 2, sizeBytes: 16 GiB, type: DDR4 }]
  disks: ${disks}
  nics: [{ count: 3, linksUp: 1 }]
`;
const asIs =
  '[{ count: 1, transport: nvme, sizeBytes: 3.84TB }, { count: 1, sizeBytes: 240GB }, { count: 2, sizeBytes: 2TB }]';

/** The bundle with the card whose lanes did not all come up reseated. */
async function soundBundle(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(bundle, folder, { recursive: true });
  const pci = await readFile(join(bundle, 'pci.json'), 'utf8');
  await writeFile(join(folder, 'pci.json'), pci.replaceAll(/("current_link_width": *)"4"/g, '$1"8"'));
  return folder;
}

it('passes a machine that is what the class asks for', async () => {
  const { status, stdout, stderr } = await agent('inventory', '--evidence', await soundBundle(), '--class', await classFile(yaml(asIs)));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('COMPONENT  ORDERED');
  expect(stdout).toMatch(/^memory +2 × 16 GiB DDR4 +.*match$/m);
  expect(stdout).toMatch(/\npass: this machine is a r630\n$/);
}); // prettier-ignore

it('fails another one with a sentence per finding', async () => {
  const file = await classFile(JSON.stringify({ name: 'r630', spec }));
  const folder = await soundBundle();
  const { status, stdout } = await agent('inventory', '--evidence', folder, '--class', file);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^ {2}✗ .*240 GB.*2\.0 TB.*\.$/m);
  expect(stdout).toMatch(/\nfail: this machine is no r630: 1 finding blocks\n$/);
  const asJson = await agent('inventory', '--evidence', folder, '--class', file, '-o', 'json');
  expect(asJson.status).toBe(1);
  const value: unknown = JSON.parse(asJson.stdout);
  if (!verdictSchema.Check(value)) throw new Error('the output is no verdict');
  expect(value).toMatchObject({
    class: 'r630',
    verdict: 'fail',
    findings: [{ severity: 'block', rule: 'disk-multiset' }],
  });
  expect(stdout).toContain(value.findings[0]?.sentence);
});

it('shows an inventory as tables', async () => {
  const { status, stdout } = await agent('inventory', '--evidence', bundle, '-o', 'table');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^machine {3}Dell Inc\. PowerEdge R630$/m);
  expect(stdout).toMatch(/^sda +— +240 GB +sata +SAMSUNG MZ7WD240 +S16LNYAF000001 +103Q$/m);
});

it.each([
  ['health of an unknown form', ['health', '-o', 'yaml'], "-o takes json or table, not 'yaml'"],
  ['health against a class', ['health', '--class', 'x'], "Unknown option '--class'"],
  ['an inventory with a word too many', ['inventory', bundle], 'Unexpected argument'],
  ['a class that is not there', ['inventory', '--evidence', bundle, '--class', '/no/such'], 'the class cannot be read: '],
])('refuses %s with its usage', async (_, args, why) => {
  const { status, stdout, stderr } = await agent(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(why);
  expect(stderr).toContain('usage: ppec-agent VERB');
}); // prettier-ignore

it('names what is wrong in a class', async () => {
  const file = await classFile('name: x\nspec: { cpus: [], memory: [], disks: [], nics: 5 }\n');
  const { status, stderr } = await agent('inventory', '--evidence', bundle, '--class', file);
  expect(status).toBe(2);
  expect(stderr).toContain(`${file} is not a machine class`);
  expect(stderr).toContain('/spec/nics');
});
