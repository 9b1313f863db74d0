// Reconnect delays: full jitter under the cap, so that a fleet that lost its controller comes back spread out.
import { unit, type Rng } from './rng.ts';

export type BackoffLimits = { readonly baseMs: number; readonly capMs: number };

/**
 * Delay before attempt `attempt` (0 = first retry): uniform in [0, min(cap, base · 2^attempt)].
 * The jitter is applied after the cap, so the spread never collapses at the cap.
 */
export function fullJitterMs(attempt: number, limits: BackoffLimits, rng: Rng): number {
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(unit(rng) * (ceiling + 1));
}
