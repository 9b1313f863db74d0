// Matching what was found against what was promised, where both are multisets: "4 × 16 GiB" is four of the same.

export type Expectation<T> = {
  readonly count: number;
  /** Whether one found item is one of these. */
  readonly matches: (item: T) => boolean;
  /** Whether it is one of these though not in its best state; covers all that `matches` does. Absent: the same. */
  readonly accepts?: (item: T) => boolean;
};

export type Matched<T, E extends Expectation<T>> = {
  /** Per expectation, in their order: the items taken for it, in their order. */
  readonly taken: readonly { readonly expectation: E; readonly items: readonly T[]; readonly lacking: number }[];
  /** Items that nothing asked for. */
  readonly left: readonly T[];
};

/**
 * Takes items for expectations so that as many as possible are met. Augmenting paths (Kuhn), so an item that fits two
 * expectations never starves one of them because of the order in which they are written. First the items that match,
 * then those that are only accepted: if all can match, all do.
 */
export function matchMultiset<T, E extends Expectation<T>>(
  expectations: readonly E[],
  items: readonly T[],
): Matched<T, E> {
  const places = new Places(
    expectations.map(({ count }) => count),
    items.length,
  );
  const test =
    (of: (expectation: E) => (item: T) => boolean) =>
    (index: number, at: number): boolean => {
      const item = items[index];
      const expectation = expectations[at];
      return item !== undefined && expectation !== undefined && of(expectation)(item);
    };
  places.fill(test(({ matches }) => matches));
  const isPartial = places.owners.includes(nowhere) && expectations.some(({ accepts }) => accepts !== undefined);
  if (isPartial) places.fill(test(({ accepts, matches }) => accepts ?? matches));
  const found = expectations.map((): T[] => []);
  const left: T[] = [];
  items.forEach((item, index) => (found[places.owners[index] ?? nowhere] ?? left).push(item));
  return {
    taken: expectations.map((expectation, at) => {
      const own = found[at] ?? [];
      return { expectation, items: own, lacking: expectation.count - own.length };
    }),
    left,
  };
}

const nowhere = -1;

/** Which expectation each item stands for. An item once placed may move to another expectation, and never falls out. */
class Places {
  readonly owners: number[];
  readonly #room: number[];
  #fits: (item: number, at: number) => boolean = () => false;
  readonly #known = new Map<number, readonly number[]>();

  constructor(counts: readonly number[], items: number) {
    this.owners = Array.from({ length: items }, () => nowhere);
    this.#room = [...counts];
  }

  fill(fits: (item: number, at: number) => boolean): void {
    this.#fits = fits;
    this.#known.clear();
    // Most items go straight to the first expectation that they fit.
    const waiting: number[] = [];
    for (let item = 0; item < this.owners.length; item += 1) {
      if (this.owners[item] === nowhere && !this.#placeFirst(item)) waiting.push(item);
    }
    for (const item of waiting) this.#place(item, new Set());
  }

  #placeFirst(item: number): boolean {
    for (let at = 0; at < this.#room.length; at += 1) {
      if ((this.#room[at] ?? 0) > 0 && this.#fits(item, at)) return this.#take(item, at);
    }
    return false;
  }

  #take(item: number, at: number): true {
    this.#room[at] = (this.#room[at] ?? 0) - 1;
    this.owners[item] = at;
    return true;
  }

  /** Every expectation that an item fits. */
  #optionsOf(item: number): readonly number[] {
    const known = this.#known.get(item);
    if (known !== undefined) return known;
    const options = [...this.#room.keys()].filter((at) => this.#fits(item, at));
    this.#known.set(item, options);
    return options;
  }

  /** Depth is at most the number of expectations: none is tried twice. */
  #place(item: number, tried: Set<number>): boolean {
    const options = this.#optionsOf(item);
    const free = options.find((at) => (this.#room[at] ?? 0) > 0);
    if (free !== undefined) return this.#take(item, free);
    for (const at of options) {
      if (tried.has(at)) continue;
      tried.add(at);
      for (const other of this.owners.keys()) {
        if (this.owners[other] !== at || !this.#place(other, tried)) continue;
        this.owners[item] = at;
        return true;
      }
    }
    return false;
  }
}
