// The changelog: what each field of an object was and became.
import { Type, type Static } from 'typebox';

import { closed, Nullable, page, pageInput, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const ChangelogEntry = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    at: UnixMsField,
    noun: Type.String(),
    objectId: Type.String(),
    field: Type.String(),
    before: Nullable(Type.String({ description: 'As text: a list or a document as JSON; null where it was not set' })),
    after: Nullable(Type.String()),
    actor: Type.String({ description: 'Who: a person, an agent or a reconciler' }),
    change: Nullable(Type.String({ description: 'The change that a checker approved' })),
    revision: Nullable(Type.Integer({ description: 'Of the object after it' })),
  },
  closed,
);
export type ChangelogEntry = Static<typeof ChangelogEntry>;

export const changelogOperations = [
  operation({
    id: 'changelog.list',
    method: 'GET',
    path: '/v1/changelog/:noun/:name',
    input: Type.Object(
      {
        ...pageInput,
        noun: Type.String({ pattern: '^[a-z][a-z-]{1,39}$', description: '`asset`, `person`, `network` …' }),
        name: Text(120, 'The object’s id or its name'),
        field: Type.Optional(Text(120, 'Only this field')),
        from: Type.Optional(UnixMsField),
        to: Type.Optional(UnixMsField),
      },
      closed,
    ),
    output: page(ChangelogEntry),
    effect: 'read',
    summary: 'What changed of one object, field by field, newest first',
    example: { noun: 'asset', name: 'srv-a' },
  }),
] as const;
