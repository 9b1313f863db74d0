// Raw evidence of this host: every family of collectors, and evidence that lies in a folder. A collector that fails leaves
// its reason, and the others go on.
import { createHash } from 'node:crypto';
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf, PpecError } from '../../shared/errors.ts';
import {
  requiredSources,
  type Evidence,
  type EvidenceSource,
} from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { evidenceSourceBytesMax } from '../../shared/protocol/limits.ts';
import type { Collector, Family, Host, Reading } from './collector.ts';
import { edacFamily } from './edac.ts';
import { gpuFamily } from './gpu.ts';
import { ipmiFamily } from './ipmi.ts';
import { lldpFamily } from './lldp.ts';
import { nvmeFamily } from './nvme.ts';
import { portsFamily } from './ports.ts';
import { slotsFamily } from './slots.ts';
import { smartFamily } from './smart.ts';
import { sysfsFamily } from './sysfs.ts';
import { tpmFamily } from './tpm.ts';

/** Where the host's /sys and /proc are; `/` except in tests. */
export type HostRoot = Host;

/** A reading with how long it took. */
export type TimedEvidence = Evidence & { readonly ms: number };

const families: readonly Family[] = [
  sysfsFamily,
  portsFamily,
  lldpFamily,
  ipmiFamily,
  smartFamily,
  nvmeFamily,
  edacFamily,
  tpmFamily,
  slotsFamily,
  gpuFamily,
];

const reasonCharsMax = 500;

export async function collectEvidence(host: HostRoot): Promise<TimedEvidence[]> {
  return Promise.all(families.flatMap((family) => family(host)).map(timed));
}

async function timed({ source, collect }: Collector): Promise<TimedEvidence> {
  const startedMs = performance.now();
  const evidence = await read(source, collect);
  return { ...evidence, ms: Math.round(performance.now() - startedMs) };
}

async function read(source: EvidenceSource, collect: () => Promise<Reading>): Promise<Evidence> {
  try {
    const reading = await collect();
    if ('absentBecause' in reading) return { source, absentBecause: reading.absentBecause };
    return { source, bytes: reading, sha256: createHash('sha256').update(reading).digest('hex') };
  } catch (error) {
    return { source, unreadBecause: messageOf(error).slice(0, reasonCharsMax) };
  }
}

/**
 * Evidence from a folder (a support bundle, a fixture): one file per source, named as the source. What every machine has
 * is unread where its file is missing; of the rest nothing is known then.
 */
export async function evidenceFromFolder(folder: string, sources: readonly EvidenceSource[]): Promise<Evidence[]> {
  const required: ReadonlySet<string> = new Set(requiredSources);
  const found = await Promise.all(
    sources.map(async (source) => {
      const isThere = required.has(source) || (await isFile(join(folder, source)));
      return isThere ? [await read(source, () => smallFile(join(folder, source)))] : [];
    }),
  );
  return found.flat();
}

async function isFile(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function smallFile(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const { size } = await file.stat();
  if (size > evidenceSourceBytesMax)
    throw new PpecError('resource_exhausted', `it is larger than ${evidenceSourceBytesMax} bytes`);
  return await file.readFile();
}
