// What happened to parts, as people read it: seen from a machine, and seen from the part. Pure.
import type { PartEventName, PartKind } from '../../shared/api/part.ts';
import type { SharedSerial } from './parts.ts';

export type NamedPart = {
  readonly id: string;
  readonly kind: PartKind;
  readonly maker: string | null;
  readonly model: string | null;
  readonly serial: string;
};

export type SaidEvent = {
  readonly at: number;
  readonly event: PartEventName;
  readonly part: NamedPart;
  readonly assetId: string | null;
  readonly asset: string | null;
  readonly slot: string | null;
  readonly fromAssetId: string | null;
  readonly fromAsset: string | null;
  readonly fromSlot: string | null;
  readonly by: NamedPart | null;
  readonly rma: string | null;
  readonly reason: string | null;
  readonly actor: string;
};

const words: Readonly<Record<PartKind, readonly [one: string, many: string]>> = {
  board: ['board', 'boards'],
  dimm: ['DIMM', 'DIMMs'],
  disk: ['disk', 'disks'],
  psu: ['PSU', 'PSUs'],
  gpu: ['GPU', 'GPUs'],
  nic: ['port', 'ports'],
  module: ['module', 'modules'],
};

export function kindCount(kind: PartKind, count: number): string {
  return `${count} ${words[kind][count === 1 ? 0 : 1]}`;
}

/** `DIMM A3`; a slot that names the kind itself (`PSU1`, `DIMM_A3`) goes alone. */
export function placeName(kind: PartKind, slot: string | null): string {
  const [word] = words[kind];
  if (slot === null || slot === '') return word;
  return slot.toLowerCase().startsWith(word.toLowerCase()) ? slot : `${word} ${slot}`;
}

/** `Samsung M393A4K40 SN 0123`. */
export function partName({ kind, maker, model, serial }: Omit<NamedPart, 'id'>): string {
  const number = kind === 'nic' ? `MAC ${serial}` : `SN ${serial}`;
  return [maker, model, number].filter((text) => text !== null).join(' ');
}

const under = (rma: string | null): string => (rma === null ? '' : ` (${rma})`);
const from = (rma: string | null): string => (rma === null ? '' : ` from ${rma}`);
const here = ({ part, slot }: SaidEvent): string => placeName(part.kind, slot);
const there = ({ part, fromSlot }: SaidEvent): string => placeName(part.kind, fromSlot);
const inMachine = (asset: string | null, place: string): string => `${asset ?? 'a machine that is no more'}, ${place}`;
const sentBack = ({ rma, reason }: SaidEvent): string => `sent back under ${rma ?? 'no reference'}: ${reason ?? ''}`;

type Sentence = (said: SaidEvent) => string;
type Sentences = Readonly<Record<PartEventName, Sentence>>;

const atAsset: Sentences = {
  appeared: (said) => `${here(said)}: ${partName(said.part)} first seen`,
  came: (said) =>
    `${here(said)}: ${partName(said.part)} came from ${inMachine(said.fromAsset, there(said))}${under(said.rma)}`,
  returned: (said) => `${here(said)}: ${partName(said.part)} is back${from(said.rma)}`,
  moved: (said) => `${here(said)}: ${partName(said.part)} moved here from ${said.fromSlot ?? 'another slot'}`,
  gone: (said) => `${here(said)}: ${partName(said.part)} gone${under(said.rma)}`,
  replaced: (said) => {
    const by = said.by === null ? 'another' : partName(said.by);
    return `${here(said)}: ${partName(said.part)} gone; ${by} in its place${under(said.rma)}`;
  },
  claimed: (said) =>
    `${here(said)}: ${partName(said.part)} is reported by ${inMachine(said.fromAsset, there(said))} too`,
  rma: (said) => `${here(said)}: ${partName(said.part)} ${sentBack(said)}`,
};

/** What another machine did with a part of this one. */
const atOther: Readonly<Partial<Record<PartEventName, Sentence>>> = {
  came: (said) =>
    `${there(said)}: ${partName(said.part)} went to ${inMachine(said.asset, here(said))}${under(said.rma)}`,
  claimed: (said) => `${there(said)}: ${partName(said.part)} is reported by ${inMachine(said.asset, here(said))} too`,
};

/** Seen from the machine with this id. */
export function assetSentence(said: SaidEvent, assetId: string): string {
  const sentence = said.assetId === assetId ? undefined : atOther[said.event];
  return (sentence ?? atAsset[said.event])(said);
}

const ofPart: Sentences = {
  appeared: (said) => `first seen in ${inMachine(said.asset, here(said))}`,
  came: (said) =>
    `came to ${inMachine(said.asset, here(said))}, from ${inMachine(said.fromAsset, there(said))}${under(said.rma)}`,
  returned: (said) => `back in ${inMachine(said.asset, here(said))}${said.rma === null ? '' : `, from ${said.rma}`}`,
  moved: (said) => `moved to ${inMachine(said.asset, here(said))}, from ${said.fromSlot ?? 'another slot'}`,
  gone: (said) => `gone from ${inMachine(said.asset, here(said))}${under(said.rma)}`,
  replaced: (said) => {
    const by = said.by === null ? 'another' : partName(said.by);
    return `replaced by ${by} in ${inMachine(said.asset, here(said))}${underRma(said)}`;
  },
  claimed: (said) =>
    `reported by ${inMachine(said.asset, here(said))} too, while it is in ${inMachine(said.fromAsset, there(said))}`,
  rma: sentBack,
};

function underRma({ rma }: SaidEvent): string {
  return rma === null ? '' : `, under ${rma}`;
}

/** Seen from a part: the one it happened to, or the one that took its place. */
export function partSentence(said: SaidEvent, partId: string): string {
  if (said.event !== 'replaced' || said.by?.id !== partId) return ofPart[said.event](said);
  return `in the place of ${partName(said.part)}, in ${inMachine(said.asset, here(said))}${underRma(said)}`;
}

export type Told = { readonly at: number; readonly text: string; readonly actor: string };

/** A first look at a machine is one line, not one for each part. */
const firstSeenMax = 3;

/**
 * What a machine's events come to, in their order. A part that is gone and one first seen in its place are one line.
 */
export function assetSentences(events: readonly SaidEvent[], assetId: string): Told[] {
  const moments = Map.groupBy(events, ({ at }) => at);
  return [...moments].flatMap(([at, said]): Told[] => {
    const replaced = said.filter(({ event }) => event === 'replaced');
    const gone = new Set(replaced.map(({ part }) => part.id));
    const instead = new Set(replaced.map(({ by }) => by?.id));
    const left = said.filter(
      ({ event, part }) => !(event === 'gone' && gone.has(part.id)) && !(event === 'appeared' && instead.has(part.id)),
    );
    const fresh = left.filter(({ event }) => event === 'appeared');
    const isMany = fresh.length > firstSeenMax;
    const rest = left.filter(({ event }) => !isMany || event !== 'appeared');
    const lines = rest.map((one): Told => ({ at, text: assetSentence(one, assetId), actor: one.actor }));
    if (!isMany) return lines;
    const kinds = [...Map.groupBy(fresh, ({ part }) => part.kind)];
    const text = `first seen: ${kinds.map(([kind, list]) => kindCount(kind, list.length)).join(', ')}`;
    return [{ at, text, actor: fresh[0]?.actor ?? 'agent' }, ...lines];
  });
}

/** Why parts of one machine cannot be followed. */
export function sharedSentence({ kind, serial, slots }: SharedSerial): string {
  const places = slots.slice(0, 8).join(', ') + (slots.length > 8 ? ', …' : '');
  return `${kindCount(kind, slots.length)} report the same serial ${serial} (${places}): they cannot be told apart, so they are not followed.`;
}
