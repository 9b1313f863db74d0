// Texts out of raw bytes: control characters gone, placeholders null where there can be any, and no longer than an inventory may hold.
import { reported } from '../identity.ts';

/** The schema of the inventory refuses longer texts. */
export const factCharsMax = 200;

/** A reported text, or null where it is a placeholder or empty. */
export function factText(text: string | null | undefined): string | null {
  return reported(plainText(text));
}

/** A text as it stands, for names that may be anything (`0`, `none`); null where it is empty. */
export function plainText(text: string | null | undefined): string | null {
  // Control characters are padding or noise; a terminal or a log that prints them as they are would obey them.
  const printable = (text ?? '').replaceAll(/\p{Cc}+/gu, ' ').trim();
  return printable === '' ? null : printable.slice(0, factCharsMax).trim();
}

/** One character per byte (ISO 8859-1). */
export function latin1(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}

/** UTF-8; what is no UTF-8 is taken for ISO 8859-1. */
export function utf8(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return text.includes('\ufffd') ? latin1(bytes) : text;
}

/** Lower-case hex digits, parted by `separator`. */
export function hexOf(bytes: Uint8Array, separator = ''): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);
}
