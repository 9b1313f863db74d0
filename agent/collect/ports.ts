// Facts of the Ethernet ports that only an ioctl gives, by ppec-hw: permanent address, firmware, fastest mode, and the
// memory of the module in the port.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { PpecError } from '../../shared/errors.ts';
import { jsonBytes, type Collector, type Host } from './collector.ts';
import { outputOf } from './program.ts';

const OptionalText = Type.Union([Type.String(), Type.Null()]);
const Ports = Type.Record(
  Type.String(),
  Type.Object({
    driver: OptionalText,
    version: OptionalText,
    firmware: OptionalText,
    bus: OptionalText,
    permanentMac: OptionalText,
    maxMbps: Type.Union([Type.Integer(), Type.Null()]),
    module: OptionalText,
  }),
);
export type Ports = Static<typeof Ports>;
const ports = Compile(Ports);

/** A module on a slow bus takes tenths of a second, and a machine may have dozens. */
const timeoutMs = 30_000;

export function portsFamily(host: Host): readonly Collector[] {
  return [
    {
      source: 'ports.json',
      collect: async () => {
        const value = jsonOf('ppec-hw', await outputOf(host, ['ppec-hw', 'ports'], { timeoutMs }));
        if (!ports.Check(value)) throw new PpecError('unavailable', 'ppec-hw wrote no map of ports');
        return jsonBytes(value);
      },
    },
  ];
}

export function jsonOf(program: string, output: Buffer): unknown {
  try {
    return JSON.parse(output.toString());
  } catch (error) {
    throw new PpecError('unavailable', `${program} wrote no JSON`, { cause: error });
  }
}
