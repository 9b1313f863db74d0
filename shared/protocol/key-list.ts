// The list of command keys that agents trust, and the statements that replace it. A statement is signed by the key that
// signs commands in the list before it, so a list follows from the one an agent holds, or is not believed.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const closed = { additionalProperties: false } as const;
const Ms = Type.Integer({ minimum: 0 });
const KeyId = Type.String({ pattern: '^[a-z0-9-]{1,64}$' });

/** Keeps a statement's signature from being valid for anything else that is ever signed. */
export const keyListDomain = 'ppec-command-keys-v1\0';

/** Statements kept and told: an agent that has missed more rotations than these must enrol anew. */
export const statementsMax = 32;

/**
 * The exact text that was signed, a `KeyList` as JSON. Both signatures are Ed25519 over `keyListDomain` + text, base64:
 * one by the key that signed before, `keyId`; one by the key that signs from now on, which so proves that it is held.
 */
export const KeyStatement = Type.Object(
  {
    text: Type.String({ maxLength: 8192 }),
    keyId: KeyId,
    signature: Type.String({ maxLength: 200 }),
    selfSignature: Type.String({ maxLength: 200 }),
  },
  closed,
);
export type KeyStatement = Static<typeof KeyStatement>;

export const KeyStatements = Type.Array(KeyStatement, { minItems: 1, maxItems: statementsMax });

export const KeyList = Type.Object(
  {
    region: Type.String({ minLength: 1, maxLength: 63 }),
    /** Grows with every statement of a region; an agent never goes back. */
    sequence: Type.Integer({ minimum: 1 }),
    issuedAtMs: Ms,
    keys: Type.Array(
      Type.Object(
        {
          keyId: KeyId,
          /** SubjectPublicKeyInfo, PEM (Ed25519). */
          publicKeyPem: Type.String({ maxLength: 400 }),
          notBeforeMs: Ms,
          /** Null for the one that signs; one that was replaced is good until here. */
          notAfterMs: Type.Union([Ms, Type.Null()]),
        },
        closed,
      ),
      { minItems: 1, maxItems: 8 },
    ),
  },
  closed,
);
export type KeyList = Static<typeof KeyList>;
export type ListedKey = KeyList['keys'][number];

const keyList = Compile(KeyList);

/** Whether `signature` (base64) is by `publicKeyPem` over exactly these bytes. */
export type IsSignedBy = (publicKeyPem: string, bytes: Uint8Array, signature: string) => boolean;

export function statementBytes(text: string): Uint8Array {
  return new TextEncoder().encode(keyListDomain + text);
}

/** The list that a statement's text is; undefined where it is none that makes sense. */
export function keyListOf(text: string): KeyList | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!keyList.Check(value)) return undefined;
  const isEachOnce = new Set(value.keys.map(({ keyId }) => keyId)).size === value.keys.length;
  return isEachOnce && value.keys.filter(({ notAfterMs }) => notAfterMs === null).length === 1 ? value : undefined;
}

/** The key of a list that signs commands and the next statement. */
export function signingKeyOf(list: KeyList): ListedKey | undefined {
  return list.keys.find(({ notAfterMs }) => notAfterMs === null);
}

export type NextList =
  | { readonly kind: 'known' }
  | { readonly kind: 'next'; readonly list: KeyList }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a statement makes of the list that is held now. With none held, it is enough that it signs itself. */
export function nextKeyList(held: KeyList | undefined, statement: KeyStatement, isSignedBy: IsSignedBy): NextList {
  const refused = (reason: string): NextList => ({ kind: 'refused', reason });
  const list = keyListOf(statement.text);
  if (list === undefined) return refused('the statement holds no list of command keys');
  if (held !== undefined && list.region !== held.region) return refused(`the list is of region ${list.region}`);
  // What came before is told again on every link.
  if (held !== undefined && list.sequence <= held.sequence) return { kind: 'known' };
  const bytes = statementBytes(statement.text);
  const isBy = (key: ListedKey | undefined, signature: string): boolean =>
    key !== undefined && isSignedBy(key.publicKeyPem, bytes, signature);
  if (!isBy(signingKeyOf(list), statement.selfSignature)) {
    return refused(`the new key of list ${list.sequence} has not signed it`);
  }
  if (held === undefined) return { kind: 'next', list };
  const before = signingKeyOf(held);
  if (before?.keyId !== statement.keyId) {
    return refused(`list ${list.sequence} is signed by ${statement.keyId}, which may not replace the keys held here`);
  }
  return isBy(before, statement.signature)
    ? { kind: 'next', list }
    : refused(`the signature of list ${list.sequence} does not verify`);
}
