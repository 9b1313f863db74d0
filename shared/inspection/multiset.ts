// Matching what was found against what was promised, where both are multisets: "4 × 16 GiB" is four of the same.

export type Expectation<T> = {
  readonly count: number;
  /** Whether one found item is one of these. */
  readonly matches: (item: T) => boolean;
};

export type Matched<T, E extends Expectation<T>> = {
  /** Per expectation, in their order: the items taken for it. */
  readonly taken: readonly { readonly expectation: E; readonly items: readonly T[]; readonly lacking: number }[];
  /** Items that nothing asked for. */
  readonly left: readonly T[];
};

/**
 * Takes items for expectations so that as many as possible are met. Augmenting paths (Kuhn), so an item that fits two
 * expectations never starves one of them because of the order in which they are written.
 */
export function matchMultiset<T, E extends Expectation<T>>(
  expectations: readonly E[],
  items: readonly T[],
): Matched<T, E> {
  const seats = expectations.flatMap((expectation, index) =>
    Array.from({ length: Math.min(expectation.count, items.length) }, () => ({ expectation, index })),
  );
  const seatOfItem = new Map<number, number>();
  const seat = (seatIndex: number, seen: Set<number>): boolean => {
    const expectation = seats[seatIndex]?.expectation;
    if (expectation === undefined) return false;
    for (const [itemIndex, item] of items.entries()) {
      if (seen.has(itemIndex) || !expectation.matches(item)) continue;
      seen.add(itemIndex);
      const other = seatOfItem.get(itemIndex);
      if (other === undefined || seat(other, seen)) {
        seatOfItem.set(itemIndex, seatIndex);
        return true;
      }
    }
    return false;
  };
  for (const index of seats.keys()) seat(index, new Set());
  return {
    taken: expectations.map((expectation, index) => {
      const found = items.filter((_item, itemIndex) => seats[seatOfItem.get(itemIndex) ?? -1]?.index === index);
      return { expectation, items: found, lacking: expectation.count - found.length };
    }),
    left: items.filter((_item, itemIndex) => !seatOfItem.has(itemIndex)),
  };
}
