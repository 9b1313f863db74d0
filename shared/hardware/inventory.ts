// The inventory: facts an agent reports about a host in one boot. Sizes in bytes, speeds in the unit of the name.
// A field the machine does not report is null ("not reported"), never zero and never guessed. Where each fact is from,
// its unit and how far it can be trusted: facts.ts. The raw bytes are kept beside it as evidence.
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
    /** Family, model and stepping as the kernel names them (`6/85/7`). */
    signature: OptionalText,
    microcode: OptionalText,
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
    physicalBlockBytes: OptionalCount,
    readOnly: Type.Union([Type.Boolean(), Type.Null()]),
    rotational: Type.Union([Type.Boolean(), Type.Null()]),
    /** The bay of its enclosure (`0:4`). */
    bay: OptionalText,
    /** The RAID controller that hides it: the kernel shows no block device of its own then. */
    behind: OptionalText,
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
    /** The fastest mode that the port and its module support. */
    maxMbps: OptionalCount,
    /** What firmware calls the port (`Integrated NIC 1`, SMBIOS 3.7 §7.42). */
    label: OptionalText,
    /** The pluggable module in it (SFF-8472, SFF-8636). */
    module: Type.Union([
      Type.Object({ vendor: OptionalText, part: OptionalText, serial: OptionalText }, closed),
      Type.Null(),
    ]),
    /** The switch port at the other end of the cable (LLDP). */
    neighbour: Type.Union([
      Type.Object({ system: OptionalText, chassis: Text, port: Text, portDescription: OptionalText }, closed),
      Type.Null(),
    ]),
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
    /** The port it hangs on. */
    upstream: OptionalText,
    /** The slot's name and its lanes (SMBIOS 3.7 §7.10). */
    slot: OptionalText,
    slotWidth: OptionalCount,
  },
  closed,
);

export const PsuSchema = Type.Object(
  {
    slot: Text,
    present: Type.Boolean(),
    /** Whether it has input power; null where nothing says. */
    powered: Type.Union([Type.Boolean(), Type.Null()]),
    watts: OptionalCount,
    manufacturer: OptionalText,
    model: OptionalText,
    part: OptionalText,
    serial: OptionalText,
    source: Type.Union([Type.Literal('ipmi'), Type.Literal('smbios')]),
  },
  closed,
);

export const GpuSchema = Type.Object(
  {
    bdf: Text,
    model: OptionalText,
    memoryBytes: OptionalCount,
    serial: OptionalText,
    firmware: OptionalText,
  },
  closed,
);

/** The board controller's own inventory of the machine: a second witness (IPMI FRU 0). */
export const FruSchema = Type.Object(
  {
    manufacturer: OptionalText,
    product: OptionalText,
    part: OptionalText,
    serial: OptionalText,
    assetTag: OptionalText,
    boardSerial: OptionalText,
    boardPart: OptionalText,
    chassisSerial: OptionalText,
  },
  closed,
);

export const BmcSchema = Type.Object({ firmware: OptionalText, mac: OptionalText, address: OptionalText }, closed);

export const TpmSchema = Type.Object(
  {
    version: OptionalText,
    manufacturer: OptionalText,
    firmware: OptionalText,
    /** SHA-256 of the endorsement keys (SubjectPublicKeyInfo), which name this one chip. */
    ekSha256s: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), { maxItems: 8 }),
  },
  closed,
);

export const InventorySchema = Type.Object(
  {
    schema: Type.Literal(2),
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
        /** Null where the machine was not started by UEFI, or its variables could not be read. */
        secureBoot: Type.Union([Type.Boolean(), Type.Null()]),
        microcode: OptionalText,
      },
      closed,
    ),
    /** Null where the machine has no board controller, no TPM, or it does not answer (then it stands in `unread`). */
    fru: Type.Union([FruSchema, Type.Null()]),
    bmc: Type.Union([BmcSchema, Type.Null()]),
    tpm: Type.Union([TpmSchema, Type.Null()]),
    cpus: Type.Array(CpuSchema, { maxItems: 64 }),
    dimms: Type.Array(DimmSchema, { maxItems: 512 }),
    /** What the kernel can use; a mapped-out DIMM shows as a gap to the sum of the DIMMs. */
    memoryTotalBytes: OptionalCount,
    numa: Type.Array(Type.Object({ node: Count, cpus: OptionalText, memoryBytes: OptionalCount }, closed), {
      maxItems: 256,
    }),
    disks: Type.Array(DiskSchema, { maxItems: 512 }),
    nics: Type.Array(NicSchema, { maxItems: 128 }),
    pci: Type.Array(PciSchema, { maxItems: 1024 }),
    psus: Type.Array(PsuSchema, { maxItems: 32 }),
    gpus: Type.Array(GpuSchema, { maxItems: 64 }),
    /** Whether the ports were listened to for as long as a switch may stay silent (two LLDP intervals). */
    neighboursComplete: Type.Boolean(),
    /** Sources that could not be read, and why: what depends on them is unverifiable, never a pass. */
    unread: Type.Array(Type.Object({ source: Text, reason: Type.String({ maxLength: 500 }) }, closed), {
      maxItems: 128,
    }),
    /** Sources of which the machine has no such thing, and how that is known. */
    absent: Type.Array(Type.Object({ source: Text, reason: Type.String({ maxLength: 500 }) }, closed), {
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
export type Psu = Static<typeof PsuSchema>;
export type Gpu = Static<typeof GpuSchema>;
export type Tpm = Static<typeof TpmSchema>;
export type Bmc = Static<typeof BmcSchema>;
export type FruIdentity = Static<typeof FruSchema>;
