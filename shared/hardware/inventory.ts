// The inventory: facts an agent reports about a host in one boot. Sizes in bytes, speeds in the unit of the name.
// A field the machine does not report is null ("not reported"), never zero and never guessed. Each component list says
// by its `source` where it was read; the raw bytes are kept beside it as evidence.
import { Type, type Static } from 'typebox';

const Text = Type.String({ maxLength: 200 });
const OptionalText = Type.Union([Text, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });
const OptionalCount = Type.Union([Count, Type.Null()]);
const closed = { additionalProperties: false } as const;

export const CpuSchema = Type.Object(
  {
    socket: Text,
    model: OptionalText,
    manufacturer: OptionalText,
    cores: OptionalCount,
    enabledCores: OptionalCount,
    threads: OptionalCount,
    maxMhz: OptionalCount,
    populated: Type.Boolean(),
  },
  closed,
);

export const DimmSchema = Type.Object(
  {
    /** SMBIOS handle: the only key that firmware never repeats. */
    handle: Count,
    slot: Text,
    bank: OptionalText,
    populated: Type.Boolean(),
    sizeBytes: OptionalCount,
    type: OptionalText,
    ratedMts: OptionalCount,
    configuredMts: OptionalCount,
    manufacturer: OptionalText,
    serial: OptionalText,
    part: OptionalText,
    rank: OptionalCount,
    ecc: Type.Union([Type.Boolean(), Type.Null()]),
  },
  closed,
);

export const DiskSchema = Type.Object(
  {
    name: Text,
    path: OptionalText,
    transport: Type.Union([
      Type.Literal('nvme'),
      Type.Literal('sata'),
      Type.Literal('sas'),
      Type.Literal('virtio'),
      Type.Literal('usb'),
      Type.Literal('other'),
    ]),
    model: OptionalText,
    serial: OptionalText,
    wwid: OptionalText,
    firmware: OptionalText,
    sizeBytes: OptionalCount,
    logicalBlockBytes: OptionalCount,
    rotational: Type.Union([Type.Boolean(), Type.Null()]),
  },
  closed,
);

export const NicSchema = Type.Object(
  {
    name: Text,
    /** The permanent address, lower case with colons. */
    mac: Text,
    pci: OptionalText,
    driver: OptionalText,
    firmware: OptionalText,
    linkUp: Type.Union([Type.Boolean(), Type.Null()]),
    speedMbps: OptionalCount,
  },
  closed,
);

export const PciSchema = Type.Object(
  {
    bdf: Text,
    class: Text,
    vendor: Text,
    device: Text,
    subsystem: OptionalText,
    driver: OptionalText,
    currentLinkWidth: OptionalCount,
    maxLinkWidth: OptionalCount,
    currentLinkSpeed: OptionalText,
    maxLinkSpeed: OptionalText,
    numaNode: Type.Union([Type.Integer(), Type.Null()]),
  },
  closed,
);

export const InventorySchema = Type.Object(
  {
    schema: Type.Literal(1),
    identity: Type.Object(
      {
        manufacturer: OptionalText,
        product: OptionalText,
        sku: OptionalText,
        serial: OptionalText,
        uuid: OptionalText,
        boardSerial: OptionalText,
        chassisSerial: OptionalText,
        assetTag: OptionalText,
      },
      closed,
    ),
    firmware: Type.Object(
      {
        biosVendor: OptionalText,
        biosVersion: OptionalText,
        biosDate: OptionalText,
        bootMode: Type.Union([Type.Literal('uefi'), Type.Literal('bios')]),
        microcode: OptionalText,
      },
      closed,
    ),
    cpus: Type.Array(CpuSchema, { maxItems: 64 }),
    dimms: Type.Array(DimmSchema, { maxItems: 512 }),
    /** What the kernel can use; a mapped-out DIMM shows as a gap to the sum of the DIMMs. */
    memoryTotalBytes: OptionalCount,
    disks: Type.Array(DiskSchema, { maxItems: 512 }),
    nics: Type.Array(NicSchema, { maxItems: 128 }),
    pci: Type.Array(PciSchema, { maxItems: 1024 }),
    /** Sources that could not be read, and why: what depends on them is unverifiable, never a pass. */
    unread: Type.Array(Type.Object({ source: Text, reason: Type.String({ maxLength: 500 }) }, closed), {
      maxItems: 128,
    }),
    /** Digests of the raw evidence this was parsed from: source → SHA-256. */
    evidence: Type.Record(Type.String({ maxLength: 120 }), Type.String({ pattern: '^[0-9a-f]{64}$' })),
  },
  closed,
);

export type Inventory = Static<typeof InventorySchema>;
export type Cpu = Static<typeof CpuSchema>;
export type Dimm = Static<typeof DimmSchema>;
export type Disk = Static<typeof DiskSchema>;
export type Nic = Static<typeof NicSchema>;
export type PciDevice = Static<typeof PciSchema>;
