// Images: signed, digest-pinned operating systems.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed, page, pageInput, Ref, Sha256, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

/** What is signed: everything an agent needs to write an image and boot it. The signature is over the exact text. */
export const ImageManifest = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,79}$' }),
    version: Type.String({ minLength: 1, maxLength: 80 }),
    kind: literals(['disk']),
    arch: literals(['x86_64']),
    format: literals(['raw+zstd']),
    file: Type.String({ maxLength: 200 }),
    bytes: Type.Integer({ minimum: 1 }),
    sha256: Sha256,
    diskBytes: Type.Integer({ minimum: 1 }),
    boot: Type.Object(
      {
        rootPartition: Type.Integer({ minimum: 1, maximum: 128 }),
        kernelPath: Type.String({ pattern: '^/' }),
        initrdPath: Type.String({ pattern: '^/' }),
        cmdline: Type.String({ maxLength: 1000 }),
      },
      closed,
    ),
    packages: Type.Array(Type.Object({ name: Type.String(), version: Type.String() }, closed), { maxItems: 5000 }),
  },
  closed,
);
export type ImageManifest = Static<typeof ImageManifest>;

export const Image = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    version: Type.String(),
    kind: Type.String(),
    sha256: Sha256,
    bytes: Type.Integer(),
    diskBytes: Type.Integer(),
    keyId: Type.String({ description: 'The key that signed it' }),
    createdAt: UnixMsField,
  },
  closed,
);
export type Image = Static<typeof Image>;

export const imageOperations = [
  operation({
    id: 'image.list',
    method: 'GET',
    path: '/v1/images',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Image),
    scope: 'catalogue',
    effect: 'read',
    summary: 'List images',
    example: {},
  }),
  operation({
    id: 'image.get',
    method: 'GET',
    path: '/v1/images/:image',
    input: Type.Object({ image: Ref('image') }, closed),
    output: Image,
    scope: 'catalogue',
    effect: 'read',
    summary: 'Get one image: `name@version`, or the newest version of `name`',
    example: { image: 'debian-12-hardened' },
  }),
  operation({
    id: 'image.import',
    method: 'POST',
    path: '/v1/images',
    input: Type.Object(
      {
        manifest: Type.String({ minLength: 1, maxLength: 262_144, description: 'The exact text that was signed' }),
        signature: Type.String({ minLength: 1, maxLength: 200, description: 'Ed25519 over that text, base64' }),
        keyId: Type.String({ minLength: 1, maxLength: 64 }),
      },
      closed,
    ),
    output: Image,
    scope: 'region',
    effect: 'write',
    summary: 'Add an image whose content was uploaded before (PUT /v1/blobs/{sha256}); the signature must verify',
    example: { manifest: '{"name":"debian-12-hardened",…}', signature: 'base64…', keyId: 'images-2026' },
  }),
  operation({
    id: 'image.verify',
    method: 'POST',
    path: '/v1/images/:image/verify',
    input: Type.Object({ image: Ref('image') }, closed),
    output: Type.Object({ ok: Type.Boolean(), problems: Type.Array(Type.String()) }, closed),
    scope: 'catalogue',
    effect: 'read',
    permission: 'image.get',
    summary: 'Read the stored content again and check its digest and signature',
    example: { image: 'debian-12-hardened' },
  }),
] as const;
