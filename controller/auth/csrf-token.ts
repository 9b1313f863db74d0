// The token that a page of ours sends back with whatever writes. It is derived from the session's secret, which no script
// and no other site can read, so nothing more has to be kept.
import { createHash, timingSafeEqual } from 'node:crypto';

export function csrfTokenOf(sessionSecret: string): string {
  return createHash('sha256').update(`csrf ${sessionSecret}`).digest('base64url');
}

export function isCsrfToken(sessionSecret: string, given: string): boolean {
  const [wanted, shown] = [Buffer.from(csrfTokenOf(sessionSecret)), Buffer.from(given)];
  return wanted.length === shown.length && timingSafeEqual(wanted, shown);
}
