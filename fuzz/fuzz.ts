// What a fuzz run is: random inputs or moments from one seed, until its time is up or something is found.

export type FuzzOptions = {
  /** Every run of the same seed tries the same. */
  readonly seed: number;
  /** Ends after this time; undefined: when the fuzzer's own number of tries is done. */
  readonly seconds: number | undefined;
};

export type FuzzReport = {
  readonly tries: number;
  /** What was tried and seen, for people. */
  readonly text: string;
  /** What was found, each with how to see it again; empty where nothing was. */
  readonly problems: readonly string[];
};

export type Fuzz = {
  readonly summary: string;
  /** Runs it; `say` tells a waiting person how far it is. */
  readonly run: (options: FuzzOptions, say: (text: string) => void) => Promise<FuzzReport>;
};
