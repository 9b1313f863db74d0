// ppec-hw as it is compiled for the image. Its listener hears real frames, over a pair of virtual ports in a network
// namespace of its own: that needs root.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { parseLldpFrame } from '../shared/hardware/evidence/lldp.ts';
import { temporaryFolder } from '../test/fixtures/temporary-folder.ts';
import { neededLibraries } from './elf.ts';
import { compileTo, hwProgram } from './hw-program.ts';

const execute = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const patience = { timeout: 20_000 };

let built = '';
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'ppec-hw-test-'));
  await compileTo(join(built, 'ppec-hw'));
  await compileTo(join(built, 'send-frame'), join(import.meta.dirname, 'hw/send-frame.c'));
  return () => rm(built, { recursive: true });
});

type Ended = { readonly status: unknown; readonly stdout: string; readonly stderr: string };

function ended(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(join(built, 'ppec-hw'), words, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('the same source gives the same program, which needs no library', async () => {
  const program = await hwProgram();
  expect(program.equals(await hwProgram())).toBe(true);
  expect(neededLibraries(program)).toEqual([]);
});

test.each([
  [[], 2, 'usage:'],
  [['lldp'], 2, 'usage:'],
  [['nvme-identify', '/dev/nowhere'], 1, 'ppec-hw: cannot open /dev/nowhere: No such file'],
  [['nvme-identify', '/dev/null'], 1, 'ppec-hw: cannot identify /dev/null: Inappropriate ioctl'],
  [['lldp', '/dev/null'], 1, 'ppec-hw: cannot open /dev/null: Not a directory'],
])('ppec-hw %j ends with status %i and says why', async (words, status, said) => {
  const { stderr, ...rest } = await ended(...words);
  expect(rest).toEqual({ status, stdout: '' });
  expect(stderr).toContain(said);
});

test('ports are a JSON object, empty values for what a port does not tell', async () => {
  const { status, stdout } = await ended('ports', 'lo', 'no"port');
  const none = {
    driver: null,
    version: null,
    firmware: null,
    bus: null,
    permanentMac: null,
    maxMbps: null,
    module: null,
  };
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ lo: none, 'no"port': none });
});

/** A neighbour's frame: chassis id and port id (locally assigned), time to live, system name. */
function frameOf(mac: string, { name, ttl = 120 }: { readonly name: string; readonly ttl?: number }): string {
  const tlv = (type: number, value: string): string =>
    ((type << 9) | (value.length / 2)).toString(16).padStart(4, '0') + value;
  const text = Buffer.from(name).toString('hex');
  const body = [
    tlv(1, `07${text}`),
    tlv(2, '0731'),
    tlv(3, ttl.toString(16).padStart(4, '0')),
    tlv(5, text),
    tlv(0, ''),
  ].join('');
  return `0180c200000e${mac}88cc${body}`;
}

describe.runIf(isRoot)('the LLDP listener', () => {
  type Listener = {
    readonly folder: string;
    readonly process: ChildProcess;
    readonly inside: (...words: readonly string[]) => Promise<string>;
    readonly send: (frame: string, port?: string) => Promise<string>;
    readonly frames: () => Promise<string[]>;
  };

  async function listener(...ports: readonly string[]): Promise<Listener> {
    const folder = join(await temporaryFolder(), 'lldp');
    const script = `ip link add sw0 type veth peer name port0 && ip link set sw0 up && ip link set port0 up && exec "$@"`;
    const command = [join(built, 'ppec-hw'), 'lldp', folder, ...ports];
    const child = spawn('unshare', ['--net', 'sh', '-c', script, 'sh', ...command], { stdio: 'inherit' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect.poll(() => readdir(folder).catch(() => []), patience).toContain('since');
    const inside = async (...words: readonly string[]): Promise<string> =>
      (await execute('nsenter', ['-t', String(child.pid), '-n', ...words])).stdout;
    return {
      folder,
      process: child,
      inside,
      send: (frame, port = 'sw0') => inside(join(built, 'send-frame'), port, frame),
      frames: async () => (await readdir(folder)).filter((name) => name.endsWith('.frame')).toSorted(),
    };
  }

  test('keeps the newest frame of each neighbour, nothing else, and ends when it is told to', async () => {
    const { folder, process: child, send, frames } = await listener('port0');
    await send(frameOf('020000000001', { name: 'old' }));
    await send(frameOf('020000000001', { name: 'new' }));
    // Another protocol for the same address, and less than a frame.
    await send('0180c200000e020000000003080700000000');
    await send('0180c200000e02000000000488cc');
    await send(frameOf('020000000002', { name: 'other' }));
    await expect.poll(frames, patience).toEqual(['port0.020000000001.frame', 'port0.020000000002.frame']);
    const kept = await readFile(join(folder, 'port0.020000000001.frame'));
    expect(kept.toString('hex')).toBe(frameOf('020000000001', { name: 'new' }));
    expect(parseLldpFrame(kept).neighbour).toMatchObject({ systemName: 'new', sourceMac: '02:00:00:00:00:01' });
    const since = Number(await readFile(join(folder, 'since'), 'utf8'));
    expect(Math.abs(Number((await execute('date', ['+%s'])).stdout) * 1000 - since)).toBeLessThan(60_000);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('keeps at most eight neighbours of a port, and forgets one that says that it goes', async () => {
    const { send, frames } = await listener('port0');
    for (let index = 1; index <= 12; index += 1) await send(frameOf(`02000000000${index.toString(16)}`, { name: 'n' }));
    await expect.poll(frames, patience).toContain('port0.02000000000c.frame');
    expect(await frames()).toHaveLength(8);
    await send(frameOf('02000000000c', { name: 'n', ttl: 0 }));
    await expect.poll(frames, patience).not.toContain('port0.02000000000c.frame');
    expect(await frames()).toHaveLength(7);
  });

  test('forgets a neighbour when its time is over, and the neighbours of a port that is gone', async () => {
    const { send, frames, inside } = await listener('port0');
    await send(frameOf('020000000001', { name: 'short', ttl: 1 }));
    await send(frameOf('020000000002', { name: 'long' }));
    await expect.poll(frames, patience).toEqual(['port0.020000000001.frame', 'port0.020000000002.frame']);
    await expect.poll(frames, patience).toEqual(['port0.020000000002.frame']);
    await inside('ip', 'link', 'delete', 'sw0');
    await expect.poll(frames, patience).toEqual([]);
  });

  test('forgets what it heard through a cable that was out', async () => {
    const { send, frames, inside } = await listener('port0');
    await send(frameOf('020000000001', { name: 'here' }));
    await expect.poll(frames, patience).toEqual(['port0.020000000001.frame']);
    await inside('ip', 'link', 'set', 'sw0', 'down');
    await expect.poll(frames, patience).toEqual([]);
    await inside('ip', 'link', 'set', 'sw0', 'up');
    const heard = async (): Promise<string[]> => {
      await send(frameOf('020000000002', { name: 'there' }));
      return frames();
    };
    await expect.poll(heard, { ...patience, interval: 500 }).toEqual(['port0.020000000002.frame']);
  });

  test('hears a port that comes later', async () => {
    const { send, frames, inside } = await listener('port0', 'late0');
    await inside('sh', '-c', 'ip link add sw1 type veth peer name late0; ip link set sw1 up; ip link set late0 up');
    // A switch repeats itself.
    const heard = async (): Promise<string[]> => {
      await send(frameOf('020000000009', { name: 'late' }), 'sw1');
      return frames();
    };
    await expect.poll(heard, { ...patience, interval: 500 }).toEqual(['late0.020000000009.frame']);
  });
});
