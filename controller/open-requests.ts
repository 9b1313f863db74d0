// The requests that are open now and whose they are, so that a revocation ends a long poll or an upload then and there.
import type { CutOff } from './store/unit-of-work.ts';

export type Principal = {
  readonly personId: string;
  /** The credential, or the session. */
  readonly credentialId: string | null;
  readonly requestId: string | null;
};

export type OpenRequests = {
  readonly open: (principal: Principal) => { readonly signal: AbortSignal; readonly close: () => void };
  readonly cutOff: (whose: readonly CutOff[], byRequestId: string | null) => void;
  /** Grows with every cut: what was read before is no longer sure. */
  readonly cuts: () => number;
  readonly count: () => number;
};

export function createOpenRequests(): OpenRequests {
  const opened = new Map<symbol, { principal: Principal; abort: AbortController }>();
  let cuts = 0;
  return {
    open: (principal) => {
      const key = Symbol('open request');
      const abort = new AbortController();
      opened.set(key, { principal, abort });
      return { signal: abort.signal, close: () => void opened.delete(key) };
    },
    cutOff: (whose, byRequestId) => {
      cuts += 1;
      for (const { principal, abort } of opened.values()) {
        const isOwn = byRequestId !== null && principal.requestId === byRequestId;
        if (!isOwn && whose.some((each) => isOf(each, principal))) abort.abort();
      }
    },
    cuts: () => cuts,
    count: () => opened.size,
  };
}

function isOf(cut: CutOff, { personId, credentialId }: Principal): boolean {
  if ('personId' in cut) return cut.personId === personId;
  return ('credentialId' in cut ? cut.credentialId : cut.sessionId) === credentialId;
}
