// What a frame is made of, before anything is made of it: maps, arrays, numbers, text and bytes, no deeper than messages
// are, and no longer than its bytes. A decoder that believes a declared length allocates it; one that knows extension
// types builds objects with behaviour. (MessagePack specification, "Formats".)
import { frameDepthMax } from './limits.ts';

/** Why this frame is not decoded; undefined where it is plain data, whole, and nothing after it. */
export function frameProblem(frame: Uint8Array): string | undefined {
  // Values that are still expected, per open map or array.
  const open: number[] = [];
  let at = 0;
  for (;;) {
    const read = readHead(frame, at);
    if (typeof read === 'string') return read;
    at += read.bytes;
    if (at > frame.length) return 'it ends in the middle';
    // A value takes a byte at least: what declares more than is left can only be a lie.
    if (read.values > frame.length - at) return 'a length beyond its end';
    if (read.values > 0) {
      open.push(read.values);
      if (open.length > frameDepthMax) return `nested deeper than ${frameDepthMax}`;
    } else {
      closeFull(open);
      if (open.length === 0) return at === frame.length ? undefined : 'bytes after its end';
    }
  }
}

/** A value has ended: so have the maps and arrays that it was the last of. */
function closeFull(open: number[]): void {
  for (let left = (open.pop() ?? 1) - 1; ; left = (open.pop() ?? 1) - 1) {
    if (left > 0) {
      open.push(left);
      return;
    }
    if (open.length === 0) return;
  }
}

/** `bytes` with the value's own content; `values` that it contains, which follow. */
type Head = { readonly bytes: number; readonly values: number };

function readHead(frame: Uint8Array, at: number): Head | string {
  const type = frame[at];
  if (type === undefined) return 'it ends in the middle';
  if (type < 0x80 || type >= 0xe0) return { bytes: 1, values: 0 };
  if (type < 0x90) return { bytes: 1, values: 2 * (type & 0x0f) };
  if (type < 0xa0) return { bytes: 1, values: type & 0x0f };
  if (type < 0xc0) return { bytes: 1 + (type & 0x1f), values: 0 };
  const fixed = fixedBytes[type];
  if (fixed !== undefined) return { bytes: fixed, values: 0 };
  const sized = sizes[type];
  if (sized === undefined) return `type 0x${type.toString(16)} is not spoken here`;
  const { lengthBytes, of } = sized;
  if (at + 1 + lengthBytes > frame.length) return 'it ends in the middle';
  let length = 0;
  for (let index = 1; index <= lengthBytes; index += 1) length = length * 256 + (frame[at + index] ?? 0);
  if (of === 'content') return { bytes: 1 + lengthBytes + length, values: 0 };
  return { bytes: 1 + lengthBytes, values: of === 'pairs' ? 2 * length : length };
}

/** nil, false, true; float 32 and 64; unsigned and signed integers. */
const fixedBytes: Readonly<Record<number, number>> = {
  0xc0: 1, 0xc2: 1, 0xc3: 1, 0xca: 5, 0xcb: 9,
  0xcc: 2, 0xcd: 3, 0xce: 5, 0xcf: 9, 0xd0: 2, 0xd1: 3, 0xd2: 5, 0xd3: 9,
}; // prettier-ignore

/** bin, str, array and map, each with a length of 8, 16 or 32 bits. Extensions (0xc7–0xc9, 0xd4–0xd8) are not here. */
const sizes: Readonly<Record<number, { readonly lengthBytes: number; readonly of: 'content' | 'values' | 'pairs' }>> = {
  0xc4: { lengthBytes: 1, of: 'content' },
  0xc5: { lengthBytes: 2, of: 'content' },
  0xc6: { lengthBytes: 4, of: 'content' },
  0xd9: { lengthBytes: 1, of: 'content' },
  0xda: { lengthBytes: 2, of: 'content' },
  0xdb: { lengthBytes: 4, of: 'content' },
  0xdc: { lengthBytes: 2, of: 'values' },
  0xdd: { lengthBytes: 4, of: 'values' },
  0xde: { lengthBytes: 2, of: 'pairs' },
  0xdf: { lengthBytes: 4, of: 'pairs' },
};
