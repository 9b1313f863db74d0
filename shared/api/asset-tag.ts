// Tags of assets: what people sort machines by, and what a grant can be limited to.
import { Type } from 'typebox';

import { Asset } from './asset.ts';
import { closed, Ref } from './fields.ts';
import { operation } from './operation.ts';
import { TagKey, TagValue } from './scope.ts';

/** Tags of one asset at most. */
export const tagsMax = 32;

export const assetTagOperations = [
  operation({
    id: 'asset.tag',
    method: 'POST',
    path: '/v1/assets/:asset/tags',
    input: Type.Object(
      {
        asset: Ref('asset'),
        set: Type.Optional(
          Type.Unsafe<Record<string, string>>({
            type: 'object',
            propertyNames: TagKey,
            additionalProperties: TagValue,
            maxProperties: tagsMax,
            description: 'Tags to set, in place of others with the same key',
          }),
        ),
        remove: Type.Optional(Type.Array(TagKey, { maxItems: tagsMax, description: 'Keys to remove' })),
      },
      closed,
    ),
    output: Asset,
    scope: ['asset'],
    effect: 'write',
    summary:
      'Set and remove tags of an asset; one that a grant names decides who may do what, and needs a right at region',
    example: { asset: 'srv-a', set: { env: 'prod' }, remove: ['spare-parts'] },
  }),
] as const;
