// What every fuzz run is: so many cases or so many seconds from a seed, and what came of it.

export type FuzzOptions = {
  readonly seed: number;
  /** Ends by whichever comes first. */
  readonly cases: number;
  readonly seconds: number;
  /** How far it is, now and then. */
  readonly say: (text: string) => void;
};

export type FuzzResult = {
  readonly done: Readonly<Record<string, number>>;
  /** What went wrong, each with what it takes to see it again. Empty: nothing did. */
  readonly problems: readonly string[];
};

export type Fuzz = {
  readonly summary: string;
  readonly cases: number;
  readonly run: (options: FuzzOptions) => Promise<FuzzResult>;
};

export const problemsMax = 20;

/** Calls `work` with 0, 1, 2 … in so many lanes until the cases, the time or the patience with problems are used up. */
export async function eachCase(
  options: FuzzOptions,
  { lanes, problems }: { readonly lanes: number; readonly problems: readonly string[] },
  work: (index: number) => Promise<void>,
): Promise<number> {
  const { seconds, say } = options;
  const endMs = performance.now() + seconds * 1000;
  let next = 0;
  let toldMs = performance.now();
  const lane = async (): Promise<void> => {
    while (next < options.cases && performance.now() < endMs && problems.length < problemsMax) {
      const index = next;
      next += 1;
      await work(index);
      if (performance.now() - toldMs < 10_000) continue;
      toldMs = performance.now();
      say(`${next} cases`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return next;
}
