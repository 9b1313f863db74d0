// What a new inventory says of parts that are known: where each is now, and what happened to it. Pure.
//
// A part is in at most one machine. Where a second one reports it while the first is alive and does so too, the second
// has a claim, which is a finding there; when the first lets go of the part, it is the claimant's. That a part is gone is
// believed only where the evidence that lists it was read whole.
import type { PartEventName, PartState } from '../../shared/api/part.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { byText, type Part, type PartsTold } from './parts.ts';

export type Claim = { readonly assetId: string; readonly slot: string; readonly since: number };

export type KnownPart = Part & {
  readonly id: string;
  readonly state: PartState;
  /** Null when it is in no machine; `slot` then tells where it was last. */
  readonly assetId: string | null;
  readonly lastAssetId: string | null;
  /** Whether another part has been in that slot since. */
  readonly isFilled: boolean;
  readonly rma: string | null;
  readonly claims: readonly Claim[];
  readonly since: number;
};

export type PartChange = {
  readonly event: PartEventName;
  readonly partId: string;
  readonly assetId: string;
  readonly slot: string;
  readonly fromAssetId: string | null;
  readonly fromSlot: string | null;
  /** The part that is in its place now. */
  readonly byPartId: string | null;
  readonly rma: string | null;
};

export type Look = {
  readonly assetId: string;
  readonly told: PartsTold;
  /** The parts in this asset, those that left a slot in it empty, those it claims, and all others that it now tells of. */
  readonly known: readonly KnownPart[];
  /** Whether another asset is online and has reported its parts in this boot. */
  readonly isAlive: (assetId: string) => boolean;
  readonly nowMs: number;
  readonly newId: () => string;
};

export type Changes = {
  /** New parts, and those that are not as they were. */
  readonly parts: readonly KnownPart[];
  readonly events: readonly PartChange[];
  /** Assets that claim a part since this report, or do not any more: what was found there is another question now. */
  readonly claimants: readonly string[];
};

type Draft = {
  readonly look: Look;
  readonly parts: Map<string, KnownPart>;
  readonly changed: Set<string>;
  readonly events: PartChange[];
  readonly claimants: Set<string>;
};

export function changesOf(look: Look): Changes {
  const known = look.known.toSorted((a, b) => byText(a.key, b.key));
  const draft: Draft = {
    look,
    parts: new Map(known.map((part) => [part.id, part])),
    changed: new Set(),
    events: [],
    claimants: new Set(),
  };
  const found = recognised(look, known);
  for (const [told, part] of found) arrive(draft, told, part);
  const seen = new Set([...found.values()].map((part) => part?.id));
  for (const part of known.filter(({ id }) => !seen.has(id))) leave(draft, part);
  for (const event of draft.events.filter(isArrival)) replace(draft, event);
  const order = (change: PartChange): string => {
    const part = draft.parts.get(change.partId);
    return [part?.kind, change.slot, eventOrder.indexOf(change.event), part?.key].join(' ');
  };
  return {
    parts: [...draft.changed].flatMap((id) => draft.parts.get(id) ?? []),
    events: draft.events.toSorted((a, b) => byText(order(a), order(b))),
    claimants: [...draft.claimants],
  };
}

/** As a person would tell it: what went, what came, what that means. */
const eventOrder: readonly PartEventName[] = ['gone', 'replaced', 'moved', 'returned', 'came', 'appeared', 'claimed', 'rma']; // prettier-ignore

/**
 * Told part → known part. One with the same serial in the same slot, though it goes by another name now, is the same: a
 * newer firmware or parser tells more of a model.
 */
function recognised({ assetId, told }: Look, known: readonly KnownPart[]): Map<Part, KnownPart | undefined> {
  const byKey = new Map(known.map((part) => [part.key, part]));
  const keys = new Set(told.parts.map(({ key }) => key));
  const standing = ({ kind, slot, serial }: Part): string => [kind, slot, serialKey(serial)].join('\n');
  const renamed = new Map(
    known.filter((part) => part.assetId === assetId && !keys.has(part.key)).map((part) => [standing(part), part]),
  );
  return new Map(told.parts.map((part) => [part, byKey.get(part.key) ?? renamed.get(standing(part))]));
}

function arrive(draft: Draft, told: Part, known: KnownPart | undefined): void {
  const { assetId, isAlive } = draft.look;
  if (known === undefined) return appear(draft, told);
  if (known.assetId === assetId) return stay(draft, told, known);
  if (known.assetId !== null && isAlive(known.assetId)) return claim(draft, told, known);
  take(draft, told, known);
}

function appear(draft: Draft, told: Part): void {
  const { look } = draft;
  // Where what listed the parts of this kind before is silent, another list may call the same parts otherwise.
  const isOtherList = look.known.some(
    (part) =>
      part.kind === told.kind &&
      part.assetId === look.assetId &&
      part.witness !== told.witness &&
      !look.told.isHeard(part.witness),
  );
  if (isOtherList) return;
  const part: KnownPart = {
    ...told,
    id: look.newId(),
    state: 'in-use',
    assetId: look.assetId,
    lastAssetId: null,
    isFilled: false,
    rma: null,
    claims: [],
    since: look.nowMs,
  };
  keep(draft, part);
  tell(draft, part, { event: 'appeared' });
}

function stay(draft: Draft, told: Part, known: KnownPart): void {
  const isMoved = told.slot !== known.slot && !isNaming(told.slot, known.slot);
  // A bay that is not told this time is still where the disk is.
  const slot = isBay(known.slot) && !isBay(told.slot) ? known.slot : told.slot;
  const part: KnownPart = { ...known, ...told, slot, since: isMoved ? draft.look.nowMs : known.since };
  if (isSame(part, known)) return;
  keep(draft, part);
  if (isMoved) tell(draft, part, { event: 'moved', fromAssetId: known.assetId, fromSlot: known.slot });
}

/** The same place by another kind of name; and what the kernel calls a disk is another name in every boot. */
function isNaming(a: string, b: string): boolean {
  return isBay(a) !== isBay(b) || isKernelName(a) || isKernelName(b);
}

function isKernelName(slot: string): boolean {
  return /^(nvme\d+n\d+|(sd|vd)[a-z]+)$/.test(slot);
}

function isBay(slot: string): boolean {
  return slot.startsWith('bay ');
}

function isSame(a: KnownPart, b: KnownPart): boolean {
  return (['key', 'maker', 'model', 'serial', 'sizeBytes', 'slot', 'witness'] as const).every(
    (field) => a[field] === b[field],
  );
}

function claim(draft: Draft, told: Part, known: KnownPart): void {
  const { assetId, nowMs } = draft.look;
  const own = known.claims.find((other) => other.assetId === assetId);
  if (own?.slot === told.slot) return;
  const claims = [...without(known.claims, assetId), { assetId, slot: told.slot, since: own?.since ?? nowMs }];
  keep(draft, { ...known, claims });
  if (own !== undefined) return;
  draft.claimants.add(assetId);
  tell(draft, { ...known, slot: told.slot }, { event: 'claimed', fromAssetId: known.assetId, fromSlot: known.slot });
}

function take(draft: Draft, told: Part, known: KnownPart): void {
  const { assetId, nowMs } = draft.look;
  const part: KnownPart = {
    ...known,
    ...told,
    state: 'in-use',
    assetId,
    lastAssetId: null,
    isFilled: false,
    rma: null,
    claims: without(known.claims, assetId),
    since: nowMs,
  };
  keep(draft, part);
  if (part.claims.length < known.claims.length) draft.claimants.add(assetId);
  const isBack = known.assetId === null && known.lastAssetId === assetId;
  tell(draft, part, {
    event: isBack ? 'returned' : 'came',
    fromAssetId: known.assetId ?? known.lastAssetId,
    fromSlot: known.slot,
    rma: known.rma,
  });
}

/** A known part that is not told now: it is left as it is, unless its absence is certain. */
function leave(draft: Draft, known: KnownPart): void {
  const { assetId, told, nowMs } = draft.look;
  const own = known.claims.find((other) => other.assetId === assetId);
  if (own !== undefined && told.isMissing({ ...known, slot: own.slot })) {
    keep(draft, { ...known, claims: without(known.claims, assetId) });
    draft.claimants.add(assetId);
  }
  if (known.assetId !== assetId || !told.isMissing(known)) return;
  const [heir, ...others] = known.claims.toSorted((a, b) => a.since - b.since || byText(a.assetId, b.assetId));
  if (heir === undefined) {
    const state = known.state === 'rma' ? 'rma' : 'gone';
    const part: KnownPart = { ...known, state, assetId: null, lastAssetId: assetId, isFilled: false, since: nowMs };
    keep(draft, part);
    tell(draft, part, { event: 'gone', rma: known.rma });
    return;
  }
  const part: KnownPart = {
    ...known,
    state: 'in-use',
    assetId: heir.assetId,
    slot: heir.slot,
    rma: null,
    claims: others,
    since: nowMs,
  };
  keep(draft, part);
  draft.claimants.add(heir.assetId);
  tell(draft, part, { event: 'came', fromAssetId: assetId, fromSlot: known.slot, rma: known.rma });
}

function isArrival({ event }: PartChange): boolean {
  return event === 'appeared' || event === 'came' || event === 'returned' || event === 'moved';
}

/** A part that came into a slot is in the place of what was last there and is gone. */
function replace(draft: Draft, arrival: PartChange): void {
  const { assetId } = draft.look;
  const by = draft.parts.get(arrival.partId);
  if (by?.assetId !== assetId) return;
  for (const part of draft.parts.values()) {
    const isVacant = part.assetId === null && part.lastAssetId === assetId && !part.isFilled;
    if (!isVacant || part.kind !== by.kind || part.slot !== by.slot) continue;
    keep(draft, { ...part, isFilled: true });
    tell(draft, part, { event: 'replaced', byPartId: by.id, rma: part.rma });
  }
}

function without(claims: readonly Claim[], assetId: string): Claim[] {
  return claims.filter((other) => other.assetId !== assetId);
}

function keep(draft: Draft, part: KnownPart): void {
  draft.parts.set(part.id, part);
  draft.changed.add(part.id);
}

function tell(draft: Draft, part: KnownPart, said: Partial<PartChange> & Pick<PartChange, 'event'>): void {
  const assetId = said.event === 'came' ? (part.assetId ?? draft.look.assetId) : draft.look.assetId;
  const nowhere = { fromAssetId: null, fromSlot: null, byPartId: null, rma: null };
  draft.events.push({ partId: part.id, assetId, slot: part.slot, ...nowhere, ...said });
}
