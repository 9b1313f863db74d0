// Reads from all disks at once, and only reads: the built-in test of `intake`. In a process of its own: a disk that does not
// answer then keeps threads of that process busy, not of the agent.

/**
 * For `node -e SOURCE JSON`, JSON `{disks: [{path, bytes}], seconds, sequentialShare}`; prints one JSON array in the order
 * of the disks: `{sequentialBytes, sequentialMs, randomReads, randomMs, failure}`. Places are chosen at random, since what
 * was read before may come from memory.
 */
export const diskLoadSource = `
const { open } = require('node:fs/promises');
const { constants } = require('node:fs');
const { randomInt } = require('node:crypto');
const { disks, seconds, sequentialShare } = JSON.parse(process.argv[1]);
const mib = 1048576;
const run = 64;
async function sample({ path, bytes }) {
  const result = { sequentialBytes: 0, sequentialMs: 0, randomReads: 0, randomMs: 0, failure: null };
  let at = 0;
  let file;
  try {
    file = await open(path, constants.O_RDONLY);
    const buffer = Buffer.allocUnsafeSlow(mib);
    const began = performance.now();
    const turn = began + seconds * sequentialShare * 1000;
    const end = began + seconds * 1000;
    const place = (unit) => (bytes <= unit ? 0 : Math.floor(randomInt(Math.min(2 ** 47, bytes - unit)) / unit) * unit);
    for (let left = 0; performance.now() < turn; left -= 1) {
      if (left === 0 || at + mib > bytes) { at = place(mib); left = run; }
      const { bytesRead } = await file.read(buffer, 0, Math.min(mib, bytes), at);
      if (bytesRead === 0) throw new Error('the disk ends before its size');
      result.sequentialBytes += bytesRead;
      at += mib;
    }
    result.sequentialMs = performance.now() - began;
    const randomBegan = performance.now();
    while (performance.now() < end) {
      at = place(4096);
      const { bytesRead } = await file.read(buffer, 0, Math.min(4096, bytes), at);
      if (bytesRead === 0) throw new Error('the disk ends before its size');
      result.randomReads += 1;
    }
    result.randomMs = performance.now() - randomBegan;
  } catch (error) {
    result.failure = (error.code ? error.code + ' ' : '') + 'at byte ' + at + ': ' + error.message;
  } finally {
    await file?.close();
  }
  return result;
}
Promise.all(disks.map(sample)).then((results) => console.log(JSON.stringify(results)));
`;
