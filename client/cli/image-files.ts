// An image on disk: a folder with `manifest.json`, its signature `manifest.json.sig` and the content the manifest names.
// The signature is Ed25519 over the manifest's exact bytes; nothing is re-encoded before it is signed or sent.
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { ImageManifest } from '../../shared/api/image.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';

export const manifestName = 'manifest.json';
export const signatureSuffix = '.sig';

export const SignatureFile = Type.Object(
  { keyId: Type.String({ minLength: 1, maxLength: 64 }), signature: Type.String({ pattern: '^[A-Za-z0-9+/]{86}==$' }) },
  { additionalProperties: false },
);
export type SignatureFile = Static<typeof SignatureFile>;

const manifestValidator = Compile(ImageManifest);
const signatureValidator = Compile(SignatureFile);
const bareSignature = /^[A-Za-z0-9+/]{86}==$/;

export type ReadManifest = { readonly text: string; readonly manifest: ImageManifest; readonly contentPath: string };

/** The manifest of a folder, or of its manifest file. */
export async function readManifest(path: string): Promise<ReadManifest> {
  const file = (await isFolder(path)) ? join(path, manifestName) : path;
  const text = await readText(file);
  const manifest = parseJson(text);
  if (!manifestValidator.Check(manifest)) {
    const issues = manifestValidator
      .Errors(manifest)
      .slice(0, 10)
      .map((error) => ({ path: error.instancePath, message: error.message }));
    throw new PpecError('invalid_argument', `${file} is no image manifest.`, { issues });
  }
  if (basename(manifest.file) !== manifest.file) {
    throw new PpecError(
      'invalid_argument',
      `${file} names its content ${manifest.file}; it must be beside the manifest.`,
    );
  }
  return { text, manifest, contentPath: join(dirname(file), manifest.file) };
}

/** Throws unless the content has the size and digest that the manifest promises. */
export async function assertContent({ manifest, contentPath }: ReadManifest, signal: AbortSignal): Promise<void> {
  const { size } = await stat(contentPath).catch((error: unknown) => {
    throw new PpecError('not_found', `The image's content cannot be read: ${messageOf(error)}`, { cause: error });
  });
  if (size !== manifest.bytes) {
    throw new PpecError(
      'failed_precondition',
      `${contentPath} has ${size} bytes; its manifest says ${manifest.bytes}.`,
    );
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(contentPath, { highWaterMark: 1 << 20 }), hash, { signal });
  const digest = hash.digest('hex');
  if (digest !== manifest.sha256) {
    throw new PpecError(
      'failed_precondition',
      `${contentPath} has the SHA-256 ${digest}; its manifest says ${manifest.sha256}. Build the image again.`,
    );
  }
}

/** Signs the exact text with an Ed25519 private key in PEM form. */
export function signManifest(text: string, keyPem: string, keyId: string): SignatureFile {
  const key = privateKeyOf(keyPem);
  return { keyId, signature: sign(null, Buffer.from(text), key).toString('base64') };
}

function privateKeyOf(pem: string): ReturnType<typeof createPrivateKey> {
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new PpecError('invalid_argument', `The key is not readable: ${messageOf(error)}`, { cause: error });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new PpecError(
      'invalid_argument',
      `The key is ${key.asymmetricKeyType ?? 'unknown'}; images are signed with Ed25519.`,
    );
  }
  return key;
}

/** A signature file: `{keyId, signature}`, or the signature alone in base64 where `keyId` is told. */
export function parseSignature(text: string, file: string, keyId: string | undefined): SignatureFile {
  const bare = text.trim();
  if (bareSignature.test(bare)) {
    if (keyId === undefined) throw new PpecError('invalid_argument', `${file} does not name its key; add --key-id ID.`);
    return { keyId, signature: bare };
  }
  const value = parseJson(text);
  if (!signatureValidator.Check(value)) {
    throw new PpecError(
      'invalid_argument',
      `${file} is no signature; make one: ppec image sign MANIFEST --key FILE --key-id ID`,
    );
  }
  return keyId === undefined ? value : { ...value, keyId };
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new PpecError('not_found', `A file cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
