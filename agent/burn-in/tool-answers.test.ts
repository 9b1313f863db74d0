import { expect, it } from 'vitest';

import { parseFio } from './fio.ts';
import { parseIperf } from './network-test.ts';
import { stressEnd, stressMetric } from './processor-test.ts';
import { sensorWindow } from './sensors.ts';

const end = { status: 0, output: '', errors: [] as string[], isLate: false };
const table = [
  'stress-ng: metrc: [30494] stressor       bogo ops real time  usr time  sys time   bogo ops/s     bogo ops/s',
  'stress-ng: metrc: [30494]                           (secs)    (secs)    (secs)   (real time) (usr+sys time)',
  'stress-ng: metrc: [30494] cpu                6319      2.00      3.97      0.00      3157.73        1593.29',
];

it("reads stress-ng's rate of real time", () => {
  expect(stressMetric({ output: '', errors: table }, 'cpu')).toBe(3157.73);
  expect(stressMetric({ output: table.join('\n'), errors: [] }, 'vm')).toBeUndefined();
});

it.each<[Partial<typeof end>, number, RegExp | undefined]>([
  [{}, 0, undefined],
  [{ status: 2, errors: ['stress-ng: fail:  [1] cpu: sqrt error detected'] }, 1, undefined],
  [{ status: 0, errors: ['stress-ng: fail:  [1] vm: detected 3 bit errors', 'stress-ng: fail:  [2] vm: detected 1 bit errors'] }, 2, undefined],
  [{ status: 3, errors: ['stress-ng: error: [1] no resources'] }, 0, /^status 3: .*no resources$/],
  [{ isLate: true }, 0, undefined],
  [{ status: 143, isLate: true }, 0, /did not end in time/],
])('judges how stress-ng ended: %j', (change, verifyErrors, failure) => {
  const judged = stressEnd({ ...end, ...change });
  expect(judged.verifyErrors).toBe(verifyErrors);
  if (failure === undefined) expect(judged.failure).toBeUndefined();
  else expect(judged.failure).toMatch(failure);
}); // prettier-ignore

const fio = (errors: readonly number[], words: string[] = []) => ({
  ...end,
  status: errors.some((error) => error !== 0) ? 1 : 0,
  errors: words,
  output: `note: both iodepth >= 1\n${JSON.stringify({
    jobs: errors.map((error, index) => ({ jobname: `job${index}`, error, read: { io_bytes: 4096, bw_bytes: 10 }, write: { io_bytes: 0, bw_bytes: 0 } })),
  })}`,
}); // prettier-ignore

it('tells which of several disks failed in fio, and which gave back other data', () => {
  const jobs = parseFio(fio([0, 5, 84], ['fio: io_u error on file /dev/x: Input/output error: read offset=0']), 3);
  expect(jobs.map(({ failure, verifyErrors }) => [failure?.slice(0, 7), verifyErrors])).toEqual([
    [undefined, 0],
    ['error 5', 0],
    [undefined, 1],
  ]);
  expect(jobs[0]).toMatchObject({ readBytes: 4096, readBytesPerSecond: 10 });
});

it('takes no word of fio for a pass: a job it does not tell of has failed, and an exit that no job explains is every job’s', () => {
  expect(parseFio(fio([0]), 2)[1]?.failure).toBe('status 0');
  expect(parseFio({ ...fio([0]), status: 1, errors: ['fio: no such engine'] }, 1)[0]?.failure).toMatch(/no such engine/);
  expect(parseFio({ ...end, status: 127, output: 'sh: not found' }, 1)[0]?.failure).toBe('status 127');
}); // prettier-ignore

it.each<[string, unknown]>([
  [JSON.stringify({ end: { sum_sent: { retransmits: 3 }, sum_received: { bits_per_second: 9e9 } } }), { bitsPerSecond: 9e9, retransmits: 3 }],
  [JSON.stringify({ error: 'unable to connect to server' }), 'unable to connect to server'],
  [JSON.stringify({ end: {} }), 'iperf3 told no rate'],
  ['iperf3: error', 'iperf3 gave no readable answer'],
])('reads %s', (output, told) => expect(parseIperf(output)).toEqual(told)); // prettier-ignore

it('tells of the sensors what grew, the hottest, and how long the clock was below its base', () => {
  const sample = (atMs: number, mhz?: number, [throttleCount, temperatureCelsius]: (number | undefined)[] = []) => ({
    atMs,
    mhz,
    throttleCount,
    temperatureCelsius,
  });
  const samples = [
    sample(0, 800, [5, 40]),
    sample(2000, 2400, [5, 70]),
    sample(4000, 1000, [6, 91]),
    sample(6000, 1000, [7, 90]),
    sample(11_000, 1000, [7, 80]),
    sample(12_000, 2400, [7, 60]),
    sample(14_000, 800, [7, 41]),
  ];
  expect(sensorWindow(samples, 2400)).toMatchObject({
    throttleCount: 2,
    temperatureMaxCelsius: 91,
    belowBaseSeconds: 7,
  });
  expect(sensorWindow(samples, undefined).belowBaseSeconds).toBeUndefined();
  expect(sensorWindow([sample(0), sample(1)], 2400)).toEqual({
    throttleCount: undefined,
    mhz: undefined,
    temperatureMaxCelsius: undefined,
    belowBaseSeconds: undefined,
  });
});
