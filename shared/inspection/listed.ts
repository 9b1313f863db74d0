// What an inventory lists of one kind, beside what a class wants of it and whether the list was read whole.
import type { Inventory } from '../hardware/inventory.ts';
import type { Listed, Wanted } from './component.ts';
import type { MachineClassSpec } from './machine-class.ts';

export type Read = {
  readonly inventory: Inventory;
  readonly spec: MachineClassSpec;
  /** The evidence that the list is from. */
  readonly evidence: string;
};

export function listed<T, W extends Wanted<T>>(
  { inventory, spec, evidence }: Read,
  wanted: readonly W[],
  items: readonly T[],
): Listed<T, W> {
  const unread = unreadReason(inventory, evidence);
  return { wanted, items, nothingElse: spec.nothingElse ?? true, unread };
}

/** Why nothing is known of `evidence`; undefined where it was read, or the machine is known to have no such thing. */
export function unknownReason(inventory: Inventory, evidence: string): string | undefined {
  const unread = unreadReason(inventory, evidence);
  const isKnown =
    Object.hasOwn(inventory.evidence, evidence) || inventory.absent.some(({ source }) => source === evidence);
  return unread ?? (isKnown ? undefined : 'it was not collected');
}

/** Why `evidence` could not be read whole; undefined where it was. */
export function unreadReason(inventory: Inventory, evidence: string): string | undefined {
  return inventory.unread.find(({ source }) => source === evidence)?.reason;
}

/** What is made of an entry of a class, made once: a class is compared with many machines, and never changed. */
export function oncePerEntry<E extends object, W>(make: (entry: E) => W): (entry: E) => W {
  const made = new WeakMap<E, W>();
  return (entry) => {
    const known = made.get(entry);
    if (known !== undefined) return known;
    const fresh = make(entry);
    made.set(entry, fresh);
    return fresh;
  };
}
