// Randomness as an argument, so that a run can be replayed from a seed.

export type Rng = {
  /** `count` random bytes; cryptographically strong in production. */
  readonly bytes: (count: number) => Uint8Array;
};

/** A number in [0, 1) with 32 bits of randomness. */
export function unit(rng: Rng): number {
  const [a = 0, b = 0, c = 0, d = 0] = rng.bytes(4);
  return (a * 0x1000000 + b * 0x10000 + c * 0x100 + d) / 0x100000000;
}

/** A small deterministic generator (mulberry32) for tests and simulations. Not for secrets. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) & 0xff;
  };
  return { bytes: (count) => Uint8Array.from({ length: count }, next) };
}
