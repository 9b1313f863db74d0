// Names of switches and of their ports as keys: what a switch says of itself (LLDP) and what people write into a cabling
// table is the same port when the keys are equal. Letter case never counts; MACs and interface names have several forms.
import type { Nic } from '../hardware/inventory.ts';

export type Neighbour = NonNullable<Nic['neighbour']>;

const plain = (text: string): string => text.trim().toLowerCase().replaceAll(/\s+/g, ' ');

/** A MAC in any usual form (`AA:BB:…`, `aa-bb-…`, `aabb.ccdd.eeff`, `aabbccddeeff`) as lower-case pairs with colons. */
function macOf(text: string): string | undefined {
  const isMac =
    /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}([.:-])[0-9a-f]{4}\2[0-9a-f]{4}|[0-9a-f]{12})$/;
  if (!isMac.test(text)) return undefined;
  return text
    .replaceAll(/[^0-9a-f]/g, '')
    .match(/../g)
    ?.join(':');
}

/** The key of a switch: its system name, or its chassis id, which is most often a MAC. */
export function switchKey(name: string): string {
  const text = plain(name);
  return macOf(text) ?? text;
}

/** The name without its domain: `leaf-1.ams-1.example.net` is `leaf-1`; undefined for what has none. */
export function shortSwitchKey(name: string): string | undefined {
  const key = switchKey(name);
  const [, host] = /^([a-z][a-z0-9_-]*)\.[a-z0-9]/.exec(key) ?? [];
  return host;
}

/**
 * How vendors write the kind of an interface: in full, and shortened. What stands in one line is the same kind. Juniper's
 * `ge-0/0/1` and `et-0/0/1` are no abbreviations: each is the port's whole name.
 */
const interfaceKinds: readonly (readonly [string, ...string[]])[] = [
  ['ethernet', 'et', 'ethe', 'ethernetport'],
  ['fastethernet', 'fa', 'fas', 'fe'],
  ['gigabitethernet', 'gi', 'gig', 'gige', 'ge'],
  ['twogigabitethernet', 'tw', 'two'],
  ['fivegigabitethernet', 'fi', 'five'],
  ['tengigabitethernet', 'te', 'ten', 'tengige', 'ten-gigabitethernet', 'xgigabitethernet', 'xge', 'tengig'],
  ['twentyfivegige', 'twe', 'twentyfivegigabitethernet', 'twenty-fivegige', '25ge'],
  ['fortygigabitethernet', 'fo', 'for', 'fortygige', '40ge'],
  ['fiftygige', 'fif', 'fiftygigabitethernet', '50ge'],
  ['hundredgige', 'hu', 'hun', 'hundredgigabitethernet', '100ge'],
  ['twohundredgige', 'th', 'twohundredgigabitethernet', '200ge'],
  ['fourhundredgige', 'fh', 'fou', 'fourhundredgigabitethernet', '400ge'],
  ['management', 'ma', 'mgmt', 'mgmteth'],
];
const kindOf = new Map(
  interfaceKinds.flatMap(([kind, ...others]) => [kind, ...others].map((each) => [each, kind] as const)),
);

/** The key of a switch port: `Eth1/7` and `Ethernet 1/7` are one, `Gi0/1` and `GigabitEthernet0/1` too. */
export function portKey(name: string): string {
  const text = plain(name);
  const mac = macOf(text);
  if (mac !== undefined) return mac;
  const [, kind = '', number = ''] = /^((?:\d+(?=[a-z]))?[a-z][a-z-]*?) ?(\d[\d/.:]*)$/.exec(text) ?? [];
  if (kind === '') return text;
  // `eth0` is also what a switch that runs Linux calls its management port, beside an `Ethernet0`.
  if (kind === 'eth') return number.includes('/') ? `ethernet${number}` : `eth${number}`;
  return `${kindOf.get(kind) ?? kind}${number}`;
}

/** Keys under which a table may name what a port hears, those that go first first. */
export type NeighbourKeys = {
  readonly switches: readonly string[];
  /** The system name without its domain, where it has one. */
  readonly shortSwitch: string | undefined;
  /** The system name, where it has no domain: a table may give it one. */
  readonly bareSwitch: string | undefined;
  readonly ports: readonly string[];
};

export function neighbourKeys({ system, chassis, port, portDescription }: Neighbour): NeighbourKeys {
  const shortSwitch = system === null ? undefined : shortSwitchKey(system);
  const given = [system, chassis].flatMap((name) => (name === null ? [] : [switchKey(name)]));
  const ports = [port, portDescription].flatMap((name) => (name === null ? [] : [portKey(name)]));
  return {
    switches: [...new Set(given)].filter((key) => key !== ''),
    shortSwitch,
    bareSwitch: system === null || shortSwitch !== undefined ? undefined : switchKey(system),
    ports: [...new Set(ports)].filter((key) => key !== ''),
  };
}

/** What people call the port at the other end: `leaf-1 swp9`. */
export function neighbourName({ system, chassis, port }: Neighbour): string {
  return `${(system ?? chassis).slice(0, 60)} ${port.slice(0, 40)}`;
}

/** `U20`, `u20`, `RU 20` and `20` are one rack unit. */
export function slotKey(slot: string): string {
  const text = plain(slot);
  const [, unit] = /^(?:r?u ?)?(\d+)$/.exec(text) ?? [];
  return unit?.replace(/^0+(?=\d)/, '') ?? text;
}

/** The key of a rack or a datacenter. */
export const placeKey = plain;
