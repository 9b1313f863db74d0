// Where a machine stands: what its ports hear of their switches (LLDP) against the cabling table, and against the place its
// order names. Pure. What is not heard is never a pass; in what order ports and rows are listed never matters.
import type { Nic } from '../hardware/inventory.ts';
import {
  agreedPlace,
  compareCables,
  filled,
  isCovered,
  isNamed,
  isOtherNics,
  isSamePlace,
  lookUp,
  noPlace,
  type Cable,
  type Cabled,
  type Place,
  type PortPosition,
  type Standing,
} from './cabled.ts';
import type { Finding } from './finding.ts';
import {
  crossed,
  disagreement,
  missingCable,
  notLocated,
  otherNic,
  twiceSaid,
  unknownSaid,
  wrongPlace,
  type Draft,
} from './position-findings.ts';
import { switchKey } from './switch-port.ts';

export type Position = {
  /** The place as it should be recorded: the order's, completed by what the cables say. */
  readonly place: Place;
  readonly findings: readonly Finding[];
  readonly ports: readonly PortPosition[];
};

const findingsMax = 32;

/** Where a machine stands, with a sentence for whatever is not as the table and the order have it. */
export function positionOf(cabled: Cabled): Position {
  const machine = lookUp(cabled);
  const { ordered, known } = cabled;
  const right = machine.located.filter(({ cable }) => isSamePlace(cable, ordered));
  const wrong = machine.located.filter(({ cable }) => !isSamePlace(cable, ordered));
  const agreed = agreedPlace(right);
  const isConflict = right.length > 0 ? agreed === undefined : wrong.length > 0 && agreedPlace(wrong) === undefined;
  const fallback = machine.located.length === 0 && isSamePlace(known, ordered) ? known : noPlace;
  const target = filled(ordered, agreed ?? fallback);
  const place = filled(filled(ordered, agreed ?? noPlace), known);
  const standing: Standing = { ...machine, cabled, target, right, wrong };
  if (isConflict || (right.length === 0 && wrong.length > 0)) {
    const said = isConflict ? disagreement(standing) : wrongPlace(standing);
    return { place, findings: findingsOf([said, ...twiceSaid(machine)]), ports: plainPorts(standing) };
  }
  const { drafts, ports } = expectedCables(standing);
  const findings = findingsOf([...twiceSaid(machine), ...drafts, ...unknownSaid(standing, ports)]);
  return { place, findings, ports };
}

type Expected = { readonly drafts: readonly Draft[]; readonly ports: readonly PortPosition[] };

/** The cables that the table has for the machine's slot, against those that its ports are on. */
function expectedCables(standing: Standing): Expected {
  const { target, cabled, located, right } = standing;
  const isSlotKnown = target.rack !== null && target.slot !== null;
  const expected = isSlotKnown
    ? cabled.cables.filter((cable) => isSamePlace(cable, target)).toSorted(compareCables)
    : [];
  const unheard = located.length === 0 && isCovered(standing) ? notLocated(standing, expected) : undefined;
  if (unheard !== undefined) return { drafts: [unheard], ports: plainPorts(standing) };
  const seen = new Set(right.flatMap(({ cables }) => cables));
  const wanted = wantedOf(standing, expected, seen);
  const claimed = new Set(wanted.values());
  const missing = expected.filter((cable) => !seen.has(cable) && !claimed.has(cable));
  const drafts = [
    ...standing.wrong.map((port) => crossed(port, standing, wanted.get(port.nic))),
    ...right.flatMap((port) => otherNic(port, standing, wanted.get(port.nic))),
    ...missing.map((cable) => missingCable(cable, standing)),
  ];
  const lost = missing.map((cable): PortPosition => {
    const nic = cable.nic === null ? undefined : standing.nics.find((each) => isNamed(each, cable.nic));
    return { nic: nic ?? null, cabled: null, wanted: cable, verdict: 'missing' };
  });
  const gone = new Set(lost.map(({ nic }) => nic));
  const ports = plainPorts(standing, wanted).filter(({ nic }) => !gone.has(nic));
  return { drafts, ports: [...ports, ...lost] };
}

/** Where the table has each port that is not where it should be: its own row, else one that no port is on. */
function wantedOf(standing: Standing, expected: readonly Cable[], seen: ReadonlySet<Cable>): ReadonlyMap<Nic, Cable> {
  const wanted = new Map<Nic, Cable>();
  const taken = new Set<Cable>();
  const misplaced = [...standing.wrong, ...standing.right.filter((port) => isOtherNics(port))];
  for (const { nic } of misplaced) {
    const own = expected.find((cable) => isNamed(nic, cable.nic));
    if (own === undefined) continue;
    wanted.set(nic, own);
    taken.add(own);
  }
  for (const { nic, cable } of standing.wrong) {
    if (wanted.has(nic)) continue;
    const free = expected.filter((each) => each.nic === null && !seen.has(each) && !taken.has(each));
    const found = free.find((each) => switchKey(each.switch) === switchKey(cable.switch)) ?? free[0];
    if (found === undefined) continue;
    wanted.set(nic, found);
    taken.add(found);
  }
  return wanted;
}

/** Each port as it is, without the cables that nothing is on. */
function plainPorts(standing: Standing, wanted: ReadonlyMap<Nic, Cable> = new Map()): PortPosition[] {
  const { nics, right, located, twice } = standing;
  const rows = new Map([...located, ...twice].map(({ nic, cable }) => [nic, cable]));
  const isRight = new Set(right.filter((port) => !isOtherNics(port)).map(({ nic }) => nic));
  return nics.map((nic) => {
    const cabled = rows.get(nic) ?? null;
    const verdict =
      nic.neighbour === null ? 'silent' : cabled === null ? 'unknown' : isRight.has(nic) ? 'right' : 'wrong';
    return { nic, cabled, wanted: wanted.get(nic) ?? null, verdict };
  });
}

function findingsOf(drafts: readonly Draft[]): Finding[] {
  return drafts.slice(0, findingsMax).map((draft) => ({
    severity: 'block',
    source: 'lldp',
    class: null,
    ...draft,
    sentence: draft.sentence.length <= 300 ? draft.sentence : `${draft.sentence.slice(0, 299)}…`,
  }));
}
