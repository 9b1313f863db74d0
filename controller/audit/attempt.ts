// Attempts that no operation sees: somebody who is not signed in, or a request that is refused before it is one.
import { isId } from '../../shared/ids.ts';
import type { Actor } from '../store/unit-of-work.ts';
import type { Gathered } from './gathered.ts';

export type Attempt = {
  /** The operation that was tried, or its route. */
  readonly operation: string;
  /** The header as it came: only an id of a credential is taken from it, never what else is there. */
  readonly authorization: string | undefined;
  readonly from: string;
  readonly requestId: string;
  readonly message: string;
  /** Who it is, where that is known. */
  readonly caller?: { readonly actor: Actor };
};

/** Who is not known is nobody. Thousands of attempts are counted, not listed. */
export function auditAttempt(gathered: Gathered): (attempt: Attempt) => Promise<void> {
  return async ({ operation, authorization, from, requestId, message, caller }) => {
    const nobody: Actor = { name: 'nobody', id: 'nobody', credentialId: credentialIn(authorization), from, requestId };
    const noted = { operation, targets: [], outcome: 'refused', message } as const;
    if (caller === undefined) await gathered.attempt({ ...noted, actor: nobody });
    else await gathered.write({ ...noted, actor: caller.actor });
  };
}

/** A text that is not an id of ours may be a secret in the wrong place. */
function credentialIn(authorization: string | undefined): string | null {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,2000})$/i.exec(authorization ?? '')?.[1] ?? '';
  const id = Buffer.from(encoded, 'base64').toString().split(':')[0] ?? '';
  return isId('credential', id) ? id : null;
}
