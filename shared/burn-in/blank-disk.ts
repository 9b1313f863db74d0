// Whether a disk is blank: what the burn-in may overwrite. Strict on purpose: a byte other than zero in what is looked at
// is enough to leave a disk alone; the signatures are there to say what it holds. Pure.
import { kib, mib } from '../units.ts';

/** Looked at whole: the beginning and the end, where tables, labels and RAID superblocks lie. */
export const edgeBytes = mib;
/** Looked at in between, spread evenly. */
export const sampleBytes = 64 * kib;
export const sampleCount = 256;

type Signature = { readonly name: string; readonly at: number; readonly bytes: readonly number[] };
const ascii = (value: string): number[] => Array.from(value, (character) => character.charCodeAt(0));

/** Offsets from the beginning; libblkid knows many more, and what it knows is not zero either. */
const headSignatures: readonly Signature[] = [
  { name: 'a GPT partition table', at: 512, bytes: ascii('EFI PART') },
  { name: 'a GPT partition table', at: 4096, bytes: ascii('EFI PART') },
  { name: 'a LUKS volume', at: 0, bytes: [...ascii('LUKS'), 0xba, 0xbe] },
  { name: 'an LVM volume', at: 512, bytes: ascii('LABELONE') },
  { name: 'a Linux RAID member', at: 4096, bytes: [0xfc, 0x4e, 0x2b, 0xa9] },
  { name: 'a Linux RAID member', at: 0, bytes: [0xfc, 0x4e, 0x2b, 0xa9] },
  { name: 'an XFS file system', at: 0, bytes: ascii('XFSB') },
  { name: 'an NTFS file system', at: 3, bytes: ascii('NTFS    ') },
  { name: 'an ext file system', at: 1080, bytes: [0x53, 0xef] },
  { name: 'a Btrfs file system', at: 64 * kib + 64, bytes: ascii('_BHRfS_M') },
  { name: 'swap space', at: 4086, bytes: ascii('SWAPSPACE2') },
  { name: 'a Ceph OSD', at: 0, bytes: ascii('bluestore block device') },
  { name: 'a partition table', at: 510, bytes: [0x55, 0xaa] },
];

/** What the disk's first MiB holds, by its own mark; undefined where it has none that is known. */
export function signatureOf(head: Uint8Array): string | undefined {
  return headSignatures.find(({ at, bytes }) => bytes.every((byte, index) => head[at + index] === byte))?.name;
}

/** Byte offsets and lengths to read, in order: beginning, samples, end. */
export function blankProbes(sizeBytes: number): { readonly at: number; readonly bytes: number }[] {
  const edge = Math.min(edgeBytes, sizeBytes);
  const inner = Math.max(0, sizeBytes - 2 * edge);
  const tail = sizeBytes - edge - inner;
  const step = Math.floor(inner / sampleCount);
  const samples =
    step < sampleBytes
      ? [{ at: edge, bytes: inner }]
      : Array.from({ length: sampleCount }, (_, index) => ({ at: edge + index * step, bytes: sampleBytes }));
  return [{ at: 0, bytes: edge }, ...samples, { at: sizeBytes - tail, bytes: tail }].filter(({ bytes }) => bytes > 0);
}

/** Offset of the first byte that is not zero, or undefined. */
export function firstNonZero(bytes: Uint8Array): number | undefined {
  const at = bytes.findIndex((byte) => byte !== 0);
  return at < 0 ? undefined : at;
}
