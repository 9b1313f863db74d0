// Cookies (RFC 6265): ours have the prefix `__Host-`, so that no other host or path can have set them.
export const sessionCookie = '__Host-ppec-session';
export const oidcCookie = '__Host-ppec-oidc';

/** The value of a cookie; undefined where it is not there, or there twice. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 && values[0] !== '' ? values[0] : undefined;
}

/** Kept until the browser closes; the session behind it ends earlier by itself. `Lax`: a link from elsewhere finds one
 * signed in, a form from elsewhere does not. */
export function setCookie(name: string, value: string): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax`;
}

export function clearCookie(name: string): string {
  return `${name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;
}
