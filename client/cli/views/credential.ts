// What a credential may do, as one line.
import type { CredentialLimits } from '../../../shared/api/credential.ts';

/** `read only, roles maker, in team:storage, from 10.0.0.0/8`; what it says nothing of is as wide as the owner. */
export function limitsText(limits: CredentialLimits, sources: readonly string[]): string {
  const parts = [
    limits.access === 'read' ? 'read only' : '',
    limits.roles === undefined ? '' : `roles ${limits.roles.join(', ')}`,
    limits.scopes === undefined ? '' : `in ${limits.scopes.join(', ')}`,
    sources.length === 0 ? '' : `from ${sources.join(', ')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'as its owner' : parts.join('; ');
}
