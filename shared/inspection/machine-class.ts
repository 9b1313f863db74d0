// A machine class: a versioned hardware profile, what a PO line promises. Component kinds are multisets: "4 × 2 GiB DDR4
// and nothing else" is one entry. Sizes in bytes; memory compares exactly, disks within `tolerancePercent`. Texts compare
// without regard to case; a glob knows `*` and `?`. What an entry does not name is not compared.
import { Type, type Static } from 'typebox';

import { burnInProfileNames } from '../burn-in/profiles.ts';
import { literals } from '../literals.ts';

const Text = Type.String({ minLength: 1, maxLength: 200 });
const Texts = Type.Array(Text, { minItems: 1, maxItems: 64 });
const Positive = Type.Integer({ minimum: 1 });
const Count = Type.Integer({ minimum: 1, maximum: 1024 });
const closed = { additionalProperties: false } as const;

export const CpuExpectation = Type.Object(
  {
    count: Count,
    /** Glob over the model text (`*EPYC 9354*`); `(R)`, `(TM)` and runs of blanks do not count. */
    model: Type.Optional(Text),
    /** Cores of the part. */
    cores: Type.Optional(Count),
    /** Cores that firmware leaves on. */
    enabledCores: Type.Optional(Count),
    threads: Type.Optional(Count),
    maxMhzMin: Type.Optional(Positive),
  },
  closed,
);
export const MemoryExpectation = Type.Object(
  {
    count: Count,
    sizeBytes: Positive,
    type: Type.Optional(Text),
    ratedMts: Type.Optional(Positive),
    /** The speed they must run at; many machines run DIMMs below what these are rated for. */
    configuredMtsMin: Type.Optional(Positive),
    ecc: Type.Optional(Type.Literal(true)),
    rank: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
    /** Globs over the manufacturer, of which one must fit (`Samsung*`, `00CE*`). */
    manufacturers: Type.Optional(Texts),
    /** Glob over the part number. */
    part: Type.Optional(Text),
    /** Globs over the slots they may be in, or the rule that every channel in use holds as many. */
    slots: Type.Optional(Type.Union([Texts, Type.Literal('equal-per-channel')])),
  },
  closed,
);
export const DiskExpectation = Type.Object(
  {
    count: Count,
    transport: Type.Optional(
      Type.Union([Type.Literal('nvme'), Type.Literal('sata'), Type.Literal('sas'), Type.Literal('virtio')]),
    ),
    sizeBytes: Positive,
    /** 1 where absent: sold sizes are rounded (IDEMA), and the next class is 4 % away. */
    tolerancePercent: Type.Optional(Type.Number({ minimum: 0, maximum: 20 })),
    /** Glob. */
    model: Type.Optional(Text),
    rotational: Type.Optional(Type.Boolean()),
    logicalBlockBytes: Type.Optional(Positive),
    firmwareMin: Type.Optional(Text),
  },
  closed,
);
export const NicExpectation = Type.Object(
  {
    count: Count,
    /** Globs over the driver and over `vendor:device` of the PCI function (`15b3:101d`). */
    driver: Type.Optional(Text),
    pci: Type.Optional(Text),
    /** How many of these ports must have a link. */
    linksUp: Type.Optional(Type.Integer({ minimum: 0, maximum: 1024 })),
    /** Of each port with a link; where `linksUp` is absent, of each port. */
    speedMbpsMin: Type.Optional(Positive),
    /** What each port can do, with a link or without; what drivers answer of port and module. */
    capableMbpsMin: Type.Optional(Positive),
    /** Globs over the part number of the module in each port, of which one must fit. */
    modules: Type.Optional(Texts),
    firmwareMin: Type.Optional(Text),
  },
  closed,
);
export const PsuExpectation = Type.Object(
  {
    count: Count,
    wattsMin: Type.Optional(Positive),
    /** Glob. */
    model: Type.Optional(Text),
  },
  closed,
);
export const GpuExpectation = Type.Object(
  {
    count: Count,
    /** Glob over what the maker's tool calls it (`NVIDIA H100*`). */
    model: Type.Optional(Text),
    /** Within 7 %: memory for check bits is not shown. */
    memoryBytes: Type.Optional(Positive),
    firmwareMin: Type.Optional(Text),
  },
  closed,
);
export const TpmExpectation = Type.Object(
  { version: Type.Optional(Text), manufacturer: Type.Optional(Text), firmwareMin: Type.Optional(Text) },
  closed,
);
/** A PCI function: a GPU, an adapter, an NVMe drive by its link. Ids as in /sys: hexadecimal, without `0x`. */
export const PciExpectation = Type.Object(
  {
    count: Count,
    vendor: Type.Optional(Text),
    device: Type.Optional(Text),
    /** Glob over the class code (`0302*`). */
    class: Type.Optional(Text),
    /** Lanes it must run with. */
    linkWidthMin: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
    /** GT/s per lane. Of GPUs and accelerators, which slow their link when idle, what they can do. */
    linkSpeedGtsMin: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1000 })),
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
    pci: Type.Optional(Type.Array(PciExpectation, { maxItems: 64 })),
    /** Globs over class codes: of these classes the machine holds what `pci` lists and nothing else. Absent: of the
     * classes that `pci` finds. */
    pciNothingElse: Type.Optional(Type.Array(Text, { maxItems: 32 })),
    psus: Type.Optional(Type.Array(PsuExpectation, { maxItems: 8 })),
    gpus: Type.Optional(Type.Array(GpuExpectation, { maxItems: 16 })),
    tpm: Type.Optional(TpmExpectation),
    biosVersionMin: Type.Optional(Text),
    bmcFirmwareMin: Type.Optional(Text),
    bootMode: Type.Optional(Type.Union([Type.Literal('uefi'), Type.Literal('bios')])),
    secureBoot: Type.Optional(Type.Boolean()),
    /** One hexadecimal number, as the kernel shows it (`0x8301055`). */
    microcodeMin: Type.Optional(Type.String({ pattern: '^(0x)?[0-9a-fA-F]{1,13}$' })),
    /** What a machine must stand before it is a SPARE; see docs/burn-in.md. Not compared. */
    burnIn: Type.Optional(Type.Object({ profile: literals(burnInProfileNames) }, closed)),
    /** Whether parts beyond the list are findings; true where absent. */
    nothingElse: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type MachineClassSpec = Static<typeof MachineClassSpec>;
export type CpuExpectation = Static<typeof CpuExpectation>;
export type MemoryExpectation = Static<typeof MemoryExpectation>;
export type DiskExpectation = Static<typeof DiskExpectation>;
export type NicExpectation = Static<typeof NicExpectation>;
export type PciExpectation = Static<typeof PciExpectation>;
export type PsuExpectation = Static<typeof PsuExpectation>;
export type GpuExpectation = Static<typeof GpuExpectation>;
