// What an identity provider says of a person, and whom that means here. Pure.

export type Claims = {
  readonly subject: string;
  readonly email: string | null;
  readonly isEmailVerified: boolean;
  readonly username: string | null;
};

/** By what a person is found who has not signed in at the provider before. */
export const matchBys = ['subject', 'email', 'username'] as const;
export type MatchBy = (typeof matchBys)[number];

/**
 * What to look for, beside the subject. An e-mail address counts only where the provider says that it was verified: else
 * whoever may choose their own address there is anybody here.
 */
export function personMatch(
  claims: Claims,
  by: MatchBy,
): { readonly column: 'email' | 'name'; readonly value: string } | undefined {
  if (by === 'email' && claims.email !== null && claims.isEmailVerified)
    return { column: 'email', value: claims.email };
  if (by === 'username' && claims.username !== null) return { column: 'name', value: claims.username };
  return undefined;
}

const nameLengthMax = 40;

/** A free sign-in name made of what the provider calls the person. */
export function nameFromClaims(claims: Claims, taken: ReadonlySet<string>): string {
  const called = claims.username ?? claims.email ?? '';
  const plain = (called.split('@')[0] ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, nameLengthMax)
    .replaceAll(/^-|-$/g, '');
  const name = plain === '' ? 'person' : plain;
  for (let number = 2; taken.has(name); number += 1) {
    if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
  }
  return name;
}
