// The switch port at the other end of a cable, from one LLDP frame as it came off the wire (IEEE 802.1AB-2016). Pure.
// A frame whose mandatory part is wrong names no neighbour (§9.2.7.7); a wrong optional part is left out and reported.
import ipaddr from 'ipaddr.js';

import { factCharsMax, hexOf, plainText, utf8 } from './fact-text.ts';

export type LldpId = {
  readonly kind: 'alias' | 'component' | 'port-component' | 'mac' | 'address' | 'interface' | 'circuit' | 'local';
  readonly value: string;
};
export type LldpNeighbour = {
  readonly chassis: LldpId;
  readonly port: LldpId;
  /** Seconds the facts hold; 0: the neighbour says that it goes away (§9.2.7.4). */
  readonly ttlSeconds: number;
  /** The sender's MAC; null for data without an Ethernet header. */
  readonly sourceMac: string | null;
  readonly portDescription: string | null;
  readonly systemName: string | null;
  readonly systemDescription: string | null;
  readonly managementAddresses: readonly string[];
};
export type Lldp = { readonly neighbour: LldpNeighbour | null; readonly problems: readonly string[] };

type Tlv = { readonly type: number; readonly value: Uint8Array };

const tlvsMax = 256;
const addressesMax = 16;
const etherType = 0x88cc;

/** An Ethernet frame, with or without one VLAN tag. */
export function parseLldpFrame(frame: Uint8Array): Lldp {
  const tagged = big16(frame, 12) === 0x8100;
  const at = tagged ? 16 : 12;
  if (big16(frame, at) !== etherType) return { neighbour: null, problems: ['not an LLDP frame'] };
  return parseLldpdu(frame.subarray(at + 2), hexOf(frame.subarray(6, 12), ':'));
}

/** What follows the EtherType. */
export function parseLldpdu(data: Uint8Array, sourceMac: string | null = null): Lldp {
  const { tlvs, problems } = tlvsOf(data);
  const refused = (problem: string): Lldp => ({ neighbour: null, problems: [...problems, problem] });
  const [first, second, third, ...rest] = tlvs;
  if (first?.type !== 1 || second?.type !== 2 || third?.type !== 3)
    return refused('it does not begin with chassis id, port id and time to live');
  if (rest.some(({ type }) => type >= 1 && type <= 3)) return refused('a mandatory part stands there twice');
  const chassis = idOf(first.value, chassisKinds);
  const port = idOf(second.value, portKinds);
  const ttlSeconds = big16(third.value, 0);
  if (chassis === null) return refused('its chassis id is malformed');
  if (port === null) return refused('its port id is malformed');
  if (ttlSeconds === undefined) return refused('its time to live is malformed');
  const textOf = (type: number): string | null =>
    plainText(utf8(rest.find((tlv) => tlv.type === type)?.value ?? empty));
  for (const type of [4, 5, 6])
    if (rest.filter((tlv) => tlv.type === type).length > 1) problems.push(`TLV ${type} is there more than once`);
  return {
    neighbour: {
      chassis,
      port,
      ttlSeconds,
      sourceMac,
      portDescription: textOf(4),
      systemName: textOf(5),
      systemDescription: textOf(6),
      managementAddresses: managementAddressesOf(rest, problems),
    },
    problems,
  };
}

const empty = new Uint8Array();

/** Seven bits of type, nine of length (§8.4). The padding of a short frame follows the end mark. */
function tlvsOf(data: Uint8Array): { tlvs: Tlv[]; problems: string[] } {
  const tlvs: Tlv[] = [];
  let at = 0;
  while (at < data.length) {
    const head = big16(data, at);
    if (head === undefined) return { tlvs, problems: [`the TLV at byte ${at} is cut off`] };
    const type = head >> 9;
    const length = head & 0x1ff;
    if (type === 0) return { tlvs, problems: length === 0 ? [] : ['the end mark has a length'] };
    if (at + 2 + length > data.length) return { tlvs, problems: [`TLV ${type} at byte ${at} runs past the end`] };
    if (tlvs.length === tlvsMax) return { tlvs, problems: [`more than ${tlvsMax} TLVs`] };
    tlvs.push({ type, value: data.subarray(at + 2, at + 2 + length) });
    at += 2 + length;
  }
  // Senders may leave the end mark away where the frame ends with a whole TLV.
  return { tlvs, problems: [] };
}

type Kinds = Readonly<Record<number, LldpId['kind']>>;
// §8.5.2.2 and §8.5.3.2
const chassisKinds: Kinds = { 1: 'component', 2: 'alias', 3: 'port-component', 4: 'mac', 5: 'address', 6: 'interface', 7: 'local' }; // prettier-ignore
const portKinds: Kinds = { 1: 'alias', 2: 'port-component', 3: 'mac', 4: 'address', 5: 'interface', 6: 'circuit', 7: 'local' }; // prettier-ignore

function idOf(value: Uint8Array, kinds: Kinds): LldpId | null {
  const kind = kinds[value[0] ?? 0];
  const id = value.subarray(1);
  // §8.5.2.3: 1 to 255 octets.
  if (kind === undefined || id.length === 0 || id.length > 255) return null;
  const text = idText(kind, id);
  return text === null ? null : { kind, value: text };
}

function idText(kind: LldpId['kind'], id: Uint8Array): string | null {
  if (kind === 'mac') return id.length === 6 ? hexOf(id, ':') : null;
  if (kind === 'address') return addressText(id[0] ?? 0, id.subarray(1));
  // Ids are octets of the sender's choice: shown as text where they are one, padding aside.
  const text = utf8(id).replace(/\0+$/, '');
  return /\p{Cc}/u.test(text) ? hexOf(id).slice(0, factCharsMax) : plainText(text);
}

/** Management addresses (§8.5.9): length, family and address, then an interface number that is not read. */
function managementAddressesOf(tlvs: readonly Tlv[], problems: string[]): string[] {
  const addresses = new Set<string>();
  for (const { type, value } of tlvs) {
    if (type !== 8) continue;
    const length = value[0] ?? 0;
    const whole = length >= 2 && length <= 32 && value.length >= 1 + length + 6;
    const text = whole ? addressText(value[1] ?? 0, value.subarray(2, 1 + length)) : null;
    if (text === null) problems.push('a management address is malformed');
    else if (addresses.size < addressesMax) addresses.add(text);
  }
  return [...addresses];
}

/** IANA address family numbers: 1 IPv4, 2 IPv6, 6 a MAC. Others as hex, marked by their number. */
function addressText(family: number, bytes: Uint8Array): string | null {
  if (bytes.length === 0) return null;
  if (family === 1 && bytes.length !== 4) return null;
  if (family === 2 && bytes.length !== 16) return null;
  if (family === 1 || family === 2) return ipaddr.fromByteArray([...bytes]).toString();
  if (family === 6) return bytes.length === 6 ? hexOf(bytes, ':') : null;
  return `${family}:${hexOf(bytes.subarray(0, 32))}`;
}

/** Network order. */
function big16(bytes: Uint8Array, at: number): number | undefined {
  const high = bytes[at];
  const low = bytes[at + 1];
  return high === undefined || low === undefined ? undefined : (high << 8) | low;
}
