// The newest LLDP frames of each port, as the listener that runs since the ports are up keeps them (ppec-hw lldp).
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '../../shared/clock.ts';
import { PpecError } from '../../shared/errors.ts';
import { attribute, base64, jsonBytes, type Collector, type Host } from './collector.ts';

/** 64 ports with 8 neighbours each. */
const framesMax = 512;

export function lldpFamily(host: Host): readonly Collector[] {
  return [{ source: 'lldp.json', collect: () => frames(host) }];
}

async function frames({ root, clock = systemClock }: Host): Promise<Uint8Array> {
  const folder = join(root, 'run/ppec/lldp');
  const since = Number(attribute(join(folder, 'since')) ?? Number.NaN);
  if (!Number.isSafeInteger(since)) throw new PpecError('unavailable', 'no LLDP listener runs on this system');
  const byPort: Record<string, string[]> = {};
  for (const name of (await readdir(folder)).toSorted().slice(0, framesMax + 1)) {
    const port = /^(.+)\.[0-9a-f]{12}\.frame$/.exec(name)?.[1];
    // A neighbour that went away between the two readings has taken its file along.
    const frame = port === undefined ? undefined : await readFile(join(folder, name)).catch(() => undefined);
    if (port !== undefined && frame !== undefined) (byPort[port] ??= []).push(base64(frame));
  }
  return jsonBytes({ sinceMs: since, readAtMs: clock.nowMs(), frames: byPort });
}
