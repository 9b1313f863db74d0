// Sizes and durations: kept in bytes and milliseconds, shown to people in the unit their documents use.
// Memory is binary (a "32 GB" DIMM is 32 GiB); disks are decimal (a "4.0 TB" disk is 4 · 10^12 bytes).

export const kib = 1024;
export const mib = 1024 * kib;
export const gib = 1024 * mib;
export const mb = 1_000_000;
export const gb = 1_000_000_000;
export const tb = 1_000_000_000_000;

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1, kB: 1000, KB: 1000, MB: mb, GB: gb, TB: tb, PB: 1000 * tb,
  KiB: kib, MiB: mib, GiB: gib, TiB: 1024 * gib,
}; // prettier-ignore

/** Bytes of `32GiB`, `3.84 TB`, `512 MiB`; undefined where the text is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kKMGTP]?i?B)\s*$/.exec(text);
  const factor = sizeUnits[match?.[2] ?? ''];
  if (match?.[1] === undefined || factor === undefined) return undefined;
  return Math.round(Number(match[1]) * factor);
}

/** `32 GiB`, `512 MiB`: the largest binary unit that leaves at least one whole. */
export function formatBinaryBytes(bytes: number): string {
  return format(bytes, [['TiB', 1024 * gib], ['GiB', gib], ['MiB', mib], ['KiB', kib]]); // prettier-ignore
}

/** `4.0 TB`, `960 GB`: decimal, as disks are sold. */
export function formatDecimalBytes(bytes: number): string {
  return format(bytes, [['TB', tb], ['GB', gb], ['MB', mb], ['kB', 1000]]); // prettier-ignore
}

function format(bytes: number, units: readonly (readonly [string, number])[]): string {
  for (const [unit, factor] of units) {
    if (bytes < factor) continue;
    const value = bytes / factor;
    const digits = Number.isInteger(value) && (value >= 10 || unit.endsWith('iB')) ? 0 : value < 100 ? 1 : 0;
    return `${value.toFixed(digits)} ${unit}`;
  }
  return `${bytes} B`;
}

/** `0:31`, `12:04`, `2:14:09`: a stopwatch reading. */
export function formatStopwatch(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  const pad = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}
