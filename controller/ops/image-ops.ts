// The image catalogue: what is in it was signed by a key this region trusts, and its content is digest-pinned.
import { Compile } from 'typebox/compile';

import { ImageManifest } from '../../shared/api/image.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { isSignedBy } from '../crypto/signature.ts';
import { findImage, imageView, type ImageRow } from '../store/records.ts';
import type { Handlers, OpsDeps } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

const manifestValidator = Compile(ImageManifest);

export const imageHandlers: Handlers<'image.list' | 'image.get' | 'image.import' | 'image.verify'> = {
  'image.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('images').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, imageView);
    },
  },
  'image.get': { kind: 'read', run: async ({ image }, { deps }) => imageView(await findImage(deps.db, image)) },
  'image.import': {
    kind: 'write',
    run: async ({ manifest: text, signature, keyId }, { uow, deps }) => {
      const key = Object.hasOwn(deps.imageKeys, keyId) ? deps.imageKeys[keyId] : undefined;
      if (key === undefined) {
        throw new PpecError(
          'failed_precondition',
          `Image key '${keyId}' is not trusted in this region. Trusted: ${Object.keys(deps.imageKeys).join(', ') || 'none'}.`,
        );
      }
      if (!isSignedBy(key, text, signature)) {
        throw new PpecError(
          'failed_precondition',
          `The signature does not verify with key '${keyId}'. Sign exactly this manifest: ppec image sign`,
        );
      }
      const manifest = parseManifest(text);
      const size = await deps.blobs.sizeOf(manifest.sha256);
      if (size !== manifest.bytes) {
        throw new PpecError(
          'failed_precondition',
          size === undefined
            ? `The content ${manifest.sha256.slice(0, 12)}… is not uploaded yet: PUT /v1/blobs/${manifest.sha256}`
            : `The content has ${size} bytes, the manifest says ${manifest.bytes}.`,
        );
      }
      const known = await uow.db
        .selectFrom('images')
        .selectAll()
        .where('name', '=', manifest.name)
        .where('version', '=', manifest.version)
        .executeTakeFirst();
      if (known !== undefined) {
        if (known.sha256 === manifest.sha256)
          return {
            output: imageView(known),
            targets: [known.id],
            message: `${manifest.name}@${manifest.version} is imported already`,
          };
        throw new PpecError(
          'already_exists',
          `${manifest.name}@${manifest.version} exists with other content. A version never changes; give it a new one.`,
        );
      }
      const row: ImageRow = {
        id: newId('image', uow.ids),
        name: manifest.name,
        version: manifest.version,
        kind: manifest.kind,
        sha256: manifest.sha256,
        bytes: manifest.bytes,
        disk_bytes: manifest.diskBytes,
        // The exact text: the signature is over it.
        manifest: text,
        signature,
        key_id: keyId,
        created_at: uow.nowMs,
      };
      await uow.db.insertInto('images').values(row).execute();
      await uow.changelog('image', { id: row.id, after: row });
      await uow.event('image', row.id, `image ${row.name}@${row.version} imported, signed by ${keyId}`);
      return {
        output: imageView(row),
        targets: [row.id],
        message: `${row.name}@${row.version} imported, signed by ${keyId}`,
      };
    },
  },
  'image.verify': {
    kind: 'read',
    run: async ({ image }, { deps }) => {
      const problems = await imageProblems(await findImage(deps.db, image), deps);
      return { ok: problems.length === 0, problems };
    },
  },
};

/** What is wrong with a stored image now: its content is read again, its signature checked again. */
export async function imageProblems(row: ImageRow, deps: Pick<OpsDeps, 'blobs' | 'imageKeys'>): Promise<string[]> {
  const key = Object.hasOwn(deps.imageKeys, row.key_id) ? deps.imageKeys[row.key_id] : undefined;
  const digest = await deps.blobs.digestOf(row.sha256);
  return [
    ...(key === undefined ? [`its key ${row.key_id} is no longer trusted`] : []),
    ...(key !== undefined && !isSignedBy(key, row.manifest, row.signature) ? ['its signature does not verify'] : []),
    ...(digest === undefined ? ['its content is not stored any more'] : []),
    ...(digest !== undefined && digest !== row.sha256
      ? [`its content has digest ${digest.slice(0, 12)}…, the manifest says ${row.sha256.slice(0, 12)}…`]
      : []),
  ];
}

function parseManifest(text: string): ImageManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PpecError('invalid_argument', 'The manifest is not JSON.', { cause: error });
  }
  if (manifestValidator.Check(value)) return value;
  const [first] = manifestValidator.Errors(value);
  throw new PpecError(
    'invalid_argument',
    `The manifest is not valid: ${first?.instancePath ?? ''} ${first?.message ?? ''}`,
  );
}
