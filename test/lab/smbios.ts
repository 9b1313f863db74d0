// SMBIOS structures for memory: the array (type 16) and one device per DIMM slot (type 17), as bytes.
// QEMU invents its own DIMMs from -m; a structure given by file replaces all it would write of that type.

export type DimmSpec =
  | {
      readonly locator: string;
      readonly bank: string;
      readonly sizeMiB: number;
      readonly speedMts: number;
      readonly manufacturer: string;
      readonly serial: string;
      readonly part: string;
      readonly empty?: false;
    }
  | { readonly locator: string; readonly bank: string; readonly empty: true };

/** QEMU's own memory map (type 19) points at this handle. */
const arrayHandle = 0x1000;
const firstDeviceHandle = 0x1100;
const noErrorInformation = 0xfffe;
const maxSlots = 255;
const arrayLength = 0x17;
const deviceLength = 0x28;

/** Sizes from here on go into the 32-bit field, and the 16-bit one says so. */
const extendedSizeFromMiB = 0x7fff;

const code = {
  systemBoard: 0x03,
  systemMemory: 0x03,
  multiBitEcc: 0x06,
  formFactorDimm: 0x09,
  memoryUnknown: 0x02,
  memoryDdr5: 0x22,
  synchronousRegistered: 0x2080,
  unknownDetail: 0x0004,
  capacityIsExtended: 0x8000_0000,
} as const;

/** Type 16 followed by one type 17 per slot, in slot order; each element is one structure with its strings. */
export function memoryStructures(dimms: readonly DimmSpec[]): Buffer[] {
  if (dimms.length === 0 || dimms.length > maxSlots) throw new RangeError(`a server has 1 to ${maxSlots} DIMM slots`);
  return [memoryArray(dimms), ...dimms.map(memoryDevice)];
}

function memoryArray(dimms: readonly DimmSpec[]): Buffer {
  const installedMiB = dimms.reduce((sum, dimm) => sum + (dimm.empty ? 0 : dimm.sizeMiB), 0);
  const bytes = header(16, arrayLength, arrayHandle);
  bytes.writeUInt8(code.systemBoard, 0x04);
  bytes.writeUInt8(code.systemMemory, 0x05);
  bytes.writeUInt8(code.multiBitEcc, 0x06);
  bytes.writeUInt32LE(code.capacityIsExtended, 0x07);
  bytes.writeUInt16LE(noErrorInformation, 0x0b);
  bytes.writeUInt16LE(dimms.length, 0x0d);
  bytes.writeBigUInt64LE(BigInt(installedMiB) * 1024n * 1024n, 0x0f);
  return Buffer.concat([bytes, stringSet([])]);
}

function memoryDevice(dimm: DimmSpec, index: number): Buffer {
  const bytes = header(17, deviceLength, firstDeviceHandle + index);
  bytes.writeUInt16LE(arrayHandle, 0x04);
  bytes.writeUInt16LE(noErrorInformation, 0x06);
  bytes.writeUInt8(code.formFactorDimm, 0x0e);
  bytes.writeUInt8(1, 0x10);
  bytes.writeUInt8(2, 0x11);
  if (dimm.empty) {
    bytes.writeUInt16LE(0xffff, 0x08);
    bytes.writeUInt16LE(0xffff, 0x0a);
    bytes.writeUInt8(code.memoryUnknown, 0x12);
    bytes.writeUInt16LE(code.unknownDetail, 0x13);
    return Buffer.concat([bytes, stringSet([dimm.locator, dimm.bank])]);
  }
  requireWhole('sizeMiB', dimm.sizeMiB, 0x7fff_ffff);
  requireWhole('speedMts', dimm.speedMts, 0xfffe);
  const extended = dimm.sizeMiB >= extendedSizeFromMiB;
  bytes.writeUInt16LE(72, 0x08);
  bytes.writeUInt16LE(64, 0x0a);
  bytes.writeUInt16LE(extended ? extendedSizeFromMiB : dimm.sizeMiB, 0x0c);
  bytes.writeUInt8(code.memoryDdr5, 0x12);
  bytes.writeUInt16LE(code.synchronousRegistered, 0x13);
  bytes.writeUInt16LE(dimm.speedMts, 0x15);
  bytes.writeUInt8(3, 0x17);
  bytes.writeUInt8(4, 0x18);
  bytes.writeUInt8(5, 0x1a);
  bytes.writeUInt32LE(extended ? dimm.sizeMiB : 0, 0x1c);
  bytes.writeUInt16LE(dimm.speedMts, 0x20);
  return Buffer.concat([bytes, stringSet([dimm.locator, dimm.bank, dimm.manufacturer, dimm.serial, dimm.part])]);
}

function header(type: number, length: number, handle: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt8(type, 0x00);
  bytes.writeUInt8(length, 0x01);
  bytes.writeUInt16LE(handle, 0x02);
  return bytes;
}

/** Each string ends in NUL and the set in one more; an empty string would end the set early. */
function stringSet(strings: readonly string[]): Buffer {
  for (const text of strings) {
    if (!/^[\x20-\x7e]{1,64}$/.test(text) || text.trim() === '') {
      throw new RangeError(`an SMBIOS string is 1 to 64 printable characters: ${JSON.stringify(text)}`);
    }
  }
  const end = strings.length === 0 ? '\0\0' : '\0';
  return Buffer.from(strings.map((text) => `${text}\0`).join('') + end, 'latin1');
}

function requireWhole(name: string, value: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new RangeError(`DIMM ${name} is a whole number from 1 to ${max}: ${value}`);
  }
}
