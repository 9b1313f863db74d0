// Drives: what the kernel shows, filled with what the drive itself answers (`smartctl -j -x`): the kernel cuts a SCSI
// model to 16 and a firmware to 4 characters, and shows nothing of a drive behind a RAID controller. Pure.
import { Type, type Static } from 'typebox';

import type { Disk } from '../inventory.ts';
import { bytesOfBase64 } from './base64.ts';
import { factCharsMax } from './fact-text.ts';
import { identifyController } from './nvme-identify.ts';
import { smartFactsOf, type SmartFacts } from './smartctl.ts';

/** Block device, or `name,type` of a drive behind a controller → smartctl's own JSON. */
export const SmartReports = Type.Record(Type.String({ maxLength: 120 }), Type.Object({}));
export type SmartReports = Static<typeof SmartReports>;

/** Controller → its Identify page, base64, and those of its namespaces. */
export const NvmePages = Type.Record(
  Type.String(),
  Type.Object({ controller: Type.String(), namespaces: Type.Optional(Type.Record(Type.String(), Type.String())) }),
);
export type NvmePages = Static<typeof NvmePages>;

/** Enclosure slot (`0:0:8:0/Slot 03`) → the block device in it. */
export type Bays = Readonly<Record<string, { readonly block?: string | null | undefined }>>;

export type DriveWitnesses = { readonly smart: SmartReports; readonly nvme: NvmePages; readonly bays: Bays };

export function withDrives(disks: readonly Disk[], { smart, nvme, bays }: DriveWitnesses): Disk[] {
  const seen = disks.map((disk) => {
    const told = Object.hasOwn(smart, disk.name) ? smartFactsOf(smart[disk.name] ?? {}) : undefined;
    const page = identifyController(bytesOfBase64(nvme[disk.name.replace(/n\d+$/, '')]?.controller ?? ''));
    return { ...filled(disk, told ?? page), bay: bayOf(disk, bays) };
  });
  return [...seen, ...hiddenDrives(smart, seen)];
}

type Told = { readonly [Field in 'model' | 'firmware' | 'serial']: string | null } & { rotational?: boolean | null };

function filled(disk: Disk, told: Told | null | undefined): Disk {
  if (told === null || told === undefined) return disk;
  return {
    ...disk,
    model: longer(disk.model, told.model),
    firmware: longer(disk.firmware, told.firmware),
    serial: disk.serial ?? told.serial,
    rotational: disk.rotational ?? told.rotational ?? null,
  };
}

function bayOf(disk: Disk, bays: Bays): string | null {
  return (
    Object.entries(bays)
      .find(([, { block }]) => block === disk.name)?.[0]
      ?.slice(0, factCharsMax) ?? null
  );
}

/** Drives that only the controller shows; one whose serial the kernel shows too (a pass-through) is there once. */
function hiddenDrives(smart: SmartReports, seen: readonly Disk[]): Disk[] {
  return Object.entries(smart).flatMap(([name, report]) => {
    const [volume, ...type] = name.split(',');
    const facts = smartFactsOf(report);
    if (type.length === 0 || volume === undefined || !isDrive(facts)) return [];
    if (seen.some(({ serial }) => serial !== null && serial === facts.serial)) return [];
    return [hiddenDrive(name, facts, `${volume} ${type.join(' ')}`)];
  });
}

function isDrive(facts: SmartFacts): boolean {
  return facts.serial !== null || facts.capacityBytes !== null;
}

function hiddenDrive(name: string, facts: SmartFacts, behind: string): Disk {
  return {
    name,
    path: null,
    transport: facts.protocol === 'ata' ? 'sata' : facts.protocol === 'scsi' ? 'sas' : (facts.protocol ?? 'other'),
    model: facts.model,
    serial: facts.serial,
    wwid: null,
    firmware: facts.firmware,
    sizeBytes: facts.capacityBytes,
    logicalBlockBytes: null,
    physicalBlockBytes: null,
    readOnly: null,
    rotational: facts.rotational,
    bay: null,
    behind,
  };
}

/** The whole text where one is the beginning of the other; the kernel's where they differ. */
function longer(shown: string | null, told: string | null): string | null {
  if (shown === null || told === null) return shown ?? told;
  return told.startsWith(shown) || told.endsWith(shown) ? told : shown;
}
