// What the signer signs: well-formed commands of its own region, approved where they can destroy, for a limited time, and
// never two different ones of the same generation for one asset. Whoever holds the controller cannot have more signed.
import { decodeCommand } from '../../shared/protocol/command-bytes.ts';
import { approvalProblem, type Command } from '../../shared/protocol/command.ts';

/** Longer than the longest command: a soak with the largest allowance lasts two days. */
export const commandLifeMsMax = 49 * 3_600_000;

const burstMax = 1000;
const perSecond = 50;
const assetsMax = 100_000;
const digestsPerAsset = 8;

export type Judged =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly reason: string; readonly isRetryable: boolean };

export type Rules = {
  readonly judge: (bytes: Uint8Array, sha256: string, nowMs: number) => Judged;
  /** What was signed counts from now on, after a restart too. */
  readonly signed: (assetId: string, generation: number, sha256: string) => void;
};

type Signed = { readonly highest: number; readonly digests: readonly string[] };

export function signingRules(region: string): Rules {
  const assets = new Map<string, Signed>();
  const budget = tokenBucket();
  const refuse = (reason: string, isRetryable = false): Judged => ({ ok: false, reason, isRetryable });
  return {
    judge: (bytes, sha256, nowMs) => {
      const decoded = decodeCommand(bytes);
      if (!decoded.ok) return refuse(decoded.reason);
      const { command } = decoded;
      if (command.region !== region) return refuse(`it is for region ${command.region}, this signer is of ${region}`);
      if (command.expiresAtMs <= nowMs) return refuse('it has expired');
      if (command.notBeforeMs > command.expiresAtMs) return refuse('it expires before it begins');
      if (command.expiresAtMs - nowMs > commandLifeMsMax) return refuse('it would be valid for too long');
      const problem = approvalProblem(command);
      if (problem !== undefined) return refuse(problem);
      const before = assets.get(command.assetId);
      const isKnown = before?.digests.includes(sha256) === true;
      if (!isKnown && before !== undefined && command.generation <= before.highest) {
        return refuse(`generation ${command.generation} of ${command.assetId} was signed before, as another command`);
      }
      return budget(nowMs) ? { ok: true, command } : refuse('more commands than the signer signs in this time', true);
    },
    signed: (assetId, generation, sha256) => {
      const before = assets.get(assetId) ?? { highest: 0, digests: [] };
      // Deleted first: the newest is last, and the first is forgotten when there are too many.
      assets.delete(assetId);
      const digests = [...before.digests.filter((known) => known !== sha256), sha256].slice(-digestsPerAsset);
      assets.set(assetId, { highest: Math.max(before.highest, generation), digests });
      const [oldest] = assets.keys();
      if (assets.size > assetsMax && oldest !== undefined) assets.delete(oldest);
    },
  };
}

function tokenBucket(): (nowMs: number) => boolean {
  let left = burstMax;
  let filledMs = 0;
  return (nowMs) => {
    left = Math.min(burstMax, left + (Math.max(0, nowMs - filledMs) * perSecond) / 1000);
    filledMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
