// Whether a request comes from a page of ours. Browsers say so (Fetch Metadata, and `Origin` on whatever writes); what
// says neither is no browser of today and has no business with cookies.
import type { IncomingHttpHeaders } from 'node:http';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isSafe(method: string): boolean {
  return safeMethods.has(method);
}

export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin !== undefined) return host !== undefined && origin === `https://${host}`;
  return site === 'same-origin';
}
