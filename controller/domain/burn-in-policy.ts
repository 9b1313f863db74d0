// Which burn-in a machine must have stood before it is a SPARE, and whether it has. Pure.
import type { BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import { isCompleted, type BurnInState } from '../../shared/lifecycle/burn-in.ts';

/** What the region asks of all machines; a class may ask for another profile. */
export type BurnInPolicy = { readonly profile: BurnInProfileName | 'none'; readonly timeScale: number };

/** One burn-in of one machine, as far as it matters here. Lists of them are newest first. */
export type PastBurnIn = {
  readonly profile: BurnInProfileName;
  readonly state: BurnInState;
  readonly bootId: string;
  readonly hardwareKey: string;
  readonly timeScale: number;
};

/** The machine as it is: this boot, these parts. */
export type Now = { readonly bootId: string; readonly hardwareKey: string };

const strength: Readonly<Record<BurnInProfileName, number>> = { intake: 0, standard: 1, soak: 2 };

function isAtLeast(profile: BurnInProfileName, wanted: BurnInProfileName): boolean {
  return strength[profile] >= strength[wanted];
}

export type Required = {
  /** In every boot, at least. */
  readonly perBoot: 'intake' | undefined;
  /** Once for this set of parts. */
  readonly perHardware: 'standard' | 'soak' | undefined;
  readonly timeScale: number;
};

/** The class says more than the region, or the region says it of all. Every region that asks at all asks for an intake in each boot. */
export function requiredBurnIn(policy: BurnInPolicy, ofClass: BurnInProfileName | undefined): Required {
  const wanted = ofClass ?? policy.profile;
  return {
    perBoot: policy.profile !== 'none' || ofClass === 'intake' ? 'intake' : undefined,
    perHardware: wanted === 'standard' || wanted === 'soak' ? wanted : undefined,
    timeScale: policy.timeScale,
  };
}

/** What must run now; undefined where nothing must. Whether what ran went well is told by findings, not here. */
export function dueBurnIn(required: Required, past: readonly PastBurnIn[], now: Now): BurnInProfileName | undefined {
  const { perBoot, perHardware, timeScale } = required;
  const counts = past.filter(
    (run) => isCompleted(run.state) && run.hardwareKey === now.hardwareKey && run.timeScale >= timeScale,
  );
  if (perHardware !== undefined && !counts.some(({ profile }) => isAtLeast(profile, perHardware))) return perHardware;
  if (perBoot !== undefined && !counts.some(({ bootId }) => bootId === now.bootId)) return perBoot;
  return undefined;
}

/**
 * Those whose results count: of these parts, and not taken back by a newer result of a profile that looks at least as
 * closely. An intake counts in its own boot: the next boot has one of its own.
 */
export function standingBurnIns<Run extends PastBurnIn>(past: readonly Run[], now: Now): Run[] {
  const standing: Run[] = [];
  for (const run of past) {
    if (!isCompleted(run.state) || run.hardwareKey !== now.hardwareKey) continue;
    if (run.profile === 'intake' && run.bootId !== now.bootId) continue;
    if (!standing.some(({ profile }) => isAtLeast(profile, run.profile))) standing.push(run);
  }
  return standing;
}

/** A machine that went away this often in a burn-in, without one result since, does not get another one by itself. */
export const interruptionsMax = 2;

/** Those since the newest result, newest first: what kept this machine from having one. */
export function unfinishedBurnIns<Run extends PastBurnIn>(
  past: readonly Run[],
  now: Now,
): { readonly interrupted: readonly Run[]; readonly cancelled: Run | undefined } {
  const ofParts = past.filter(({ hardwareKey, state }) => hardwareKey === now.hardwareKey && state !== 'running');
  const at = ofParts.findIndex(({ state }) => isCompleted(state));
  const since = at < 0 ? ofParts : ofParts.slice(0, at);
  return {
    interrupted: since.filter(({ state }) => state === 'interrupted'),
    // In the next boot it begins again.
    cancelled: since.find(({ state, bootId }) => state === 'cancelled' && bootId === now.bootId),
  };
}
