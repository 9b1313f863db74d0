// Burn-ins as the integration tests ask for and wait for them: the agent's real tests, a second each.
import type { BurnIn, BurnInDetail } from '../../shared/api/burn-in.ts';
import type { BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import type { AssetState } from '../../shared/lifecycle/asset.ts';
import { waitUntil, type Region } from './region.ts';

/** No test gets less than a second. */
export const shortest = 0.001;

export type BurnInTests = {
  readonly begin: (asset: string, timeScale?: number, profile?: BurnInProfileName) => Promise<BurnIn>;
  readonly until: (id: string, condition: (burnIn: BurnInDetail) => boolean) => Promise<BurnInDetail>;
  readonly ended: (id: string) => Promise<BurnInDetail>;
  /** Its agent tells how far it is. */
  readonly running: (id: string) => Promise<BurnInDetail>;
  /** The asset came into this state for that many times. */
  readonly wasInState: (asset: string, state: AssetState, times: number) => Promise<void>;
  /** Oldest first. */
  readonly ofAsset: (asset: string) => Promise<BurnIn[]>;
};

export function burnInsOf(region: () => Region): BurnInTests {
  const until: BurnInTests['until'] = (id, condition) => {
    let seen = '';
    return waitUntil(
      async () => {
        const found = await region().client('vic').call('burn-in.get', { burnIn: id });
        seen = JSON.stringify({ ...found, report: null });
        return condition(found) ? found : false;
      },
      { tolerant: () => true, what: () => `a burn-in; it is ${seen}` },
    );
  };
  return {
    begin: (asset, timeScale = shortest, profile = 'intake') =>
      region().client('mia').call('asset.burn-in', { asset, profile, timeScale }),
    until,
    ended: (id) => until(id, ({ state }) => state !== 'running'),
    running: (id) => until(id, ({ progress }) => progress !== null),
    wasInState: async (asset, state, times) => {
      await waitUntil(async () => {
        const { items } = await region().client('vic').call('asset.timeline', { asset });
        return items.filter(({ event }) => event === state.toLowerCase()).length >= times;
      });
    },
    ofAsset: async (asset) => (await region().client('vic').call('burn-in.list', { asset })).items.toReversed(),
  };
}
