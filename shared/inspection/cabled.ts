// A machine's ports beside the cabling table: which rows are of the switch port that each of them hears. Pure.
import { macKey } from '../hardware/identity.ts';
import type { Nic } from '../hardware/inventory.ts';
import { neighbourKeys, placeKey, portKey, shortSwitchKey, slotKey, switchKey, type Neighbour } from './switch-port.ts';

/** A switch port and the place, or the very port, that its cable leads to. */
export type Cable = {
  readonly switch: string;
  readonly port: string;
  readonly datacenter: string | null;
  readonly rack: string;
  readonly slot: string;
  /** The server's port: its name, its label or its MAC. */
  readonly nic: string | null;
};
export type Place = { readonly datacenter: string | null; readonly rack: string | null; readonly slot: string | null };

export type Cabled = {
  readonly nics: readonly Nic[];
  /** Whether the ports were listened to for as long as a switch may stay silent. */
  readonly isComplete: boolean;
  /** What the order says; null in what it leaves open. */
  readonly ordered: Place;
  /** What was recorded before; it counts only where neither the order nor a cable says more. */
  readonly known: Place;
  /** At least the rows of every switch that is heard, and of every rack in question. */
  readonly cables: readonly Cable[];
};

export const portVerdicts = ['right', 'wrong', 'unknown', 'silent', 'missing'] as const;
export type PortVerdict = (typeof portVerdicts)[number];

export type PortPosition = {
  /** Null for a cable of the table that no port of the machine has. */
  readonly nic: Nic | null;
  /** What the table has for the switch port that is heard. */
  readonly cabled: Cable | null;
  /** Where the table has this port, when it is elsewhere. */
  readonly wanted: Cable | null;
  readonly verdict: PortVerdict;
};

export const noPlace: Place = { datacenter: null, rack: null, slot: null };

export type Located = {
  readonly nic: Nic;
  readonly neighbour: Neighbour;
  readonly cable: Cable;
  readonly cables: readonly Cable[];
};
type Heard = { readonly nic: Nic; readonly neighbour: Neighbour };
export type Machine = {
  readonly nics: readonly Nic[];
  readonly located: readonly Located[];
  /** Heard on a switch port that the table has for two places. */
  readonly twice: readonly Located[];
  readonly unknown: readonly (Heard & { readonly isKnownSwitch: boolean })[];
  readonly silent: readonly Nic[];
};
export type Standing = Machine & {
  readonly cabled: Cabled;
  readonly target: Place;
  readonly right: readonly Located[];
  readonly wrong: readonly Located[];
};

/** Each port with the rows of the switch port it hears. */
export function lookUp({ nics: given, cables }: Pick<Cabled, 'nics' | 'cables'>): Machine {
  const index = new Map<string, Cable[]>();
  const switches = new Set<string>();
  for (const cable of cables) {
    const names = cableNames(cable.switch);
    for (const name of names) {
      switches.add(name);
      const key = `${name}\n${portKey(cable.port)}`;
      const rows = index.get(key) ?? [];
      rows.push(cable);
      index.set(key, rows);
    }
  }
  const nics = [...given].toSorted((a, b) => compareText(`${a.name} ${a.mac}`, `${b.name} ${b.mac}`));
  const heard = nics.flatMap((nic) => (nic.neighbour === null ? [] : [{ nic, neighbour: nic.neighbour }]));
  const looked = heard.map((each) => {
    const names = switchNames(each.neighbour);
    const found = neighbourKeys(each.neighbour).ports.flatMap((port) => {
      const rows = names.map((group) => group.flatMap((name) => index.get(`${name}\n${port}`) ?? []));
      return [rows.find((list) => list.length > 0) ?? []];
    });
    const own = (found.find((rows) => rows.length > 0) ?? []).toSorted(compareCables);
    return { ...each, cables: own, cable: own[0], isKnownSwitch: names.flat().some((name) => switches.has(name)) };
  });
  const onCables = looked.flatMap(({ cable, ...rest }) => (cable === undefined ? [] : [{ ...rest, cable }]));
  const isOne = ({ cable, cables: rows }: Located): boolean => rows.every((row) => isSamePlace(row, cable));
  return {
    nics,
    located: onCables.filter(isOne),
    twice: onCables.filter((each) => !isOne(each)),
    unknown: looked.filter(({ cable }) => cable === undefined),
    silent: nics.filter((nic) => nic.neighbour === null),
  };
}

/** The names under which a switch of the table is found; a dot ends the name of a host that has a domain. */
export function cableNames(name: string): string[] {
  const host = shortSwitchKey(name);
  return host === undefined ? [switchKey(name)] : [switchKey(name), `${host}.`];
}

/** As the table may name the switch: exactly, else with or without a domain. */
export function switchNames(neighbour: Neighbour): string[][] {
  const { switches, shortSwitch, bareSwitch } = neighbourKeys(neighbour);
  return [
    [...switches],
    shortSwitch === undefined ? [] : [shortSwitch],
    bareSwitch === undefined ? [] : [`${bareSwitch}.`],
  ];
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
export const nameOfCable = ({ switch: name, port }: Cable): string => `${name.slice(0, 60)} ${port.slice(0, 40)}`;
export const compareCables = (a: Cable, b: Cable): number =>
  compareText(
    `${switchKey(a.switch)} ${portKey(a.port)} ${placeText(a)}`,
    `${switchKey(b.switch)} ${portKey(b.port)} ${placeText(b)}`,
  );

/** Whether two places can be one: what either leaves open is no difference. */
export function isSamePlace(a: Place, b: Place): boolean {
  return isSameRack(a, b) && isSame(a.slot, b.slot, slotKey);
}

function isSameRack(a: Place, b: Place): boolean {
  return isSame(a.datacenter, b.datacenter, placeKey) && isSame(a.rack, b.rack, placeKey);
}

export function isSame(a: string | null, b: string | null, key: (text: string) => string): boolean {
  return a === null || b === null || key(a) === key(b);
}

/** What the first says, and where it leaves something open, what the second says. */
export function filled(first: Place, second: Place): Place {
  return {
    datacenter: first.datacenter ?? second.datacenter,
    rack: first.rack ?? second.rack,
    slot: first.slot ?? second.slot,
  };
}

/** The one place that all these ports lead to; undefined where there is none, or more than one. */
export function agreedPlace(ports: readonly Located[]): Place | undefined {
  const [first, ...rest] = ports.map(({ cable }) => cable);
  if (first === undefined) return undefined;
  const { datacenter, rack, slot } = first;
  let place: Place = { datacenter, rack, slot };
  for (const cable of rest) {
    if (!isSamePlace(place, cable)) return undefined;
    place = filled(place, cable);
  }
  return place;
}

/** `R12 U20`, with the datacenter where the other place has another one. */
export function placeText(place: Place, other: Place = noPlace): string {
  const datacenter = isSame(place.datacenter, other.datacenter, placeKey) ? null : place.datacenter;
  return [datacenter, place.rack, place.slot]
    .filter((part) => part !== null)
    .join(' ')
    .slice(0, 80);
}

/** Whether the table's words for a port of the server mean this one. */
export function isNamed({ name, label, mac }: Nic, words: string | null): boolean {
  if (words === null) return false;
  const text = placeKey(words);
  const address = macKey(words);
  return (
    text === placeKey(name) ||
    (label !== null && text === placeKey(label)) ||
    (address !== undefined && address === macKey(mac))
  );
}

export function isOtherNics({ nic, cables }: Located): boolean {
  const named = cables.filter((cable) => cable.nic !== null);
  return named.length > 0 && !named.some((cable) => isNamed(nic, cable.nic));
}

/** Whether the table says anything of the machine's rack. */
export function isCovered({ target, cabled }: Standing): boolean {
  return target.rack !== null && cabled.cables.some((cable) => isSameRack(cable, target));
}
