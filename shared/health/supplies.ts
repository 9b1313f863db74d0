// Power supplies that are there and get no power. Pure. Whether as many are there as were ordered is the class's to say.
import type { Psu } from '../hardware/inventory.ts';
import type { HealthFinding } from './finding.ts';

export function supplyFindings(psus: readonly Psu[]): HealthFinding[] {
  return psus
    .filter(({ present, powered }) => present && powered === false)
    .map(({ slot }) => ({
      check: 'psu-input',
      component: slot,
      state: 'failed',
      message: `${slot} has no input power: check its cord and the outlet.`,
    }));
}
