// Memory errors the kernel counted, from attributes of /sys/devices/system/edac/mc (Linux Documentation/driver-api/edac,
// ABI testing/sysfs-devices-edac): one map of attribute → text per memory controller (`mc0`), with the attributes of its
// modules under their folder (`dimm3/dimm_ce_count`). Pure. A counter that cannot be read is null, never zero.
import { mib } from '../../units.ts';
import { factText } from './fact-text.ts';
import type { Attributes, DeviceTree } from './sysfs.ts';

export type EdacModule = {
  readonly controller: string;
  /** `dimm3`, `rank0`, or `csrow0/ch1` of older kernels. */
  readonly name: string;
  /** What the kernel or the operator calls the slot: `CPU_SrcID#0_MC#0_Chan#0_DIMM#0`, `DIMM_A1`. */
  readonly label: string | null;
  readonly location: string | null;
  readonly sizeBytes: number | null;
  readonly corrected: number | null;
  readonly uncorrected: number | null;
};
export type EdacController = {
  readonly name: string;
  readonly driver: string | null;
  readonly corrected: number | null;
  readonly uncorrected: number | null;
  /** Errors of no known module. */
  readonly correctedElsewhere: number | null;
  readonly uncorrectedElsewhere: number | null;
  /** How long the counters have run. */
  readonly secondsSinceReset: number | null;
  readonly modules: readonly EdacModule[];
};

const controllersMax = 256;
const modulesMax = 256;

/** Empty for a machine without an EDAC driver: nothing was counted, which is not the same as no errors. */
export function edacOf(tree: DeviceTree): EdacController[] {
  const names = Object.keys(tree).filter((name) => /^mc\d{1,4}$/.test(name));
  return names
    .toSorted(byNumber)
    .slice(0, controllersMax)
    .map((name) => {
      const attributes = tree[name] ?? {};
      return {
        name,
        driver: factText(attributes['mc_name']),
        corrected: whole(attributes['ce_count']),
        uncorrected: whole(attributes['ue_count']),
        correctedElsewhere: whole(attributes['ce_noinfo_count']),
        uncorrectedElsewhere: whole(attributes['ue_noinfo_count']),
        secondsSinceReset: whole(attributes['seconds_since_reset']),
        modules: modulesOf(name, attributes),
      };
    });
}

function modulesOf(controller: string, attributes: Attributes): EdacModule[] {
  const folders = foldersOf(attributes, /^((?:dimm|rank)\d{1,4})\//);
  // Kernels before 3.6, and some drivers, list chip-select rows with channels instead of modules.
  if (folders.length === 0) return channelsOf(controller, attributes);
  return folders.map((name) => ({
    controller,
    name,
    label: factText(attributes[`${name}/dimm_label`]),
    location: factText(attributes[`${name}/dimm_location`]),
    sizeBytes: mebibytes(attributes[`${name}/size`]),
    corrected: whole(attributes[`${name}/dimm_ce_count`]),
    uncorrected: whole(attributes[`${name}/dimm_ue_count`]),
  }));
}

/** A row counts its uncorrected errors as a whole: no channel is blamed for them. */
function channelsOf(controller: string, attributes: Attributes): EdacModule[] {
  return foldersOf(attributes, /^(csrow\d{1,4}\/ch\d{1,2})_ce_count$/).map((name) => ({
    controller,
    name,
    label: factText(attributes[`${name}_dimm_label`]),
    location: null,
    sizeBytes: null,
    corrected: whole(attributes[`${name}_ce_count`]),
    uncorrected: null,
  }));
}

function foldersOf(attributes: Attributes, pattern: RegExp): string[] {
  const names = new Set<string>();
  for (const key of Object.keys(attributes)) {
    const name = pattern.exec(key)?.[1];
    if (name !== undefined) names.add(name);
  }
  return [...names].toSorted(byNumber).slice(0, modulesMax);
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** The kernel writes a module's size in MiB. */
function mebibytes(text: string | undefined): number | null {
  const size = whole(text);
  return size === null || size === 0 || size > 2 ** 30 ? null : size * mib;
}

function whole(text: string | undefined): number | null {
  const trimmed = (text ?? '').trim();
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : null;
}
