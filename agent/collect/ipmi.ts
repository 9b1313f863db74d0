// What the BMC knows: itself, its event log, its sensors, and the FRU data of the parts it can read. By ipmitool, one
// question at a time: there is one BMC, and it is slow.
import { access, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../../shared/clock.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import { selRecordBytes } from '../../shared/hardware/evidence/sel.ts';
import { base64, jsonBytes, type Collector, type Host, type Reading } from './collector.ts';
import { outputOf } from './program.ts';

const devices = ['dev/ipmi0', 'dev/ipmi/0', 'dev/ipmidev/0'];
/** A log or a sensor repository of a thousand records takes this long over a keyboard-style interface. */
const longTimeoutMs = 60_000;
const timeoutMs = 20_000;
/** All questions together: a BMC that answers none of them must not keep the machine from enrolling. */
const familyTimeoutMs = 150_000;
/** It misses a list of makers' names that nobody reads here. */
const noise = 'IANA PEN registry open failed: No such file or directory';
const selRecordsMax = 512;
const fruBytesMax = 8 * 1024;
const fruDevicesMax = 32;
const sdrBytesMax = 512 * 1024;
const logBytesMax = 0x10000 * selRecordBytes;

export function ipmiFamily(host: Host): readonly Collector[] {
  const bmc = bmcOf(host);
  return [
    { source: 'bmc.json', collect: () => bmc.ask(facts) },
    { source: 'fru.bin', collect: () => bmc.ask(({ file }) => file(['fru', 'read', '0'], fruBytesMax)) },
    { source: 'sel.bin', collect: () => bmc.ask(eventLog) },
    { source: 'sdr.csv', collect: () => bmc.ask(sensors) },
    { source: 'fru.json', collect: () => bmc.ask(partData) },
  ];
}

/** A BMC that answers. */
type Bmc = {
  readonly clock: NonNullable<Host['clock']>;
  /** What ipmitool said when the BMC was asked for itself. */
  readonly mcInfo: string;
  readonly text: (args: readonly string[], timeoutMs?: number) => Promise<string>;
  /** What ipmitool wrote into the file that it was given as its last argument. */
  readonly file: (args: readonly string[], bytesMax: number) => Promise<Uint8Array>;
  /** Options that let ipmitool take the sensor records from a file instead of reading them again. */
  readonly sensorCache: () => Promise<readonly string[]>;
};

function bmcOf(host: Host): { ask: (question: (bmc: Bmc) => Promise<Uint8Array>) => Promise<Reading> } {
  const endsAtMs = performance.now() + familyTimeoutMs;
  const text = async (args: readonly string[], limitMs = timeoutMs): Promise<string> => {
    const leftMs = Math.floor(endsAtMs - performance.now());
    if (leftMs <= 0) throw new PpecError('deadline_exceeded', 'the BMC is too slow: its time was up before this');
    const limits = { timeoutMs: Math.min(limitMs, leftMs), outputBytesMax: sdrBytesMax, noise };
    return (await outputOf(host, ['ipmitool', ...args], limits)).toString();
  };
  const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
    const folder = await mkdtemp(join(tmpdir(), 'ppec-ipmi-'));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  let mcInfo: Promise<string> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const answer = async (question: (bmc: Bmc) => Promise<Uint8Array>): Promise<Reading> => {
    if (!(await hasBmc(host.root))) return { absentBecause: 'no BMC answers to a driver of this system (/dev/ipmi0)' };
    // Asked once: where there is no answer to this, there is none to anything.
    const itself = await (mcInfo ??= text(['mc', 'info']));
    return inFolder(async (folder) =>
      question({
        clock: host.clock ?? systemClock,
        mcInfo: itself,
        text,
        file: async (args, bytesMax) => {
          const path = join(folder, 'data');
          await text([...args, path], longTimeoutMs);
          return startOf(path, bytesMax);
        },
        sensorCache: async () => {
          const path = join(folder, 'sdr');
          return text(['sdr', 'dump', path], longTimeoutMs).then(
            () => ['-S', path],
            () => [],
          );
        },
      }),
    );
  };
  return {
    ask: (question) => {
      const next = last.then(() => answer(question));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

async function hasBmc(root: string): Promise<boolean> {
  const found = devices.map((device) =>
    access(join(root, device)).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(found)).includes(true);
}

async function facts({ clock, mcInfo, text }: Bmc): Promise<Uint8Array> {
  // Channel 1 is not a network on every BMC, and not every one has a clock.
  const lan = await text(['lan', 'print', '1']).catch(() => undefined);
  const selTime = await text(['sel', 'time', 'get']).catch(() => null);
  const hostTimeMs = clock.nowMs();
  const selInfo = await text(['sel', 'info']).catch(() => null);
  return jsonBytes({ mcInfo, lan: lan === undefined ? {} : { 1: lan }, selTime, selInfo, hostTimeMs });
}

/** The newest records: the log begins with its oldest. */
async function eventLog({ file }: Bmc): Promise<Uint8Array> {
  // An empty log leaves no file.
  const bytes = await file(['sel', 'writeraw'], logBytesMax).catch((error: unknown) => {
    if (error instanceof PpecError && error.code === 'not_found') return new Uint8Array();
    throw error;
  });
  const whole = bytes.subarray(0, bytes.length - (bytes.length % selRecordBytes));
  return whole.slice(-selRecordsMax * selRecordBytes);
}

async function sensors({ text, sensorCache }: Bmc): Promise<Uint8Array> {
  const cache = await sensorCache();
  return Buffer.from(await text([...cache, '-c', 'sdr', 'elist', 'all'], longTimeoutMs));
}

/** FRU data of every part that the sensor repository locates, by the id of its FRU device. */
async function partData({ text, file }: Bmc): Promise<Uint8Array> {
  const list = await text(['sdr', 'elist', 'fru'], longTimeoutMs);
  const parts: Record<string, { name: string; bytes: string }> = {};
  for (const [id, name] of [...fruLocators(list)].slice(0, fruDevicesMax)) {
    try {
      parts[String(id)] = { name, bytes: base64(await file(['fru', 'read', String(id)], fruBytesMax)) };
    } catch (error) {
      // A part that is located but not plugged has no data. A BMC that hangs has none of anything.
      if (error instanceof PpecError && error.code === 'deadline_exceeded') throw error;
    }
  }
  return jsonBytes(parts);
}

/** `PS1 Status | 00h | ok | 10.1 | Logical FRU @02h`; the machine's own, 0, is read apart. */
export function fruLocators(list: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const line of list.split('\n')) {
    const [, name, id] = /^([^|]{1,64}?)\s*\|.*\bLog(?:ical)? FRU @([0-9A-Fa-f]{2})h/.exec(line) ?? [];
    const number = parseInt(id ?? '0', 16);
    if (name !== undefined && number > 0 && number < 0xff && !found.has(number)) found.set(number, name);
  }
  return found;
}

async function startOf(path: string, bytesMax: number): Promise<Uint8Array> {
  const file = await open(path).catch((error: unknown) => {
    throw new PpecError('not_found', 'ipmitool wrote nothing: the BMC has no such data', {
      detail: messageOf(error),
      cause: error,
    });
  });
  try {
    const buffer = new Uint8Array(Math.min(bytesMax, (await file.stat()).size));
    if (buffer.length === 0) throw new PpecError('not_found', 'ipmitool wrote nothing: the BMC has no such data');
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
