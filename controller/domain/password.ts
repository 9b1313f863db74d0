// Passwords: what is accepted, and the text a hash is kept as. Pure; the hashing is in controller/crypto.
import { passwordLengthMax, passwordLengthMin } from '../../shared/api/person.ts';

/** Argon2id with 19 MiB, 2 passes, 1 lane: the OWASP Password Storage Cheat Sheet's smallest setting for servers. */
export const argon2Parameters = { memoryKib: 19_456, passes: 2, lanes: 1 } as const;
export type Argon2Parameters = { readonly memoryKib: number; readonly passes: number; readonly lanes: number };

/**
 * Why a new password is not accepted; undefined where it is. Length, and nothing that the name gives away; no rules of
 * composition (NIST SP 800-63B §5.1.1.2).
 */
export function passwordProblem(
  password: string,
  about: { readonly name: string; readonly email: string | null },
): string | undefined {
  const characters = Array.from(password.normalize('NFKC'));
  if (characters.length < passwordLengthMin) {
    return `The password has ${characters.length} characters; it needs ${passwordLengthMin}. Several words are easy to remember.`;
  }
  if (characters.length > passwordLengthMax) return `The password is longer than ${passwordLengthMax} characters.`;
  if (new Set(characters).size < 5) return 'The password is the same few characters over and over.';
  const plain = plainOf(password);
  const known = [about.name, about.email?.split('@')[0] ?? '', 'ppec', 'password'].map(plainOf);
  const words = known.filter((word) => word.length >= 3 && plain.includes(word));
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), plain);
  // What is left beside such words must be a password by itself, or they are most of it.
  if (words.length > 0 && rest.length < passwordLengthMin / 2) {
    return `The password is little more than '${words.join("' and '")}'. Choose one that your name does not give away.`;
  }
  return undefined;
}

function plainOf(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** What is hashed: the same characters however the keyboard composed them (NIST SP 800-63B §5.1.1.2: NFKC). */
export function hashedText(password: string): string {
  return password.normalize('NFKC');
}

export type Phc = { readonly parameters: Argon2Parameters; readonly salt: string; readonly hash: string };

/** `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`, base64 without padding (PHC string format). */
export function phcText({ parameters, salt, hash }: Phc): string {
  const { memoryKib, passes, lanes } = parameters;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${salt}$${hash}`;
}

export function parsePhc(text: string): Phc | undefined {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22,88})$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, memory, passes, lanes, salt = '', hash = ''] = match;
  return { parameters: { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) }, salt, hash };
}

/** Whether a hash was made with less than is asked for now: it is made anew with the next sign-in. */
export function isOutgrown(phc: Phc): boolean {
  const { memoryKib, passes, lanes } = phc.parameters;
  const wanted = argon2Parameters;
  return memoryKib < wanted.memoryKib || passes < wanted.passes || lanes < wanted.lanes;
}
