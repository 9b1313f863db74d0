// Load on all cores that checks its own results: the built-in test of `intake`. It runs in a process of its own, so that it
// costs the agent no memory and ends with a signal.

/** What one block of work must come to, on every core and every time: integers, IEEE 754 doubles, SHA-256. */
export const expectedBlock = '499c77e040bd911071709e6b87753e2ca98fb1ffaba957edc178eeb6a4a5cbec';

const worker = `
const { workerData, parentPort } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const data = Buffer.alloc(65536, 0x5a);
function block() {
  let a = 0x9e3779b9 | 0;
  for (let i = 0; i < 200000; i += 1) {
    a ^= a << 13; a ^= a >>> 17; a ^= a << 5;
    a = (Math.imul(a, 0x5bd1e995) + i) | 0;
  }
  let x = 1.5;
  let sum = 0;
  for (let i = 1; i < 100000; i += 1) {
    x = Math.sqrt(x * x + i) / (1 + 1 / i);
    sum += x;
  }
  let digest = '';
  for (let i = 0; i < 8; i += 1) digest = createHash('sha256').update(digest).update(data).digest('hex');
  return createHash('sha256').update(a + ' ' + sum + ' ' + digest).digest('hex');
}
const end = performance.now() + workerData.seconds * 1000;
let ops = 0;
let wrong = 0;
do {
  if (block() !== workerData.expected) wrong += 1;
  ops += 1;
} while (performance.now() < end);
parentPort.postMessage({ ops, wrong });
`;

/** For `node -e SOURCE CORES SECONDS`; prints one JSON object `{ops, wrong, lost}`. */
export function processorLoadSource(expected: string = expectedBlock): string {
  return `
const { Worker } = require('node:worker_threads');
const [cores, seconds] = process.argv.slice(1).map(Number);
const total = { ops: 0, wrong: 0, lost: 0 };
let left = cores;
const ended = () => { left -= 1; if (left === 0) console.log(JSON.stringify(total)); };
for (let index = 0; index < cores; index += 1) {
  const worker = new Worker(${JSON.stringify(worker)}, {
    eval: true,
    workerData: { seconds, expected: ${JSON.stringify(expected)} },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
  let isTold = false;
  worker.once('message', ({ ops, wrong }) => { isTold = true; total.ops += ops; total.wrong += wrong; });
  worker.once('error', () => undefined);
  worker.once('exit', () => { if (!isTold) total.lost += 1; ended(); });
}
`;
}
