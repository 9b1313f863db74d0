// Patterns over a part of the memory, written and read back: the built-in test of `intake`. In a process of its own.

const worker = `
const { workerData, parentPort } = require('node:worker_threads');
const { randomBytes } = require('node:crypto');
const mib = 1048576;
const piece = 16 * mib;
const end = performance.now() + workerData.seconds * 1000;
const pieces = [];
const result = { moved: 0, tested: 0, wrong: 0 };
const random = randomBytes(mib);
const patterns = [random, Buffer.from(random.map((byte) => ~byte & 255)), ...[0x00, 0xff, 0x55, 0xaa].map((byte) => Buffer.alloc(mib, byte))];
// Where it lies is part of what is written: a line of the address that is stuck shows as one place read for another.
const stamp = (buffer, at, number, turn) => buffer.writeDoubleLE(number * 64 + turn, at);
const room = (index) => Math.min(piece, workerData.bytes - index * piece);
const count = Math.ceil(workerData.bytes / piece);
for (let turn = 0; turn === 0 || performance.now() < end; turn += 1) {
  const pattern = patterns[turn % patterns.length];
  let filled = 0;
  for (; filled < count; filled += 1) {
    if (filled > 0 && performance.now() >= end) break;
    const bytes = room(filled);
    const buffer = (pieces[filled] ??= Buffer.allocUnsafeSlow(bytes));
    for (let at = 0; at + mib <= bytes; at += mib) {
      pattern.copy(buffer, at);
      stamp(buffer, at, filled * 16 + at / mib, turn);
    }
    result.moved += bytes;
  }
  const expected = Buffer.alloc(8);
  for (let index = 0; index < filled; index += 1) {
    const buffer = pieces[index];
    for (let at = 0; at + mib <= buffer.length; at += mib) {
      stamp(expected, 0, index * 16 + at / mib, turn);
      if (workerData.isSpoilt && at === 0) buffer[at + 12345] ^= 1;
      const isRight = buffer.compare(expected, 0, 8, at, at + 8) === 0 && buffer.compare(pattern, 8, mib, at + 8, at + mib) === 0;
      if (!isRight) result.wrong += 1;
    }
    result.moved += buffer.length;
  }
  result.tested = Math.max(result.tested, pieces.slice(0, filled).reduce((sum, { length }) => sum + length, 0));
}
parentPort.postMessage(result);
`;

export type MemoryLoadOptions = {
  /** For the test of the test: spoils what was written before it is read back. */
  readonly isSpoilt?: boolean;
};

/** For `node -e SOURCE BYTES THREADS SECONDS`; prints one JSON object `{moved, tested, wrong, lost}`, in bytes and places. */
export function memoryLoadSource({ isSpoilt = false }: MemoryLoadOptions = {}): string {
  return `
const { Worker } = require('node:worker_threads');
const [bytes, threads, seconds] = process.argv.slice(1).map(Number);
const total = { moved: 0, tested: 0, wrong: 0, lost: 0 };
const share = Math.floor(bytes / threads / 1048576) * 1048576;
let left = threads;
for (let index = 0; index < threads; index += 1) {
  const worker = new Worker(${JSON.stringify(worker)}, {
    eval: true,
    workerData: { bytes: share, seconds, isSpoilt: ${isSpoilt} },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
  let isTold = false;
  worker.once('message', (result) => {
    isTold = true;
    for (const key of Object.keys(result)) total[key] += result[key];
  });
  worker.once('error', () => undefined);
  worker.once('exit', () => {
    if (!isTold) total.lost += 1;
    left -= 1;
    if (left === 0) console.log(JSON.stringify(total));
  });
}
`;
}
