import { writeFile } from 'node:fs/promises';

import { command } from '../command.ts';
import { readManifest, readText, signatureSuffix, signManifest } from '../image-files.ts';
import { optional, required } from '../options.ts';

export const imageSign = command({
  path: 'image sign',
  summary: 'Sign the exact text of an image manifest; no controller is needed',
  arguments: { manifest: required('manifest', 'the manifest file') },
  options: {
    key: required('--key <file>', 'Ed25519 private key, PEM'),
    keyId: required('--key-id <id>', 'how the controller knows the key'),
    out: optional('--out <file>', `where to write it; MANIFEST${signatureSuffix} unless told`),
  },
  examples: ['ppec image sign dist/images/debian-12-hardened/manifest.json --key images.key --key-id images-2026'],
  async run({ output }, { manifest, key, keyId, out }) {
    const { text } = await readManifest(manifest);
    const signed = signManifest(text, await readText(key), keyId);
    const file = out ?? manifest + signatureSuffix;
    await writeFile(file, `${JSON.stringify(signed, undefined, 2)}\n`);
    output.value(signed, () => `Signed with ${keyId}: ${file}\n`);
  },
});
