// Schemas of fields that several nouns share.
import { Type, type TSchema } from 'typebox';

export const closed = { additionalProperties: false } as const;
export const Text = (maxLength: number, description?: string) =>
  Type.String({ minLength: 1, maxLength, ...(description === undefined ? {} : { description }) });
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const UnixMsField = Type.Integer({ minimum: 0, description: 'Milliseconds since 1970-01-01T00:00:00Z' });
export const Ref = (noun: string) =>
  Type.String({ minLength: 1, maxLength: 120, description: `The ${noun}'s id or its name` });
export const Reason = Type.String({ minLength: 3, maxLength: 500, description: 'Why; kept in the audit' });
export const Revision = Type.Integer({ minimum: 1, description: 'Grows with every change of the row' });
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
export const Slug = (description: string) =>
  Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$', description });

/** One page of a list. `next` goes into `cursor` to go on; null at the end. */
export const page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) }, closed);
export const pageInput = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Items per page' })),
  cursor: Type.Optional(Type.String({ maxLength: 200, description: '`next` of the previous page' })),
};
