// A machine class: a versioned hardware profile, what a PO line promises. Component kinds are multisets: "4 × 2 GiB DDR4
// and nothing else" is one entry. Sizes in bytes; memory compares exactly, disks within `tolerancePercent`.
import { Type, type Static } from 'typebox';

const Text = Type.String({ minLength: 1, maxLength: 200 });
const Count = Type.Integer({ minimum: 1, maximum: 1024 });
const closed = { additionalProperties: false } as const;

export const CpuExpectation = Type.Object(
  {
    count: Count,
    /** Glob over the model text (`*EPYC 9354*`), case-insensitive. */
    model: Type.Optional(Text),
    cores: Type.Optional(Count),
    threads: Type.Optional(Count),
  },
  closed,
);
export const MemoryExpectation = Type.Object(
  {
    count: Count,
    sizeBytes: Type.Integer({ minimum: 1 }),
    type: Type.Optional(Text),
    ratedMts: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  closed,
);
export const DiskExpectation = Type.Object(
  {
    count: Count,
    transport: Type.Optional(
      Type.Union([Type.Literal('nvme'), Type.Literal('sata'), Type.Literal('sas'), Type.Literal('virtio')]),
    ),
    sizeBytes: Type.Integer({ minimum: 1 }),
    tolerancePercent: Type.Optional(Type.Number({ minimum: 0, maximum: 20 })),
    model: Type.Optional(Text),
  },
  closed,
);
export const NicExpectation = Type.Object(
  {
    count: Count,
    /** How many of these ports must have a link. */
    linksUp: Type.Optional(Type.Integer({ minimum: 0, maximum: 1024 })),
    speedMbpsMin: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  closed,
);

export const MachineClassSpec = Type.Object(
  {
    product: Type.Optional(Text),
    cpus: Type.Array(CpuExpectation, { maxItems: 16 }),
    memory: Type.Array(MemoryExpectation, { maxItems: 16 }),
    disks: Type.Array(DiskExpectation, { maxItems: 32 }),
    nics: Type.Array(NicExpectation, { maxItems: 16 }),
    biosVersionMin: Type.Optional(Text),
  },
  closed,
);
export type MachineClassSpec = Static<typeof MachineClassSpec>;
export type MemoryExpectation = Static<typeof MemoryExpectation>;
export type DiskExpectation = Static<typeof DiskExpectation>;
