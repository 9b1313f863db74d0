// Base64 of raw bytes inside JSON evidence. Pure; what is no base64 is no bytes.

export function bytesOfBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
