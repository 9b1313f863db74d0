// The board controller (BMC) of a lab server: OpenIPMI's simulator. As on a board it lives beside the server and keeps its
// log while the server is off; QEMU's keyboard-style interface (KCS) leads to it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Namespace } from './namespace.ts';
import { waitFor } from './wait.ts';

/** Local TCP ports of the lab's network: where QEMU comes in, and where commands for the simulator do. */
export type BmcPorts = { readonly system: number; readonly console: number };

/** An event of a discrete sensor (IPMI v2.0 §32.1, §42.2). */
export type BmcEvent = {
  readonly sensorType: number;
  readonly sensorNumber: number;
  readonly offset: number;
  /** False: the state is left. */
  readonly asserted: boolean;
};

const firstPort = 9000;
const startTimeoutMs = 20_000;
const commandTimeoutMs = 30_000;

export function bmcPorts(serverIndex: number): BmcPorts {
  return { system: firstPort + 2 * serverIndex, console: firstPort + 2 * serverIndex + 1 };
}

/** The simulator's command; writes its files into `folder`. */
export function bmcCommand(folder: string, ports: BmcPorts): [string, ...string[]] {
  const state = join(folder, 'state');
  mkdirSync(state, { recursive: true });
  const settings = join(folder, 'lan.conf');
  writeFileSync(
    settings,
    [
      'name "bmc"',
      'set_working_mc 0x20',
      `  serial 15 127.0.0.1 ${ports.system} codec VM`,
      `  console 127.0.0.1 ${ports.console}`,
      '',
    ].join('\n'),
  );
  const board = join(folder, 'board.emu');
  writeFileSync(
    board,
    [
      'mc_setbmc 0x20',
      // Device 0 of revision 3, firmware 9.08, IPMI 2.0; all that a BMC can have but a bridge.
      'mc_add 0x20 0 no-device-sdrs 0x03 9 8 0x9f 0x1291 0xf02 persist_sdr',
      'sel_enable 0x20 1000 0x0a',
      'mc_enable 0x20',
      '',
    ].join('\n'),
  );
  return ['ipmi_sim', '-c', settings, '-f', board, '-s', state, '-n'];
}

/** Waits until the simulator listens: QEMU comes again only after a second. */
export async function waitForBmc(namespace: Namespace, ports: BmcPorts): Promise<void> {
  const isOpen = (port: number): boolean =>
    namespace.procNet('tcp').includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`);
  await waitFor(() => (isOpen(ports.system) && isOpen(ports.console) ? true : undefined), {
    timeoutMs: startTimeoutMs,
    what: () => `the BMC to listen on port ${ports.system}`,
  });
}

const setSelTime = 0x49;
/** Answered with the completion code 0. */
const timeIsSet = '01 2c 49 00 8a a0';

/** Sets its clock (IPMI v2.0 §31.11), which is at zero when it starts. Only before its server is on: it has one interface. */
export async function setBmcClock(namespace: Namespace, ports: BmcPorts, nowMs: number): Promise<void> {
  const time = Buffer.alloc(4);
  time.writeUInt32LE(Math.floor(nowMs / 1000));
  const storage = 0x0a;
  const script = `exec 3<>/dev/tcp/127.0.0.1/"$1" && printf "$2" >&3 && head -c 11 <&3 | od -An -tx1`;
  const message = serialMessage([1, storage << 2, setSelTime, ...time]);
  const words = ['-c', script, 'bash', String(ports.system), message];
  const { stdout, stderr } = await namespace.run('bash', words, { timeoutMs: commandTimeoutMs });
  if (!stdout.trim().endsWith(timeIsSet)) throw new Error(`the BMC's clock cannot be set: ${stdout}${stderr}`);
}

/** As printf writes it: a message of the interface for virtual machines, with its sum, its escapes and its end. */
function serialMessage(body: readonly number[]): string {
  const sum = body.reduce((total, byte) => total + byte, 0);
  const bytes = [...body, -sum & 0xff].flatMap((byte) =>
    byte === 0xa0 || byte === 0xa1 || byte === 0xaa ? [0xaa, byte | 0x10] : [byte],
  );
  return [...bytes, 0xa0].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Enters an event into the log, with the BMC's own time. */
export async function enterBmcEvent(namespace: Namespace, ports: BmcPorts, event: BmcEvent): Promise<void> {
  const { sensorType, sensorNumber, offset, asserted } = event;
  const sensorSpecific = 0x6f;
  const direction = asserted ? sensorSpecific : 0x80 | sensorSpecific;
  // The time, the generator (the BMC itself), the form of the event, the event.
  const record = [0, 0, 0, 0, 0x20, 0, 4, sensorType, sensorNumber, direction, offset, 0xff, 0xff];
  const answer = await tell(namespace, ports, `sel_add 0x20 0x02 ${record.join(' ')}`);
  if (!/Added record \d+/.test(answer)) throw new Error(`the BMC took no event: ${answer}`);
}

/** The simulator's console is a terminal: a prompt, an echo, an answer, a prompt. */
async function tell(namespace: Namespace, ports: BmcPorts, command: string): Promise<string> {
  const script = `exec 3<>/dev/tcp/127.0.0.1/"$1" && read -r -d '>' -u 3 && printf '%s\\r\\n' "$2" >&3 && read -r -d '>' -u 3 answer && printf '%s' "$answer"`;
  const words = ['-c', script, 'bash', String(ports.console), command];
  const { stdout, stderr } = await namespace.run('bash', words, { timeoutMs: commandTimeoutMs });
  return `${stdout}${stderr}`;
}
