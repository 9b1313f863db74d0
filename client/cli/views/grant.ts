// Grants in one line each.
import type { HeldGrant } from '../../../shared/api/person.ts';

/** `provisioner at project:payments, by team:ledger`. */
export function grantLine({ role, scopes, holder }: Pick<HeldGrant, 'role' | 'scopes' | 'holder'>): string {
  return `${role} at ${scopes.join(' within ')}, by ${holder}`;
}
