// A part of the bench `trust`: one property, what it costs, and against what.
import type { Figure } from '../figures.ts';

export type TrustOptions = {
  /** Connections to hold at once, where a part opens some. */
  readonly connections: number;
  readonly rounds: number;
};

export type TrustPart = {
  readonly name: string;
  readonly run: (options: TrustOptions, say: (text: string) => void) => Promise<PartReport>;
};

export type PartReport = { readonly figures: readonly Figure[]; readonly notes: readonly string[] };
