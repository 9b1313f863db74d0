import { join } from 'node:path';

import { PpecError } from '../../../shared/errors.ts';
import { formatDecimalBytes } from '../../../shared/units.ts';
import { command, type CommandContext } from '../command.ts';
import {
  assertContent,
  manifestName,
  parseSignature,
  readManifest,
  readText,
  signatureSuffix,
  signManifest,
  type ReadManifest,
  type SignatureFile,
} from '../image-files.ts';
import { optional, required } from '../options.ts';
import { liveBlock } from '../output/live.ts';
import { progressBar } from '../output/steps.ts';
import { printImage } from '../views/image.ts';

export const imageImport = command({
  path: 'image import',
  summary: 'Check an image folder, upload its content and add it; the signature must verify',
  arguments: { dir: required('dir', `folder with ${manifestName}, its signature and the content`) },
  options: {
    signatureFile: optional('--signature-file <file>', `signature; DIR/${manifestName}${signatureSuffix} unless told`),
    key: optional('--key <file>', 'or: sign with this private key now'),
    keyId: optional('--key-id <id>', 'how the controller knows the key'),
  },
  examples: [
    'ppec image import dist/images/debian-12-hardened',
    'ppec image import dist/images/debian-12-hardened --key images.key --key-id images-2026',
  ],
  async run(context, { dir, ...signing }) {
    const { output, signal } = context;
    const image = await readManifest(dir);
    const signed = await signatureOf(dir, image.text, signing);
    await assertContent(image, signal);
    const client = await context.client();
    const { sha256, bytes } = image.manifest;
    await client.uploadBlob(sha256, image.contentPath, { bytes, signal, onProgress: uploadProgress(context, image) });
    const imported = await client.call('image.import', { manifest: image.text, ...signed }, { signal });
    printImage(context, imported);
    if (output.isLive) output.say(`Use it: ppec provision --image ${imported.name}@${imported.version} …`);
  },
});

type Signing = {
  readonly signatureFile: string | undefined;
  readonly key: string | undefined;
  readonly keyId: string | undefined;
};

async function signatureOf(dir: string, text: string, { signatureFile, key, keyId }: Signing): Promise<SignatureFile> {
  if (key !== undefined) {
    if (signatureFile !== undefined) {
      throw new PpecError('invalid_argument', 'Give --key or --signature-file, not both.');
    }
    if (keyId === undefined)
      throw new PpecError('invalid_argument', '--key needs --key-id ID: how the controller knows it.');
    return signManifest(text, await readText(key), keyId);
  }
  const file = signatureFile ?? join(dir, manifestName + signatureSuffix);
  return parseSignature(await readText(file), file, keyId);
}

function uploadProgress(
  { output }: CommandContext,
  { manifest }: ReadManifest,
): ((sentBytes: number) => void) | undefined {
  if (!output.isLive) return undefined;
  const block = liveBlock(output);
  let shown = -1;
  return (sentBytes) => {
    const percent = Math.floor((sentBytes / manifest.bytes) * 100);
    if (percent === shown) return;
    shown = percent;
    block.show(`uploading ${progressBar(percent)} of ${formatDecimalBytes(manifest.bytes)}`);
  };
}
