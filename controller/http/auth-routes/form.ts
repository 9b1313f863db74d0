// Forms as browsers and OAuth clients send them (application/x-www-form-urlencoded).
import type { FastifyInstance } from 'fastify';

import { PpecError } from '../../../shared/errors.ts';

const formBytesMax = 16 * 1024;
const fieldsMax = 30;

export type Form = ReadonlyMap<string, string>;

export function addFormParser(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: formBytesMax },
    (_request, body, done) => done(null, body.toString()),
  );
}

/** The fields of a body. A field that is there twice is refused (RFC 6749 §3.2). */
export function formOf(body: unknown): Form {
  const fields = new Map<string, string>();
  if (typeof body !== 'string') return fields;
  for (const [name, value] of new URLSearchParams(body)) {
    if (fields.has(name)) throw new PpecError('invalid_argument', `The field ${name.slice(0, 40)} is there twice.`);
    if (fields.size >= fieldsMax) throw new PpecError('invalid_argument', 'There are too many fields.');
    fields.set(name, value);
  }
  return fields;
}
