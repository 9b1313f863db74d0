// Where a sign-in leads back to: a path of this controller and nothing else, or a link could send people anywhere.
const pathMax = 500;

export function safeReturn(text: string | undefined): string {
  if (text === undefined || text.length > pathMax) return '/sign-in';
  // Browsers read `//host` and `/\host` as another host, and skip control characters.
  return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text) ? text : '/sign-in';
}
