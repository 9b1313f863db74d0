// Network ports: what the kernel shows of them, filled with what drivers answer (permanent address, firmware, fastest mode,
// the module's EEPROM), what firmware calls them, and the switch port at the other end. Pure.
import { Type, type Static } from 'typebox';

import { macKey } from '../identity.ts';
import type { Nic } from '../inventory.ts';
import { bytesOfBase64 } from './base64.ts';
import { factText, latin1 } from './fact-text.ts';
import { parseLldpFrame } from './lldp.ts';

const Optional = Type.Optional(Type.Union([Type.String(), Type.Null()]));

/** What `ppec-hw ports` prints: port → what its driver answers. */
export const PortsSchema = Type.Record(
  Type.String(),
  Type.Object({
    driver: Optional,
    version: Optional,
    firmware: Optional,
    bus: Optional,
    permanentMac: Optional,
    maxMbps: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
    module: Optional,
  }),
);
export type Ports = Static<typeof PortsSchema>;

/** Frames that were heard, base64 by port, and for how long there was somebody to hear them. */
export const LldpSchema = Type.Object({
  sinceMs: Type.Integer(),
  readAtMs: Type.Integer(),
  frames: Type.Record(Type.String(), Type.Array(Type.String(), { maxItems: 64 })),
});
export type LldpHeard = Static<typeof LldpSchema>;

/** A switch speaks every 30 seconds (IEEE 802.1AB-2016 §9.2.5.7); a few more for a link that comes up late. */
const listenMs = 35_000;

export function isHeardOut(heard: LldpHeard | undefined): boolean {
  return heard !== undefined && heard.readAtMs - heard.sinceMs >= listenMs;
}

export type PortWitnesses = {
  readonly ports: Ports;
  readonly heard: LldpHeard | undefined;
  /** PCI address → what firmware calls the device. */
  readonly labels: ReadonlyMap<string, string>;
};

export function withWitnesses(nics: readonly Nic[], { ports, heard, labels }: PortWitnesses): Nic[] {
  return nics.map((nic) => {
    const port = ports[nic.name];
    return {
      ...(port === undefined ? nic : answered(nic, port)),
      label: nic.label ?? (nic.pci === null ? null : (labels.get(nic.pci) ?? null)),
      neighbour: neighbourOf(heard?.frames[nic.name] ?? []),
    };
  });
}

function answered(nic: Nic, port: Ports[string]): Nic {
  const maxMbps = port.maxMbps ?? 0;
  return {
    ...nic,
    mac: permanentMac(port.permanentMac) ?? nic.mac,
    driver: nic.driver ?? factText(port.driver),
    firmware: nic.firmware ?? factText(port.firmware),
    maxMbps: maxMbps > 0 ? maxMbps : null,
    module: moduleOf(port.module),
  };
}

/** A bond gives its address to its members; the permanent one stays theirs. */
function permanentMac(text: string | null | undefined): string | undefined {
  const mac = macKey(text ?? '');
  return mac === '00:00:00:00:00:00' ? undefined : mac;
}

/** The newest frame that names a neighbour and still holds. */
function neighbourOf(frames: readonly string[]): Nic['neighbour'] {
  for (const frame of frames.toReversed()) {
    const { neighbour } = parseLldpFrame(bytesOfBase64(frame));
    if (neighbour === null || neighbour.ttlSeconds === 0) continue;
    return {
      system: neighbour.systemName,
      chassis: neighbour.chassis.value,
      port: neighbour.port.value,
      portDescription: neighbour.portDescription,
    };
  }
  return null;
}

/** Vendor, part and serial of a pluggable module: SFF-8472 §4.1 (SFP), SFF-8636 §6.3 and CMIS (QSFP) by its identifier. */
function moduleOf(base64: string | null | undefined): Nic['module'] {
  const bytes = bytesOfBase64(base64 ?? '');
  const at = textOffsets(bytes[0] ?? 0);
  if (at === undefined || bytes.length < at.serial + 16) return null;
  const text = (from: number): string | null => factText(latin1(bytes.subarray(from, from + 16)));
  return { vendor: text(at.vendor), part: text(at.part), serial: text(at.serial) };
}

type Offsets = { readonly vendor: number; readonly part: number; readonly serial: number };

/** SFF-8024 table 4-1: the module's identifier. */
function textOffsets(identifier: number): Offsets | undefined {
  if (identifier === 0x03) return { vendor: 20, part: 40, serial: 68 };
  if (identifier === 0x0c || identifier === 0x0d || identifier === 0x11) return { vendor: 148, part: 168, serial: 196 };
  if (identifier === 0x18 || identifier === 0x19 || identifier === 0x1e) return { vendor: 129, part: 148, serial: 166 };
  return undefined;
}
