// What is not as the cabling table and the order have it, each with a sentence for the person who goes to the rack. Pure.
import type { Nic } from '../hardware/inventory.ts';
import {
  isCovered,
  isNamed,
  isOtherNics,
  isSame,
  isSamePlace,
  nameOfCable,
  placeText,
  type Cable,
  type Located,
  type Machine,
  type PortPosition,
  type Standing,
} from './cabled.ts';
import type { Finding } from './finding.ts';
import { neighbourName, placeKey, portKey, switchKey } from './switch-port.ts';

export type Draft = Omit<Finding, 'source' | 'class' | 'severity'> & { readonly severity?: Finding['severity'] };

const inFull = ({ rack, slot }: Cable): string => `rack ${rack.slice(0, 40)} slot ${slot.slice(0, 40)}`;

export function wrongPlace({ wrong: [first], cabled: { ordered } }: Standing): Draft {
  const at = first === undefined ? '' : `Port ${first.nic.name} is on ${neighbourName(first.neighbour)}`;
  const cable = first?.cable;
  const datacenter =
    cable === undefined || isSame(cable.datacenter, ordered.datacenter, placeKey) ? '' : `${cable.datacenter} `;
  const there = cable === undefined ? '' : `${datacenter}${inFull(cable)}`;
  return {
    path: 'position',
    kind: 'mismatch',
    rule: 'cabling-place',
    expected: placeText(ordered, cable),
    actual: cable === undefined ? null : placeText(cable, ordered),
    sentence: `${at}, which the cabling table has in ${there}; the order puts this machine into ${placeText(ordered, cable)}: move it or correct the order.`,
  };
}

export function disagreement({ located, cabled: { ordered } }: Standing): Draft {
  const [first] = located;
  const other = located.find(({ cable }) => first !== undefined && !isSamePlace(cable, first.cable));
  const said = [first, other].flatMap((each) =>
    each === undefined ? [] : [`${each.nic.name} is on ${neighbourName(each.neighbour)} (${placeText(each.cable)})`],
  );
  const order = ordered.rack === null ? '' : `; the order says ${placeText(ordered)}`;
  return {
    path: 'position',
    kind: 'source-conflict',
    rule: 'cabling-agree',
    expected: 'one place',
    actual: said.join(', ').slice(0, 300),
    sentence: `Ports disagree about where this machine is: ${said.join(', ')}${order}. Correct the cables or the cabling table.`,
  };
}

export function twiceSaid({ twice }: Machine): Draft[] {
  return twice.map(({ nic, neighbour, cables: [first, ...rest] }): Draft => {
    const other = rest.find((cable) => first !== undefined && !isSamePlace(cable, first));
    const places = [first, other].flatMap((cable) => (cable === undefined ? [] : [placeText(cable)]));
    return {
      path: `nic/${nic.mac}`,
      kind: 'source-conflict',
      rule: 'cabling-twice',
      expected: 'one place',
      actual: places.join(', '),
      sentence: `Port ${nic.name} is on ${neighbourName(neighbour)}, which the cabling table has twice, in ${places.join(' and in ')}: delete the wrong row.`,
    };
  });
}

/** A switch port that the table does not have, where the table is meant to have it. */
export function unknownSaid(standing: Standing, ports: readonly PortPosition[]): Draft[] {
  const told = new Set(ports.flatMap(({ nic, wanted }) => (nic === null || wanted === null ? [] : [nic.mac])));
  const isUsed = isCovered(standing);
  return standing.unknown
    .filter(({ nic, isKnownSwitch }) => (isUsed || isKnownSwitch) && !told.has(nic.mac))
    .map(({ nic, neighbour }): Draft => ({
      path: `nic/${nic.mac}`,
      kind: 'unverifiable',
      severity: 'warn',
      rule: 'cabling-known',
      expected: 'a switch port of the cabling table',
      actual: neighbourName(neighbour),
      sentence: `Port ${nic.name} is on ${neighbourName(neighbour)}, which is not in the cabling table: add it, or correct the cable.`,
    }));
}

export function crossed({ nic, neighbour, cable }: Located, { target }: Standing, wanted: Cable | undefined): Draft {
  const belongs =
    wanted === undefined
      ? `the table has no further cable for ${placeText(target, cable)}`
      : `it belongs on ${nameOfCable(wanted)}`;
  return {
    path: `nic/${nic.mac}`,
    kind: 'mismatch',
    rule: 'cabling-port',
    expected: wanted === undefined ? placeText(target, cable) : nameOfCable(wanted),
    actual: nameOfCable(cable),
    sentence: `Port ${nic.name} is on ${neighbourName(neighbour)}, which the cabling table has for ${placeText(cable, target)}; ${belongs}: two machines' cables may be crossed.`,
  };
}

/** The right place, but the cable of another port of this machine. */
export function otherNic(port: Located, { nics }: Standing, wanted: Cable | undefined): Draft[] {
  if (!isOtherNics(port)) return [];
  const { nic, neighbour, cables } = port;
  const words = cables.find((cable) => cable.nic !== null)?.nic ?? '';
  const isThere = nics.some((each) => isNamed(each, words));
  const where = wanted === undefined ? '' : `; ${nic.name} belongs on ${nameOfCable(wanted)}`;
  const said = `Port ${nic.name} is on ${neighbourName(neighbour)}, where the cabling table has port ${words.slice(0, 40)}`;
  return [
    {
      path: `nic/${nic.mac}`,
      kind: isThere ? 'mismatch' : 'unverifiable',
      rule: 'cabling-nic',
      expected: words.slice(0, 300),
      actual: nic.name,
      sentence: isThere
        ? `${said}${where}: swap the cables of this machine.`
        : `${said}, which this machine does not report: correct the name in the table.`,
    },
  ];
}

/** A cable of the table that no port is on. */
export function missingCable(cable: Cable, { nics, silent, cabled, target }: Standing): Draft {
  const own = nics.filter((nic) => isNamed(nic, cable.nic));
  const candidates = cable.nic === null ? silent : own;
  const isHeard = candidates.some((nic) => nic.linkUp !== false);
  const elsewhere = own.find((nic) => nic.neighbour !== null);
  const at = `which the cabling table has for ${placeText(target)}`;
  const draft = {
    path: `cable/${switchKey(cable.switch)} ${portKey(cable.port)}`.slice(0, 200),
    kind: isHeard && !cabled.isComplete ? 'unverifiable' : 'missing',
    rule: 'cabling-missing',
    expected: nameOfCable(cable),
  } as const;
  if (elsewhere?.neighbour != null) {
    const heard = neighbourName(elsewhere.neighbour);
    const sentence = `Port ${elsewhere.name} is on ${heard}; the cabling table has it on ${nameOfCable(cable)}: correct the cable or the table.`;
    return { ...draft, kind: 'mismatch', actual: heard, sentence };
  }
  if (cable.nic !== null && own.length === 0) {
    const sentence = `No port of this machine is ${cable.nic.slice(0, 40)}, which the cabling table has on ${nameOfCable(cable)}: correct the name, or look for the card.`;
    return { ...draft, actual: null, sentence };
  }
  const [only, ...more] = candidates;
  if (only !== undefined && more.length === 0) {
    const sentence = `Port ${only.name} ${linkText(only)}; it belongs on ${nameOfCable(cable)}, ${at}: plug in the cable, or look at that switch port.`;
    return { ...draft, actual: linkText(only), sentence };
  }
  const without = candidates.slice(0, 4).map((nic) => `${nic.name} ${linkText(nic)}`);
  const rest = without.length === 0 ? '' : `; ${without.join(', ')}`;
  const sentence = `No port is on ${nameOfCable(cable)}, ${at}${rest}: plug in the cable, or look at that switch port.`;
  return { ...draft, actual: without.join(', ').slice(0, 300) || null, sentence };
}

function linkText(nic: Nic): string {
  if (nic.linkUp === null) return 'does not report its link';
  return nic.linkUp ? 'has a link but hears no switch (LLDP)' : 'has no link';
}

/** Why nothing says where the machine is, though the table has its rack; undefined where single cables say it better. */
export function notLocated(
  { target, nics, cabled, unknown, twice }: Standing,
  expected: readonly Cable[],
): Draft | undefined {
  const place = placeText(target);
  const draft = { path: 'position', kind: 'unverifiable', rule: 'cabling-heard', expected: place } as const;
  if (target.slot !== null && expected.length === 0) {
    const sentence = `The cabling table has switch ports for rack ${target.rack ?? ''} but none for slot ${target.slot}: add them, or correct the order.`;
    return { ...draft, rule: 'cabling-slot', severity: 'warn', actual: null, sentence };
  }
  const isDeaf = unknown.length + twice.length === 0;
  if (!isDeaf && expected.length > 0) return undefined;
  const why = !isDeaf
    ? 'No port is on a switch port of the cabling table'
    : nics.every((nic) => nic.linkUp === false)
      ? 'No port has a link'
      : cabled.isComplete
        ? 'No port hears a switch (LLDP)'
        : 'No port has heard a switch yet (LLDP)';
  const sentence = `${why}, so nothing says whether this machine is in ${place}: look at its cables and at LLDP on the switches.`;
  return { ...draft, actual: null, sentence };
}
