// Identify data of NVMe controllers and their namespaces, by ppec-hw. A controller that does not answer is left out: the
// kernel's own record of it is in block.json.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { PpecError, messageOf } from '../../shared/errors.ts';
import { jsonBytes, mapLimited, type Collector, type Host, type Reading } from './collector.ts';
import { jsonOf } from './ports.ts';
import { outputOf } from './program.ts';

const identified = Compile(
  Type.Object({ controller: Type.String(), namespaces: Type.Record(Type.String(), Type.String()) }),
);

const controllersMax = 128;
const atOnce = 4;

export function nvmeFamily(host: Host): readonly Collector[] {
  return [{ source: 'nvme.json', collect: () => controllers(host) }];
}

async function controllers(host: Host): Promise<Reading> {
  const present = await readdir(join(host.root, 'sys/class/nvme')).catch(() => []);
  const names = present
    .filter((name) => /^nvme\d+$/.test(name))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .slice(0, controllersMax);
  if (names.length === 0) return { absentBecause: 'the machine has no NVMe controller' };
  const failures: string[] = [];
  const read = await mapLimited(names, atOnce, async (name) => {
    try {
      const value = jsonOf('ppec-hw', await outputOf(host, ['ppec-hw', 'nvme-identify', `/dev/${name}`]));
      if (identified.Check(value)) return [[name, value] as const];
      failures.push('ppec-hw wrote no Identify data');
    } catch (error) {
      failures.push(messageOf(error));
    }
    return [];
  });
  if (failures.length === names.length) throw new PpecError('unavailable', failures[0] ?? 'no controller answered');
  return jsonBytes(Object.fromEntries(read.flat()));
}
