// Uploads of image content: bytes that go to disk as they come, under the digest in the path.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { Type } from 'typebox';

import { PpecError } from '../../shared/errors.ts';
import { decide } from '../domain/rbac.ts';
import { uploadsMax, uploadTimeoutMs } from '../limits.ts';
import { Problem } from './problem.ts';
import type { Serving } from './server.ts';
import { asCaller, attemptOf, signIn } from './who-calls.ts';

type Upload = FastifyRequest<{ Params: { sha256: string } }>;

export function addBlobRoute(app: FastifyInstance, deps: Serving): void {
  let uploads = 0;
  app.put<{ Params: { sha256: string } }>(
    '/v1/blobs/:sha256',
    {
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        operationId: 'blob.put',
        summary: 'Upload the content of an image; it must have the digest in the path',
        description: 'Permission: `image.import` at region. Send the bytes as application/octet-stream.',
        tags: ['image'],
        response: { 200: Type.Object({ sha256: Type.String(), bytes: Type.Integer() }), default: Problem },
      },
      onRequest: async (request) => {
        await signIn(request, deps, false);
        await mayUpload(request, deps);
      },
    },
    async (request, reply) => {
      if (uploads >= uploadsMax)
        throw new PpecError('resource_exhausted', `${uploadsMax} uploads run already. Try again in 10 s.`, {
          retryAfterMs: 10_000,
        });
      uploads += 1;
      try {
        const { sha256, bytes, created } = await putBlob(request, deps);
        return await reply.code(created ? 201 : 200).send({ sha256, bytes });
      } finally {
        uploads -= 1;
      }
    },
  );
}

function mayUpload(request: FastifyRequest, deps: Serving): Promise<void> {
  return asCaller(request, deps, async (caller) => {
    const decision = decide(caller.rights, 'image.import', 'region');
    if (decision.allowed) return;
    const message = `You may not upload image content. ${decision.why}`;
    await deps.auditAttempt({ ...attemptOf(request), caller, message });
    throw new PpecError('permission_denied', message);
  });
}

function putBlob(
  request: Upload,
  deps: Serving,
): Promise<{ readonly created: boolean; readonly bytes: number; readonly sha256: string }> {
  return asCaller(request, deps, async (caller) => {
    const { sha256 } = request.params;
    const { body } = request;
    if (!/^[0-9a-f]{64}$/.test(sha256))
      throw new PpecError('invalid_argument', 'The path must end with a SHA-256 digest in lower-case hex.');
    if (!isReadable(body)) throw new PpecError('invalid_argument', 'Send the content as application/octet-stream.');
    request.raw.setTimeout(uploadTimeoutMs);
    const { created, bytes } = await deps.putBlob(caller, sha256, body);
    deps.log.info({ sha256, bytes, person: caller.actor.name }, 'image content stored');
    return { created, bytes, sha256 };
  });
}

function isReadable(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && 'pipe' in value && typeof value.pipe === 'function';
}
