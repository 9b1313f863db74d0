// A secret that only one TPM can open, and only for one of its objects: what TPM2_MakeCredential does, without a TPM (TPM
// 2.0 Library Part 1 §24, Annexes B.10 and C.6; KDFa and KDFe §11.4.10). For endorsement keys of the default templates: SHA-256,
// AES-128-CFB.
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  ECDH,
  createECDH,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';

import { spkiOf, type PublicKey } from '../../shared/tpm/templates.ts';

export type Credential = {
  /** TPM2B_ID_OBJECT without its size. */
  readonly credential: Buffer;
  /** TPM2B_ENCRYPTED_SECRET without its size. */
  readonly secret: Buffer;
};

const seedBytes = 32;
const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);
const tpm2b = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);

/** The name of an object: its name algorithm, SHA-256, and the digest of its public area (Part 1 §16). */
export function nameOf(publicArea: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x00, 0x0b]), createHash('sha256').update(publicArea).digest()]);
}

/** `name`: of the object that must be in the same TPM. At most 32 bytes of `content`. */
export function makeCredential(key: PublicKey, name: Uint8Array, content: Uint8Array): Credential {
  const { seed, secret } = key.kind === 'rsa-2048' ? rsaSeed(key) : eccSeed(key);
  const cipher = createCipheriv('aes-128-cfb', kdfa({ key: seed, label: 'STORAGE', context: name, bits: 128 }), Buffer.alloc(16));
  const encrypted = Buffer.concat([cipher.update(tpm2b(content)), cipher.final()]);
  const hmacKey = kdfa({ key: seed, label: 'INTEGRITY', context: Buffer.alloc(0), bits: 256 });
  const integrity = createHmac('sha256', hmacKey).update(encrypted).update(name).digest();
  return { credential: Buffer.concat([tpm2b(integrity), encrypted]), secret };
} // prettier-ignore

type Seed = { readonly seed: Buffer; readonly secret: Buffer };

/** OAEP, whose label ends with a zero byte. */
function rsaSeed(key: PublicKey): Seed {
  const seed = randomBytes(seedBytes);
  const publicKey = createPublicKey({ key: Buffer.from(spkiOf(key)), format: 'der', type: 'spki' });
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const secret = publicEncrypt(
    { key: publicKey, padding, oaepHash: 'sha256', oaepLabel: Buffer.from('IDENTITY\0') },
    seed,
  );
  return { seed, secret };
}

/** One-pass Diffie-Hellman with a key made for this seed; the secret that travels is its point (TPMS_ECC_POINT). */
function eccSeed(key: Extract<PublicKey, { kind: 'ecc-p256' }>): Seed {
  const curve = 'prime256v1';
  const ours = createECDH(curve);
  ours.generateKeys();
  const theirs = Buffer.concat([Buffer.from([4]), key.x, key.y]);
  const shared = ours.computeSecret(theirs);
  const point = ECDH.convertKey(ours.getPublicKey(), curve, undefined, undefined, 'uncompressed');
  const own = Buffer.from(point).subarray(1);
  const [x, y] = [own.subarray(0, 32), own.subarray(32)];
  const seed = createHash('sha256').update(u32(1)).update(shared).update('IDENTITY\0').update(x).update(key.x).digest();
  return { seed, secret: Buffer.concat([tpm2b(x), tpm2b(y)]) };
}

type Kdfa = {
  readonly key: Uint8Array;
  readonly label: string;
  readonly context: Uint8Array;
  readonly bits: 128 | 256;
};

/** SP 800-108 counter mode; one block of SHA-256 is enough for every key here. */
function kdfa({ key, label, context, bits }: Kdfa): Buffer {
  const block = createHmac('sha256', key).update(u32(1)).update(`${label}\0`).update(context).update(u32(bits)).digest();
  return block.subarray(0, bits / 8);
} // prettier-ignore
