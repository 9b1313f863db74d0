// The agent link under a client that holds real certificates and keeps to nothing else. Each case is one session: the
// handshake, some sound frames, then something wrong, at the level of bytes, of WebSocket frames, of MessagePack or of messages.
import { connect, type TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';

import { messageOf } from '../../shared/errors.ts';
import { machineSpec } from '../integration/machine.ts';
import { furnish, startTestRegion, type Region } from '../integration/region.ts';
import { enrolled, helloOf, type Identity } from '../security/peer.ts';
import { diceOf, mutated, mutatedBytes, oddTexts, oddValue, type Dice } from './dice.ts';
import { eachCase, type Fuzz, type FuzzOptions, type FuzzResult } from './fuzz.ts';
import { differences, fuzzHeapMb, rssBytes, witnessOf } from './witness.ts';

const identities = 24;
const endTimeoutMs = 30_000;
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });
const extended = new Packr({ useRecords: true, moreTypes: true, structuredClone: true });
const bomb = Buffer.alloc(5 * 1024 * 1024);

export const protocolFuzz: Fuzz = {
  summary: 'sessions of the agent link, with frames that are wrong in every way',
  // Frames, not sessions: a session is closed at its first wrong frame.
  cases: 1_000_000,
  run,
};

async function run(options: FuzzOptions): Promise<FuzzResult> {
  await using region = await startTestRegion({ heartbeatMs: 10_000 }, undefined, { heapMb: fuzzHeapMb });
  await furnish(region, ['FUZZ-ORDERED'], machineSpec);
  const peers: Identity[] = [];
  for (let index = 0; index < identities; index += 1) {
    const mac = `52:54:00:fa:00:${index.toString(16).padStart(2, '0')}`;
    peers.push(await enrolled(region, `FUZZ-${index}`, mac));
  }
  const before = witnessOf(region);
  const done: Record<'frames' | 'wrong frames' | 'sessions' | 'closed by the controller' | 'RSS MB, most', number> &
    Record<string, number> = {
    frames: 0,
    'wrong frames': 0,
    sessions: 0,
    'closed by the controller': 0,
    'RSS MB, most': 0,
  };
  const problems: string[] = [];
  const lanes = 12;
  // A session is a case; it is over when the frames are.
  const limits = { ...options, cases: Number.MAX_SAFE_INTEGER };
  await eachCase(limits, { lanes, problems }, async (index) => {
    if (done.frames >= options.cases) return;
    const dice = diceOf(options.seed, index);
    const peer = dice.pick(peers);
    const plan = planOf(peer, dice);
    done.frames += plan.frames;
    done['wrong frames'] += plan.wrong;
    done.sessions += 1;
    try {
      if (await play(region, peer, plan)) done['closed by the controller'] += 1;
    } catch (error) {
      problems.push(`case ${index}, seed ${options.seed} (${plan.what}): ${messageOf(error)}`);
    }
    if (index % 500 === 0) done['RSS MB, most'] = Math.max(done['RSS MB, most'], Math.round(rssBytes(region) / 1e6));
    const tenth = Math.floor((10 * done.frames) / options.cases);
    done[`RSS MB, tenth ${tenth}`] ??= Math.round(rssBytes(region) / 1e6);
    if (done.frames >= options.cases) limits.cases = 0;
  });
  await region.client('vic').call('region.get', {});
  problems.push(...differences(before, witnessOf(region), region));
  return { done, problems };
}

type Plan = {
  readonly what: string;
  readonly frames: number;
  readonly wrong: number;
  readonly bytes: readonly Buffer[];
  /** The connection is cut at the end, without an end of its own. */
  readonly isCut: boolean;
};

function planOf(peer: Identity, dice: Dice): Plan {
  const bytes: Buffer[] = [];
  let seq = 0;
  let frames = 0;
  const put = (type: string, body: unknown, seqOf = (seq += 1)): void => {
    frames += 1;
    bytes.push(frame(packr.pack([type, seqOf, body])));
  };
  const isGreeted = !dice.chance(0.1);
  if (isGreeted) put('hello', helloOf(peer));
  if (isGreeted) for (let count = dice.int(40); count > 0; count -= 1) put(...soundMessage(dice));
  const sound = frames;
  const wrong = dice.pick(wrongs);
  wrong.put({ peer, dice, put, seq: () => seq + 1, raw: (data) => void (bytes.push(data), (frames += 1)) });
  const isCut = dice.chance(0.15);
  if (!isCut) bytes.push(frame(Buffer.from([0x03, 0xe8]), 0x88));
  const last = bytes.at(-1);
  if (isCut && last !== undefined) bytes[bytes.length - 1] = last.subarray(0, dice.int(last.length));
  return { what: wrong.name, frames, wrong: frames - sound, bytes, isCut };
}

function soundMessage(dice: Dice): [string, unknown] {
  const kind = dice.int(100);
  if (kind < 2)
    return ['health', { state: 'ok', findings: [], readings: { [dice.pick(oddTexts).slice(0, 80)]: dice.int(100) } }];
  if (kind < 5)
    return ['command-progress', { commandId: dice.pick(oddTexts).slice(0, 40), percent: dice.int(101), message: 'x' }];
  if (kind < 7)
    return ['command-result', { commandId: 'cmd_x', outcome: 'succeeded', message: '', durationMs: dice.int(1e9) }];
  return ['heartbeat', { uptimeMs: dice.int(2 ** 31), rssBytes: dice.int(2 ** 31) }];
}

type Wrong = {
  readonly name: string;
  readonly put: (to: {
    readonly peer: Identity;
    readonly dice: Dice;
    readonly put: (type: string, body: unknown, seq?: number) => void;
    readonly seq: () => number;
    readonly raw: (data: Buffer) => void;
  }) => void;
};

const wrongs: readonly Wrong[] = [
  {
    name: 'a message with something wrong in it',
    put: ({ peer, dice, put }) => {
      const [type, body] = dice.pick([
        ['hello', helloOf(peer)] as const,
        ['inventory', inventory(dice)] as const,
        soundMessage(dice),
        ['health', healthOf(dice)] as const,
        ['burn-in-progress', { commandId: 'x', test: 'cpu', percent: 1 }] as const,
        ['inventory-offer', { hash: 'a'.repeat(64) }] as const,
      ]);
      put(type, mutated(body, dice));
    },
  },
  {
    name: 'bytes of a message changed',
    put: ({ peer, dice, seq, raw }) => {
      const body = dice.chance(0.5) ? ['hello', 1, helloOf(peer)] : ['inventory', seq(), inventory(dice)];
      raw(frame(mutatedBytes(Buffer.from(packr.pack(body)), dice)));
    },
  },
  { name: 'any bytes', put: ({ dice, raw }) => raw(frame(dice.bytes(1 + dice.int(300)))) },
  { name: 'a type that does not exist', put: ({ dice, put }) => put(dice.pick(oddTexts), oddValue(dice)) },
  {
    name: 'a wrong sequence number',
    put: ({ dice, put }) => {
      const seq = dice.pick([0, -1, 1, 2, 1e6, 2 ** 53, 0.5, Number.NaN]);
      put('heartbeat', { uptimeMs: 1, rssBytes: 1 }, seq);
    },
  },
  { name: 'another machine', put: ({ dice, peer, put }) => put('hello', helloOf(peer, { assetId: dice.pick(oddTexts).slice(0, 40) })) },
  {
    name: 'an extension type',
    put: ({ dice, raw }) => {
      const value = dice.pick([new Set([1]), /(a+)+$/, new Error('x'), new Uint16Array(4), new Map([[1, 2]]), { a: 1 }]);
      raw(frame(Buffer.from(extended.pack(['heartbeat', 1, value]))));
    },
  },
  {
    name: 'a declared length that is a lie',
    put: ({ dice, raw }) => {
      const type = dice.pick([0xdd, 0xdf, 0xdb, 0xc6, 0xdc, 0xde, 0xc9]);
      raw(frame(Buffer.concat([Buffer.from([0x93, type, 0xff, 0xff, 0xff, 0xff]), dice.bytes(dice.int(40))])));
    },
  },
  { name: 'depth', put: ({ dice, raw }) => raw(frame(Buffer.concat([Buffer.alloc(1 + dice.int(20_000), 0x91), Buffer.from([0xc0])]))) },
  {
    name: 'evidence that unpacks to too much',
    put: ({ dice, put }) => {
      const gzip = dice.chance(0.02) ? gzipSync(bomb) : gzipSync(Buffer.from('x'));
      put('inventory', { ...inventory(dice), evidence: [{ source: 'smbios', sha256: 'a'.repeat(64), gzip }] });
    },
  },
  { name: 'a text frame', put: ({ dice, raw }) => raw(frame(Buffer.from(dice.pick(oddTexts)), 0x81)) },
  { name: 'an opcode nobody speaks', put: ({ dice, raw }) => raw(frame(dice.bytes(8), 0x80 | dice.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]))) },
  { name: 'a reserved bit', put: ({ dice, raw }) => raw(frame(dice.bytes(8), 0x82 | dice.pick([0x10, 0x20, 0x40]))) },
  { name: 'a frame without a mask', put: ({ raw }) => raw(Buffer.from([0x82, 0x01, 0xc0])) },
  { name: 'a frame that declares too much', put: ({ raw }) => raw(Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4])) },
  {
    name: 'fragments',
    put: ({ dice, seq, raw }) => {
      const data = Buffer.from(packr.pack(['heartbeat', seq(), { uptimeMs: 1, rssBytes: 1 }]));
      const at = dice.int(data.length);
      raw(frame(data.subarray(0, at), 0x02));
      for (let count = dice.int(5); count > 0; count -= 1) raw(frame(Buffer.alloc(0), 0x00));
      if (dice.chance(0.3)) raw(frame(Buffer.alloc(3), 0x89));
      raw(frame(data.subarray(at), dice.pick([0x80, 0x82, 0x00])));
    },
  },
  { name: 'a control frame that is too long', put: ({ raw }) => raw(frame(Buffer.alloc(200), 0x89)) },
  {
    name: 'a flood of pings',
    put: ({ dice, raw }) => {
      for (let count = dice.int(100); count > 0; count -= 1) raw(frame(Buffer.from('p'), 0x89));
    },
  },
  { name: 'a close frame with nonsense', put: ({ dice, raw }) => raw(frame(dice.bytes(dice.int(10)), 0x88)) },
  { name: 'a large frame of nothing', put: ({ dice, raw }) => raw(frame(Buffer.alloc(dice.chance(0.02) ? 1_200_000 : 20_000))) },
  { name: 'nothing wrong', put: ({ put }) => put('heartbeat', { uptimeMs: 1, rssBytes: 1 }) },
]; // prettier-ignore

function inventory(dice: Dice): object {
  const bytes = dice.bytes(dice.int(200));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const source = dice.pick(['smbios', 'pci', 'cpuinfo', 'lldp:eth0', 'nonsense', '__proto__']);
  return {
    hash: 'b'.repeat(64),
    evidence: [{ source, sha256, gzip: gzipSync(bytes, { level: 1 }) }],
    absent: [{ source: 'gpus', reason: dice.pick(oddTexts).slice(0, 500) }],
    unread: [],
  };
}

function healthOf(dice: Dice): object {
  const finding = { check: 'x', component: dice.pick(oddTexts).slice(0, 100), state: 'degraded', message: 'm' };
  return { state: 'degraded', findings: [finding], readings: { a: 1 } };
}

/** One masked WebSocket frame (RFC 6455 §5.2); the mask is of zeros, which masks nothing. */
function frame(data: Buffer | Uint8Array, head = 0x82): Buffer {
  const { length } = data;
  const lengths =
    length < 126
      ? [0x80 | length]
      : length < 65_536
        ? [0x80 | 126, length >> 8, length & 0xff]
        : [0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([head, ...lengths, 0, 0, 0, 0]), data]);
}

const upgrade =
  'GET /agent/v1/link HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n';

/** Plays a session to its end; answers whether the controller said why it closed. */
function play(region: Region, peer: Identity, plan: Plan): Promise<boolean> {
  const { port } = new URL(region.agentUrl);
  const socket = connect({
    port: Number(port),
    host: '127.0.0.1',
    servername: 'localhost',
    ca: peer.ca,
    cert: peer.cert,
    key: peer.key,
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the link hung for ${endTimeoutMs} ms`));
    }, endTimeoutMs);
    let heard = Buffer.alloc(0);
    let isOpen = false;
    socket.on('error', (error) => {
      // A peer that was cut off is told so by a reset; a handshake that fails is another thing.
      if (!isOpen) reject(error);
    });
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]).subarray(-4096);
      if (isOpen || !heard.includes('\r\n\r\n')) return;
      if (!heard.toString('latin1').startsWith('HTTP/1.1 101')) {
        reject(new Error(heard.toString('latin1', 0, 200)));
        socket.destroy();
        return;
      }
      isOpen = true;
      send(socket, plan);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      if (isOpen) resolve(heard.includes(0x88));
      else reject(new Error('the link was not opened'));
    });
    socket.write(upgrade);
  });
}

function send(socket: TLSSocket, plan: Plan): void {
  socket.write(Buffer.concat(plan.bytes), () => {
    if (plan.isCut) socket.destroy();
    else socket.end();
  });
}
