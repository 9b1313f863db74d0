// Failed sign-ins in the audit: who was meant, as far as it was said, and why not. Many of them are counted, not listed.
import type { Gathered } from '../audit/gathered.ts';
import { presentedText } from './presented-text.ts';

export type Failure = {
  /** What was tried: `sign-in`, `credential`, `device code` … */
  readonly what: string;
  /** The name or id that was presented; never the secret. */
  readonly presented: string;
  readonly reason: string;
  readonly from: string;
  readonly requestId: string | null;
};

export type Failures = { readonly note: (failure: Failure) => Promise<void> };

export function createFailures(gathered: Pick<Gathered, 'attempt'>): Failures {
  return {
    note: ({ what, presented, reason, from, requestId }) => {
      const shown = presentedText(presented);
      return gathered.attempt({
        actor: { name: 'nobody', id: 'nobody', credentialId: null, from, requestId },
        operation: 'session.sign-in',
        targets: shown === '' ? [] : [shown],
        outcome: 'refused',
        message: `${what} refused for '${shown}': ${reason}`,
      });
    },
  };
}
