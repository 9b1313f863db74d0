// Machine classes: versioned hardware profiles.
import { Type, type Static } from 'typebox';

import { MachineClassSpec } from '../inspection/machine-class.ts';
import { closed, Nullable, page, pageInput, Ref, Slug, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const MachineClass = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    spec: MachineClassSpec,
    createdAt: UnixMsField,
  },
  closed,
);
export type MachineClass = Static<typeof MachineClass>;

export const machineClassOperations = [
  operation({
    id: 'class.list',
    method: 'GET',
    path: '/v1/classes',
    input: Type.Object({ ...pageInput }, closed),
    output: page(MachineClass),
    scope: 'catalogue',
    effect: 'read',
    summary: 'List machine classes, every version',
    example: {},
  }),
  operation({
    id: 'class.get',
    method: 'GET',
    path: '/v1/classes/:class',
    input: Type.Object({ class: Ref('class') }, closed),
    output: MachineClass,
    scope: 'catalogue',
    effect: 'read',
    summary: 'Get one machine class: `compute-large@1`, or the newest version of `compute-large`',
    example: { class: 'compute-large@1' },
  }),
  operation({
    id: 'class.derive',
    method: 'GET',
    path: '/v1/assets/:asset/class',
    input: Type.Object({ asset: Ref('asset') }, closed),
    output: Type.Object({ asset: Type.String(), class: Nullable(Type.String()), spec: MachineClassSpec }, closed),
    scope: ['asset'],
    effect: 'read',
    permission: 'class.get',
    summary: 'What a class would promise that this machine meets exactly; review it, then create it',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'class.create',
    method: 'POST',
    path: '/v1/classes',
    input: Type.Object({ name: Slug('Name of the class'), spec: MachineClassSpec }, closed),
    output: MachineClass,
    scope: 'region',
    effect: 'write',
    summary: 'Create a machine class, or its next version; an unchanged spec makes no new version',
    example: {
      name: 'compute-large',
      spec: {
        cpus: [{ count: 2, model: '*EPYC 9354*', cores: 32 }],
        memory: [{ count: 16, sizeBytes: 34359738368, type: 'DDR5', ratedMts: 4800 }],
        disks: [{ count: 2, transport: 'nvme', sizeBytes: 3840000000000 }],
        nics: [{ count: 2, linksUp: 2, speedMbpsMin: 25000 }],
      },
    },
  }),
  operation({
    id: 'class.apply',
    method: 'POST',
    path: '/v1/classes/:class/apply',
    input: Type.Object(
      {
        class: Ref('class'),
        from: Type.Optional(Ref('class version that it replaces; every other version of the class where absent')),
      },
      closed,
    ),
    output: Type.Object(
      {
        class: Type.String(),
        orders: Type.Array(Type.String()),
        inspected: Type.Array(Type.String(), { description: 'Machines that are inspected again' }),
        left: Type.Array(Type.Object({ asset: Type.String(), state: Type.String() }, closed), {
          description: 'Machines in production or beyond: of the new version, and not inspected as that',
        }),
      },
      closed,
    ),
    scope: 'region',
    effect: 'write',
    summary: 'Put a class version in the place of older ones on all orders, and inspect again what waits in PIOUS',
    example: { class: 'compute-large@2', from: 'compute-large@1' },
  }),
] as const;
