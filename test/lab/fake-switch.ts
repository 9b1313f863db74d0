// A switch as LLDP shows it: on each cable that is plugged into it, it says every second who and where it is.
import { join } from 'node:path';

import { compileTo } from '../../pious-image/hw-program.ts';
import { lldpFrame } from '../fixtures/evidence-of.ts';
import type { Lab } from './lab.ts';
import type { LabProcess } from './namespace.ts';

const sender = join(import.meta.dirname, '../../pious-image/hw/send-frame.c');

export type FakeSwitch = {
  /** Plugs a cable (a network interface of the lab) into that port, out of the one that it was in. */
  readonly plug: (cable: string, port: number) => Promise<void>;
};

export async function fakeSwitch(lab: Lab, system: string): Promise<FakeSwitch> {
  const program = join(lab.dir, 'send-frame');
  await compileTo(program, sender);
  const senders = new Map<string, LabProcess>();
  return {
    plug: async (cable, port) => {
      await senders.get(cable)?.stop();
      const script = 'while "$1" "$2" "$3"; do sleep 1; done';
      const words = ['sh', '-c', script, 'sh', program, cable, frameOf(system, port)] as const;
      senders.set(cable, lab.spawn(`${system}-${cable}`, [...words]));
    },
  };
}

/** Every port of a switch has an address of its own. */
function frameOf(system: string, port: number): string {
  const neighbour = { system, chassis: `${system}-chassis`, port: `swp${port}`, portDescription: null };
  const frame = lldpFrame(neighbour);
  frame.writeUInt8(port, 11);
  return frame.toString('hex');
}
