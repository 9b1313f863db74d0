// The little of ELF-64 (System V ABI, chapters 4 and 5) that the image needs: which libraries a program asks for, a kernel
// module's `.modinfo`, and a program without its symbols.
import { PpecError } from '../shared/errors.ts';

type Segment = {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
};

const segmentLoad = 1;
const segmentDynamic = 2;
const tagNeeded = 1;
const tagStringTable = 5;
const sectionNoBits = 8;

export function isElf(bytes: Buffer): boolean {
  // 64 bits, little endian: all this project boots on.
  return bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
}

/** The names a program or library asks the loader for (DT_NEEDED); none for a static one. */
export function neededLibraries(elf: Buffer): string[] {
  const segments = segmentsOf(elf);
  const dynamic = segments.find(({ type }) => type === segmentDynamic);
  if (dynamic === undefined) return [];
  const tags: { tag: number; value: number }[] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.fileBytes; at += 16) {
    tags.push({ tag: number64(elf, at), value: number64(elf, at + 8) });
  }
  const table = tags.find(({ tag }) => tag === tagStringTable)?.value ?? 0;
  const strings = fileOffset(segments, table);
  return tags.filter(({ tag }) => tag === tagNeeded).map(({ value }) => text(elf, strings + value));
}

/** The bytes of a section, by name. */
export function sectionOf(elf: Buffer, wanted: string): Buffer | undefined {
  const start = number64(elf, 40);
  const entryBytes = elf.readUInt16LE(58);
  const count = elf.readUInt16LE(60);
  const header = (index: number): { name: number; type: number; offset: number; bytes: number } => {
    const at = start + index * entryBytes;
    return {
      name: elf.readUInt32LE(at),
      type: elf.readUInt32LE(at + 4),
      offset: number64(elf, at + 24),
      bytes: number64(elf, at + 32),
    };
  };
  const names = header(elf.readUInt16LE(62)).offset;
  for (let index = 0; index < count; index += 1) {
    const { name, type, offset, bytes } = header(index);
    if (type !== sectionNoBits && text(elf, names + name) === wanted) return elf.subarray(offset, offset + bytes);
  }
  return undefined;
}

/**
 * A program without symbols and section headers: what is loaded stays, the rest behind it goes. A loader reads program
 * headers only. No tool outside this file has a say in the bytes, so they are the same everywhere.
 */
export function withoutSymbols(elf: Buffer): Buffer {
  const end = Math.max(...segmentsOf(elf).map(({ offset, fileBytes }) => offset + fileBytes));
  const stripped = Buffer.from(elf.subarray(0, end));
  stripped.fill(0, 40, 48); // e_shoff
  stripped.fill(0, 60, 64); // e_shnum, e_shstrndx
  return stripped;
}

function segmentsOf(elf: Buffer): Segment[] {
  if (!isElf(elf)) throw new PpecError('invalid_argument', 'this is no 64-bit little-endian ELF file');
  const start = number64(elf, 32);
  const entryBytes = elf.readUInt16LE(54);
  return Array.from({ length: elf.readUInt16LE(56) }, (_, index) => {
    const at = start + index * entryBytes;
    return {
      type: elf.readUInt32LE(at),
      offset: number64(elf, at + 8),
      address: number64(elf, at + 16),
      fileBytes: number64(elf, at + 32),
    };
  });
}

function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (each) => each.type === segmentLoad && address >= each.address && address < each.address + each.fileBytes,
  );
  if (segment === undefined) throw new PpecError('invalid_argument', 'an address of the ELF file is in no segment');
  return address - segment.address + segment.offset;
}

function number64(elf: Buffer, at: number): number {
  return Number(elf.readBigUInt64LE(at));
}

function text(elf: Buffer, at: number): string {
  return elf.toString('latin1', at, elf.indexOf(0, at));
}
