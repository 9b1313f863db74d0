// Provisioning: SPAREs become BAREMETALs. One change, a frozen list of targets.
import { Type, type Static } from 'typebox';

import { Change } from './change.ts';
import { closed, Reason, Ref, Slug, Text } from './fields.ts';
import { operation } from './operation.ts';

/** Machines in one change: what a person can still read. */
export const targetsMax = 200;

export const ProvisionInput = Type.Object(
  {
    assets: Type.Optional(
      Type.Array(Ref('asset'), { minItems: 1, maxItems: targetsMax, description: 'These assets exactly' }),
    ),
    class: Type.Optional(Text(120, 'Or: SPAREs of this class, the oldest first')),
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: targetsMax, description: 'How many of the class; 1 unless told' }),
    ),
    image: Text(120, 'Image name, or name@version'),
    project: Slug('Project the machines will belong to'),
    hostname: Type.Optional(Slug('Host name; several machines get -1, -2 …')),
    sshKeys: Type.Optional(Type.Array(Type.String({ minLength: 20, maxLength: 2000 }), { maxItems: 50 })),
    reason: Reason,
  },
  closed,
);
export type ProvisionInput = Static<typeof ProvisionInput>;

export const provisionOperations = [
  operation({
    id: 'asset.provision',
    method: 'POST',
    path: '/v1/provisions',
    input: ProvisionInput,
    output: Change,
    scope: ['project'],
    effect: 'state-change',
    summary: 'Ask to turn SPAREs into BAREMETALs; a checker must approve exactly what is shown',
    example: {
      class: 'compute-large',
      count: 1,
      image: 'debian-12-hardened',
      project: 'payments',
      reason: 'new ledger node',
    },
  }),
] as const;
