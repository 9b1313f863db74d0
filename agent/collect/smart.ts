// What each disk says about itself, by smartctl: every SCSI, SATA and NVMe disk that the kernel shows, and those that only
// a RAID controller shows. A disk that cannot be asked has an entry that says so, in smartctl's own terms.
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf, PpecError } from '../../shared/errors.ts';
import { attribute, jsonBytes, mapLimited, type Collector, type Host, type Reading } from './collector.ts';
import { jsonOf } from './ports.ts';
import { isMissingProgram, run } from './program.ts';

/** `key` as it stands in the evidence; `type` for smartctl's `-d` where the device alone does not say it. */
type Target = { readonly key: string; readonly path: string; readonly type?: string };

const targetsMax = 512;
const atOnce = 4;
const diskTimeoutMs = 20_000;
const familyTimeoutMs = 120_000;
const diskBytesMax = 512 * 1024;
/** Below what one source may hold in the protocol. */
const allBytesMax = 3 * 1024 * 1024;

export function smartFamily(host: Host): readonly Collector[] {
  return [{ source: 'smart.json', collect: () => smart(host) }];
}

async function smart(host: Host): Promise<Reading> {
  const shown = await shownDisks(host.root);
  const hidden = (await hasRaid(host.root)) ? await hiddenDisks(host) : [];
  const targets = [...shown, ...hidden].slice(0, targetsMax);
  if (targets.length === 0) return { absentBecause: 'no disk of this machine keeps SMART data' };
  const endsAtMs = performance.now() + familyTimeoutMs;
  let left = allBytesMax;
  const reports = await mapLimited(targets, atOnce, async (target) => {
    const timeoutMs = Math.min(diskTimeoutMs, Math.floor(endsAtMs - performance.now()));
    if (timeoutMs <= 0) return [target.key, notAsked('the time for all disks was up')] as const;
    const { report, bytes } = await ask(host, target, timeoutMs);
    left -= bytes;
    return [target.key, left < 0 ? notAsked('the reports of the other disks are too large') : report] as const;
  });
  return jsonBytes(Object.fromEntries(reports));
}

/** Virtio disks have no SMART; what hangs on USB is the BMC's or a person's, and may hang with it. */
async function shownDisks(root: string): Promise<Target[]> {
  const base = join(root, 'sys/block');
  const targets: Target[] = [];
  for (const name of (await readdir(base)).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
    if (!/^(sd[a-z]{1,4}|nvme\d+n\d+)$/.test(name)) continue;
    if (attribute(join(base, name, 'hidden')) === '1') continue;
    if ((await realpath(join(base, name)).catch(() => '')).includes('/usb')) continue;
    targets.push({ key: name, path: `/dev/${name}` });
  }
  return targets;
}

/** PCI classes 0104 and 0107: only behind these can smartctl find more disks (PCI Code and ID Assignment §1.2). */
async function hasRaid(root: string): Promise<boolean> {
  const base = join(root, 'sys/bus/pci/devices');
  for (const bdf of await readdir(base).catch(() => [])) {
    if (/^0x010[47]/.test(attribute(join(base, bdf, 'class')) ?? '')) return true;
  }
  return false;
}

const Scan = Compile(Type.Object({ devices: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })) }));

/** `megaraid,3`, `cciss,0`, `sat+megaraid,1`: a type with a number is a disk behind its device. */
async function hiddenDisks(host: Host): Promise<Target[]> {
  const { stdout } = await run(host, ['smartctl', '--scan-open', '-j']);
  const scan = jsonOf('smartctl', stdout);
  if (!Scan.Check(scan)) return [];
  return scan.devices.flatMap(({ name, type }) =>
    /^\/dev\/[\w/-]{1,60}$/.test(name) && /^[\w+]{1,30}(,\d{1,4}){1,2}$/.test(type)
      ? [{ key: `${name.slice('/dev/'.length)},${type}`, path: name, type }]
      : [],
  );
}

/** smartctl's exit status is a bit field that is non-zero on healthy disks too; its JSON holds it. */
async function ask(host: Host, target: Target, timeoutMs: number): Promise<{ report: object; bytes: number }> {
  const type = target.type === undefined ? [] : ['-d', target.type];
  try {
    const words = ['smartctl', '-j', '-x', ...type, target.path] as const;
    const { stdout } = await run(host, words, { timeoutMs, outputBytesMax: diskBytesMax });
    const report = jsonOf('smartctl', stdout);
    if (typeof report === 'object' && report !== null && !Array.isArray(report))
      return { report, bytes: stdout.length };
    throw new PpecError('unavailable', 'smartctl wrote no report');
  } catch (error) {
    // Without the program no disk can be asked: that is the source's failure, not the disk's.
    if (isMissingProgram(error)) throw error;
    return { report: notAsked(messageOf(error)), bytes: 0 };
  }
}

/** As smartctl reports a device that it cannot open: bit 1 of its exit status. */
function notAsked(why: string): object {
  return { smartctl: { exit_status: 2, messages: [{ string: `ppec: ${why}`, severity: 'error' }] } };
}
