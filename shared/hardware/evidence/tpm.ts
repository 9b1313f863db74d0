// A TPM's endorsement key certificate: who made the chip, and the digest of its key that names this one chip (X.509
// RFC 5280 §4.1; TCG EK Credential Profile 2.0 §3). Pure: the certificate is read, not verified.
import { childrenOf, derAt, oidOf, type Der } from './der.ts';
import { hexOf, latin1, plainText, utf8 } from './fact-text.ts';

export type EkCertificate = {
  /** `CN=ExampleCA`, attributes in the order of the certificate; empty where it names nobody, as most do. */
  readonly subject: string;
  readonly issuer: string;
  /** Hex digits without leading zero bytes. */
  readonly serial: string;
  /** From the alternative name (§3.2.9): `id:54434700`, `ABCDEF123456`, `id:00010023`. */
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly version: string | null;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
};

const attributesMax = 32;

/** A certificate as it lies in the TPM's memory, where padding may follow; undefined for anything else. */
export function parseEkCertificate(bytes: Uint8Array): EkCertificate | undefined {
  const certificate = childrenOf(sequence(derAt(bytes)));
  const fields = certificate?.length === 3 ? childrenOf(sequence(certificate[0])) : undefined;
  // The version [0] is there in all but version 1.
  const numbered = fields?.[0]?.tag === 0xa0 ? fields.slice(1) : (fields ?? []);
  const [serialField, , issuerField, validity, subjectField, keyField, ...optional] = numbered;
  const serial = serialOf(serialField);
  const issuer = nameOf(issuerField);
  const subject = nameOf(subjectField);
  const publicKey = keyOf(keyField);
  if (serial === undefined || issuer === undefined || subject === undefined || publicKey === undefined)
    return undefined;
  if (sequence(validity) === undefined) return undefined;
  const names = alternativeNames(optional.find(({ tag }) => tag === 0xa3));
  return {
    subject: nameText(subject),
    issuer: nameText(issuer),
    serial,
    manufacturer: names.get('2.23.133.2.1') ?? null,
    model: names.get('2.23.133.2.2') ?? null,
    version: names.get('2.23.133.2.3') ?? null,
    publicKey,
  };
}

/** RFC 5280 §4.1.2.2: up to 20 octets; some makers use a few more. */
function serialOf(der: Der | undefined): string | undefined {
  if (der?.tag !== 0x02 || der.content.length === 0 || der.content.length > 32) return undefined;
  return hexOf(der.content).replace(/^(00)+(?=..)/, '');
}

/** SubjectPublicKeyInfo: an algorithm and a bit string (RFC 5280 §4.1.2.7). */
function keyOf(der: Der | undefined): Uint8Array | undefined {
  const parts = childrenOf(sequence(der));
  return parts?.length === 2 && parts[0]?.tag === 0x30 && parts[1]?.tag === 0x03 ? der?.whole : undefined;
}

/** SHA-256 of the key's SubjectPublicKeyInfo as 64 hex digits: the same for every certificate of one chip's key. */
export async function publicKeySha256(certificate: EkCertificate): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(certificate.publicKey));
  return hexOf(new Uint8Array(digest));
}

type Attribute = readonly [oid: string, value: string];

/** RDNSequence: sets of attributes (RFC 5280 §4.1.2.4). */
function nameOf(der: Der | undefined): Attribute[] | undefined {
  const sets = childrenOf(sequence(der));
  if (sets === undefined) return undefined;
  const attributes: Attribute[] = [];
  for (const attribute of sets.flatMap((set) => (set.tag === 0x31 ? (childrenOf(set) ?? []) : []))) {
    const [type, value] = childrenOf(sequence(attribute)) ?? [];
    const oid = oidOf(type);
    if (oid === undefined || value === undefined || attributes.length === attributesMax) return undefined;
    attributes.push([oid, plainText(stringOf(value)) ?? '']);
  }
  return attributes;
}

/** PrintableString, IA5String, UTF8String as they are; BMPString in two bytes a character. */
function stringOf({ tag, content }: Der): string {
  if (tag === 0x0c) return utf8(content);
  if (tag !== 0x1e) return latin1(content);
  const swapped = Uint8Array.from(content, (_, index) => content[index ^ 1] ?? 0);
  return new TextDecoder('utf-16le').decode(swapped);
}

const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN', '2.5.4.5': 'serialNumber', '2.5.4.6': 'C', '2.5.4.7': 'L', '2.5.4.8': 'ST', '2.5.4.10': 'O', '2.5.4.11': 'OU',
}; // prettier-ignore

/** RFC 4514 §2.4 escapes, so that a name cannot pass for two. */
function nameText(attributes: readonly Attribute[]): string {
  return attributes
    .map(([oid, value]) => `${shortNames[oid] ?? oid}=${value.replaceAll(/[,+"\\<>;=]/g, '\\$&')}`)
    .join(',');
}

/** Directory names of the subject's alternative name (RFC 5280 §4.2.1.6): attribute → value. */
function alternativeNames(extensions: Der | undefined): ReadonlyMap<string, string> {
  const list = childrenOf(sequence(childrenOf(extensions)?.[0])) ?? [];
  const names = new Map<string, string>();
  for (const extension of list) {
    const parts = childrenOf(sequence(extension)) ?? [];
    const octets = parts.at(-1);
    if (oidOf(parts[0]) !== '2.5.29.17' || octets?.tag !== 0x04) continue;
    for (const general of childrenOf(sequence(derAt(octets.content))) ?? []) {
      // directoryName [4] EXPLICIT Name
      if (general.tag !== 0xa4) continue;
      for (const [oid, value] of nameOf(childrenOf(general)?.[0]) ?? []) if (!names.has(oid)) names.set(oid, value);
    }
  }
  return names;
}

function sequence(der: Der | undefined): Der | undefined {
  return der?.tag === 0x30 ? der : undefined;
}
