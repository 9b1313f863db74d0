// Texts that must never be kept: secrets that somebody put where a name belongs, or that came along in a message.

import { secretPattern } from './secret-text.ts';

/** Members of an input or columns of a row whose value is a secret, by their names. */
export function isSecretName(name: string): boolean {
  return /secret|password|passphrase|private.?key|^token$|_token$|Token$/i.test(name) && !/Sha256$|Id$|_id$/.test(name);
}

/** As this region makes its secrets: see secret-text.ts. */
const ownSecret = new RegExp(secretPattern, 'g');

const shapes: readonly RegExp[] = [
  // PEM private keys (RFC 7468), with whatever is left of them where the text was cut.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // JSON Web Tokens (RFC 7519), and what an authorization header carries (RFC 7617, RFC 6750). The header of a token is short;
  // without an end to it, a text of beginnings alone would be read again from each of them.
  /\beyJ[\w-]{5,300}\.[\w-]{5,}(?:\.[\w-]*)?/g,
  /\b(?:Basic|Bearer)\s+(?=\S*[\d=])[\w+/=.~-]{8,}/gi,
  // A user and a password in an address (RFC 3986 §3.2.1).
  /(?<=:\/\/)[^\s/@]+:[^\s/@]+(?=@)/g,
];

/** 32 random bytes as base64url, as this region makes its secrets; with or without a prefix. */
const randomText = /(?<![\w-])(?:[a-z]{2,8}_){0,3}([\w-]{43})(?![\w-])/g;

/** The text with everything left out that looks like a secret. */
export function withoutSecrets(text: string): string {
  let clean = text;
  // Most texts are short and plain; four patterns over each would be the dearest part of an audit entry.
  if (/-----BEGIN|\beyJ|basic\s|bearer\s|:\/\//i.test(clean)) {
    for (const shape of shapes) clean = clean.replaceAll(shape, '(left out: a secret)');
  }
  if (clean.includes('ppec_')) clean = clean.replaceAll(ownSecret, (_all, kind: string) => `ppec_${kind}_…`);
  return clean.length < 43
    ? clean
    : clean.replaceAll(randomText, (all: string, body: string) =>
        /[A-Z]/.test(body) && /[a-z]/.test(body) ? '(left out: a secret)' : all,
      );
}
