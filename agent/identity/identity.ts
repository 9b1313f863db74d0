// Which identity this host opens its next link with. A certificate is renewed in two phases: the new one is kept beside the one
// that works, tried, and only when it was welcomed does the old one go. Killed at any moment, the agent goes on from what is
// on disk.
import { messageOf } from '../../shared/errors.ts';
import { enrol, renew, type CertificateDeps } from './certificate.ts';
import { loadIdentity, storeIdentity, type Identity, type StoredIdentity } from './identity-file.ts';
import type { KeyRing } from './key-ring.ts';

export type ChosenIdentity = {
  readonly identity: Identity;
  /** The controller has welcomed it: from now on it is the one that works. */
  readonly welcomed: () => Promise<void>;
  /** The controller does not take it: the one before is tried again, where there is one. */
  readonly refused: () => Promise<void>;
};

export type IdentityDeps = CertificateDeps & { readonly keyRing: KeyRing; readonly log: (text: string) => void };

/** When a third of its life is left. A clock that went back says nothing, so it is renewed. */
export function renewInMs({ enrolled, obtainedAtMs }: Identity, nowMs: number): number {
  const agedMs = nowMs - obtainedAtMs;
  return agedMs < 0 ? 0 : Math.max(0, (enrolled.livesMs * 2) / 3 - agedMs);
}

/** The candidate if there is one, the current one while it is fresh, a new candidate when it is not; else a new enrolment. */
export async function obtainIdentity(deps: IdentityDeps): Promise<ChosenIdentity> {
  const { stateDir, home } = deps.config;
  const stored = await loadIdentity(stateDir);
  if (stored === undefined) {
    return enrolled(deps);
  }
  const nowMs = deps.clock.nowMs();
  if (stored.candidate !== undefined || renewInMs(stored.current, nowMs) > 0) return chosen(stored, deps);
  const leftMs = stored.current.obtainedAtMs + stored.current.enrolled.livesMs - nowMs;
  // A machine in PIOUS whose certificate has ended has nothing but the token of its next boot.
  if (leftMs <= 0 && home === 'pious') {
    return enrolled(deps);
  }
  try {
    // A production host has one token in its life: after a long time off it comes back by the key it holds.
    const candidate = await trusted(await renew(stored.current, deps), deps);
    const next = { current: stored.current, candidate };
    await storeIdentity(stateDir, next);
    return chosen(next, deps);
  } catch (error) {
    if (leftMs <= 0) throw error;
    // What still works is used; the next link is the next attempt.
    deps.log(`certificate not renewed: ${messageOf(error)}`);
    return chosen(stored, deps);
  }
}

async function enrolled(deps: IdentityDeps): Promise<ChosenIdentity> {
  const current = await trusted(await enrol(deps), deps);
  await storeIdentity(deps.config.stateDir, { current });
  return chosen({ current }, deps);
}

/** Keys that the controller names are no reason to trust them, except to a host that trusts none yet. */
async function trusted(identity: Identity, { keyRing, log }: IdentityDeps): Promise<Identity> {
  const disbelieved = await keyRing.take(identity.enrolled.commandKeys);
  for (const reason of disbelieved) log(`command keys not taken: ${reason}`);
  return identity;
}

function chosen({ current, candidate }: StoredIdentity, { config }: IdentityDeps): ChosenIdentity {
  const { stateDir } = config;
  if (candidate === undefined)
    return { identity: current, welcomed: () => Promise.resolve(), refused: () => Promise.resolve() };
  return {
    identity: candidate,
    welcomed: () => storeIdentity(stateDir, { current: candidate }),
    refused: () => storeIdentity(stateDir, { current }),
  };
}
