// The parts of a machine that carry a usable serial of their own, out of its inventory: what they are known by wherever
// they are put. Pure. The order in which a machine lists its parts never matters.
//
// What a part is known by, per kind: DIMM serials have eight digits and collide between makers, so maker and part number
// count too; a disk goes by its world-wide name, but an NVMe drive by model and serial, since its names are those of
// namespaces; a port goes by its MAC.
import type { PartKind } from '../../shared/api/part.ts';
import { reported, serialKey } from '../../shared/hardware/identity.ts';
import type { Disk, Inventory, Nic } from '../../shared/hardware/inventory.ts';
import { memoryMaker } from '../../shared/hardware/jedec.ts';
import { isOrderedDisk } from '../../shared/inspection/disk.ts';

export type Part = {
  readonly kind: PartKind;
  /** The same for the same part in every machine; begins with the kind. */
  readonly key: string;
  readonly maker: string | null;
  readonly model: string | null;
  readonly serial: string;
  readonly sizeBytes: number | null;
  /** Its place, unique among the parts of its kind in one machine. */
  readonly slot: string;
  /** The evidence that lists it: where that was not read, its absence proves nothing. */
  readonly witness: string;
};

/** Parts of one machine that all say the same serial: none of them can be followed. */
export type SharedSerial = { readonly kind: PartKind; readonly serial: string; readonly slots: readonly string[] };

export type PartsTold = {
  /** Ordered by key. */
  readonly parts: readonly Part[];
  readonly shared: readonly SharedSerial[];
  /** Whether this witness was heard to the end. */
  readonly isHeard: (witness: string) => boolean;
  /** Whether it is certain that the part is not in its place: its witness was heard, and no part without a name is there. */
  readonly isMissing: (part: Pick<Part, 'kind' | 'slot' | 'witness'>) => boolean;
};

const slotCharsMax = 200;

/** A part before its slot is named; `key` is undefined where it has no usable serial. */
type Draft = Omit<Part, 'key' | 'slot' | 'serial'> & {
  readonly key: string | undefined;
  readonly serial: string | null;
  /** Names of its place, the best first; the first that no other part of its kind has is taken. */
  readonly places: readonly (string | null)[];
};

export function partsOf(inventory: Inventory): PartsTold {
  const placed = named([
    ...boards(inventory),
    ...dimms(inventory),
    ...once(disks(inventory)),
    ...psus(inventory),
    ...gpus(inventory),
    ...ports(inventory),
  ]);
  const groups = Map.groupBy(placed, ({ kind, key, serial, slot }) =>
    key === undefined ? `${kind} at ${slot}` : kind === 'nic' ? key : `${kind} ${serialKey(serial)}`,
  );
  const parts: Part[] = [];
  const shared: SharedSerial[] = [];
  const nameless = new Set<string>();
  for (const group of groups.values()) {
    const [first, second] = group;
    if (first?.key !== undefined && first.serial !== null && second === undefined) {
      parts.push({ ...first, key: first.key, serial: first.serial });
      continue;
    }
    for (const { kind, slot } of group) nameless.add(`${kind} ${slot}`);
    if (first?.serial == null || second === undefined) continue;
    shared.push({ kind: first.kind, serial: first.serial, slots: group.map(({ slot }) => slot).toSorted(byText) });
  }
  const isHeard = (witness: string): boolean =>
    Object.hasOwn(inventory.evidence, witness) && inventory.unread.every(({ source }) => source !== witness);
  return {
    parts: parts.toSorted((a, b) => byText(a.key, b.key)),
    shared: shared.toSorted((a, b) => byText(`${a.kind} ${a.serial}`, `${b.kind} ${b.serial}`)),
    isHeard,
    isMissing: ({ kind, slot, witness }) => isHeard(witness) && !nameless.has(`${kind} ${slot}`),
  };
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Placed = Omit<Draft, 'places'> & { readonly slot: string };

function named(drafts: readonly Draft[]): Placed[] {
  const counts = new Map<string, number>();
  const nameOf = (draft: Draft, at: number): string => `${draft.kind} ${at} ${draft.places[at] ?? ''}`;
  for (const draft of drafts) {
    for (const at of draft.places.keys()) counts.set(nameOf(draft, at), (counts.get(nameOf(draft, at)) ?? 0) + 1);
  }
  return drafts.map(({ places, ...draft }) => {
    const own = places.find((place, at) => place !== null && counts.get(nameOf({ ...draft, places }, at)) === 1);
    return { ...draft, slot: (own ?? places.findLast((place) => place !== null) ?? '?').slice(0, slotCharsMax) };
  });
}

/** One text of what a part is known by; undefined where a piece of it is a placeholder. */
function keyOf(kind: PartKind, makes: readonly (string | null)[], serial: string | null): string | undefined {
  const name = serialKey(serial);
  const make = makes.map(serialKey);
  if (name === '' || make.every((text) => text === '')) return undefined;
  return `${kind}:${[...make, name].join('|')}`;
}

function boards({ identity, fru }: Inventory): Draft[] {
  const { manufacturer: maker, boardSerial: serial } = identity;
  if (reported(serial) === null) return [];
  // Firmware without a maker's name still has a board; its serial is long enough to stand alone.
  const key = keyOf('board', [maker ?? 'board'], serial);
  const model = reported(fru?.boardPart);
  return [{ kind: 'board', key, maker, model, serial, sizeBytes: null, places: ['board'], witness: 'smbios.bin' }];
}

function dimms(inventory: Inventory): Draft[] {
  return inventory.dimms
    .filter(({ populated }) => populated)
    .map(({ slot, bank, handle, manufacturer, part, serial, sizeBytes }) => {
      const printed = reported(manufacturer);
      const maker = printed === null ? null : memoryMaker(printed);
      const model = reported(part);
      return {
        kind: 'dimm',
        key: keyOf('dimm', [maker, model], serial),
        maker,
        model,
        serial: reported(serial),
        sizeBytes,
        places: [slot, bank === null ? null : `${bank} ${slot}`, `${slot} (handle ${handle})`],
        witness: 'smbios.bin',
      };
    });
}

function disks(inventory: Inventory): Draft[] {
  return inventory.disks.filter(isOrderedDisk(inventory.disks)).filter(isOwn).map(diskOf);
}

/** What a RAID controller or a storage network shows as a disk is no part of the machine. */
function isOwn({ transport, behind, path }: Disk): boolean {
  return (transport !== 'other' || behind !== null) && !(path ?? '').includes('/nvme-fabrics/');
}

function diskOf(disk: Disk): Draft {
  const model = reported(disk.model);
  const serial = reported(disk.serial);
  const own = keyOf('disk', [model ?? disk.transport], serial);
  const wide = worldWide(disk.wwid);
  const wideKey = wide === null ? undefined : `disk:${wide}`;
  return {
    kind: 'disk',
    key: disk.transport === 'nvme' ? (own ?? wideKey) : (wideKey ?? own),
    maker: null,
    model,
    serial: serial ?? wide,
    sizeBytes: disk.sizeBytes,
    places: [disk.bay === null ? null : `bay ${disk.bay}`, busPlace(disk.path), disk.behind, disk.name],
    witness: disk.behind === null ? 'block.json' : 'smart.json',
  };
}

/** A registered name; drives without one write zeros. */
function worldWide(wwid: string | null): string | null {
  const text = (wwid ?? '').trim().toLowerCase();
  const body = /^(?:naa|eui|uuid)\.([0-9a-f-]{16,})$/.exec(text)?.[1];
  return body === undefined || /0{9}$|^(.)\1+$/.test(body) ? null : text;
}

/** PCI address of its controller and port there: unlike the kernel's name, the same in every boot. */
function busPlace(path: string | null): string | null {
  const address = (path ?? '').match(/[0-9a-f]{4,6}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/gi)?.at(-1);
  if (address === undefined) return null;
  const port = /\/(ata\d+)\//.exec(path ?? '')?.[1] ?? /\/end_device-\d+:([\d:]+)/.exec(path ?? '')?.[1];
  return port === undefined ? address : `${address} ${port}`;
}

/** A drive with two cables, or two namespaces, is listed twice and is one part. */
function once(drafts: readonly Draft[]): Draft[] {
  const groups = Map.groupBy(drafts, (draft) => sameDrive(draft) ?? draft);
  return [...groups.values()].flatMap((group) => group.toSorted((a, b) => byText(lastPlace(a), lastPlace(b)))[0] ?? []);
}

function sameDrive({ key, places }: Draft): string | undefined {
  if (key === undefined) return undefined;
  if (/^disk:(naa|eui|uuid)\./.test(key)) return key;
  const controller = /^(nvme\d+)n\d+$/.exec(places.at(-1) ?? '')?.[1];
  return controller === undefined ? undefined : `${controller} ${key}`;
}

function lastPlace({ places }: Draft): string {
  return places.at(-1) ?? '';
}

function psus(inventory: Inventory): Draft[] {
  return inventory.psus
    .filter(({ present }) => present)
    .map(({ slot, manufacturer, model, part, serial, source }) => ({
      kind: 'psu',
      key: keyOf('psu', [reported(manufacturer), reported(part) ?? reported(model)], serial),
      maker: reported(manufacturer),
      model: reported(part) ?? reported(model),
      serial: reported(serial),
      sizeBytes: null,
      places: [slot, `${slot} ${serial ?? ''}`.trim()],
      witness: source === 'ipmi' ? 'sdr.csv' : 'smbios.bin',
    }));
}

function gpus({ gpus: cards, pci }: Inventory): Draft[] {
  const slots = new Map(pci.map(({ bdf, slot }) => [bdf, slot]));
  return cards.map(({ bdf, model, serial, memoryBytes }) => ({
    kind: 'gpu',
    key: keyOf('gpu', [reported(model)], serial),
    maker: null,
    model: reported(model),
    serial: reported(serial),
    sizeBytes: memoryBytes,
    places: [slots.get(bdf) ?? null, bdf],
    // The list is of the PCI bus; a tool that was not there leaves a card without a name.
    witness: 'pci.json',
  }));
}

/** Ports and what is plugged into them. */
function ports({ nics, pci }: Inventory): Draft[] {
  const slots = new Map(pci.map(({ bdf, slot }) => [bdf, slot]));
  return nics
    .filter(({ driver }) => driver === null || !usbDrivers.has(driver))
    .flatMap((nic): Draft[] => {
      const slot = nic.pci === null ? null : (slots.get(nic.pci) ?? null);
      const places = [
        nic.label,
        slot === null || nic.pci === null ? null : `${slot} port ${nic.pci.slice(-1)}`,
        nic.pci,
        nic.name,
      ];
      const key = isRegistered(nic.mac) ? `nic:${nic.mac}` : undefined;
      const port = { kind: 'nic', key, maker: null, model: null, serial: nic.mac, sizeBytes: null } as const;
      return [{ ...port, places, witness: 'net.json' }, ...moduleIn(nic, places)];
    });
}

function moduleIn({ module }: Nic, places: Draft['places']): Draft[] {
  if (module === null) return [];
  const { vendor, part, serial } = module;
  return [
    {
      kind: 'module',
      key: keyOf('module', [reported(vendor), reported(part)], serial),
      maker: reported(vendor),
      model: reported(part),
      serial: reported(serial),
      sizeBytes: null,
      places,
      witness: 'ports.json',
    },
  ];
}

/** The port of a board controller towards its own host: makers give it one MAC for all machines. */
const usbDrivers = new Set(['cdc_ether', 'cdc_ncm', 'cdc_eem', 'rndis_host']);

/** IEEE 802 §8.4: bit 1 says that somebody made it up, as drivers do for virtual functions. QEMU's range is fixed all the same. */
function isRegistered(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 0b10) === 0 || mac.startsWith('52:54:00:');
}
