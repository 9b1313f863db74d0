// An asset's life: the one table that API checks, reconcilers, CLI and docs derive from. Health, presence and hold are
// axes of their own and never folded into it.

export const assetStates = [
  'ORDERED',
  'DISCOVERED',
  'INSPECTING',
  'SPARE',
  'QUARANTINED',
  'RESERVED',
  'PROVISIONING',
  'BAREMETAL',
  'RELEASING',
  'RETIRING',
  'RETIRED',
] as const;
export type AssetState = (typeof assetStates)[number];

export const healthStates = ['ok', 'degraded', 'failed', 'unknown'] as const;
export type HealthState = (typeof healthStates)[number];

export const presenceStates = ['online', 'offline'] as const;

export const holdStates = ['none', 'maintenance', 'repair'] as const;

/** From a state, the states it may change to, each with the event that causes it. */
export const assetTransitions: Readonly<Record<AssetState, Readonly<Partial<Record<AssetState, string>>>>> = {
  ORDERED: { DISCOVERED: 'an agent enrolled with this serial' },
  DISCOVERED: { INSPECTING: 'its inventory arrived' },
  INSPECTING: {
    SPARE: 'the inspection of this boot passed and an address is reserved',
    QUARANTINED: 'the inspection found something that blocks',
  },
  SPARE: {
    INSPECTING: 'it booted again, its inventory changed, or re-inspection was asked for',
    RESERVED: 'a checker approved its provisioning',
    RETIRING: 'retirement was approved',
  },
  QUARANTINED: {
    INSPECTING: 'it booted again, its inventory changed, or re-inspection was asked for',
    RETIRING: 'retirement was approved',
  },
  RESERVED: {
    PROVISIONING: 'its agent is sent the command to write the image',
    SPARE: 'provisioning failed before production ran; the reservation is released',
    QUARANTINED: 'provisioning failed in a way that needs a person',
  },
  PROVISIONING: {
    BAREMETAL: 'the new operating system phoned home with its one-time token',
    SPARE: 'provisioning failed before production ran; the reservation is released',
    QUARANTINED: 'the new operating system never phoned home, or the agent does not know how far it came',
  },
  BAREMETAL: { RELEASING: 'release was approved' },
  RELEASING: {
    INSPECTING: 'wiped, with a certificate',
    QUARANTINED: 'the wipe failed',
    RETIRING: 'retirement was approved',
  },
  RETIRING: { RETIRED: 'wiped, with a certificate', QUARANTINED: 'the wipe failed' },
  RETIRED: {},
};

export function canTransition(from: AssetState, to: AssetState): boolean {
  return assetTransitions[from][to] !== undefined;
}

/** The states in which an agent in PIOUS leads to an inspection of its boot. */
export function isInspectable(state: AssetState): boolean {
  return state === 'DISCOVERED' || canTransition(state, 'INSPECTING');
}
