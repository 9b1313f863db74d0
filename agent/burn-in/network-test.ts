// The network: lost probes to the controller, and throughput to another machine where the command names one.
// A probe is a TCP connection that is opened and closed. A SYN or its answer that is lost is sent again a second later
// (RFC 6298 §2), so whatever takes longer than that was lost once.
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { judgeLoss } from '../../shared/burn-in/judge.ts';
import type { BurnInPeer } from '../../shared/burn-in/report.ts';
import { lastWords, runChild } from './child.ts';
import type { BurnInMachine, Finding, TestContext } from './machine.ts';

const probesPerSecond = 20;
const lostAfterMs = 900;
/** How long the two machines wait for each other. */
const meetingMs = 120_000;
const retryMs = 1000;

export async function testNetwork(context: TestContext): Promise<Finding[]> {
  const { peer, machine } = context;
  if (peer !== undefined && context.plan.usesPeer) return [await throughput(peer, context)];
  if (machine.controller === undefined) {
    const sentence = 'network: no controller is configured to try it against';
    return [{ component: 'network', outcome: 'skipped', sentence, figures: {} }];
  }
  return [await probes(machine.controller, context)];
}

type Controller = NonNullable<BurnInMachine['controller']>;

async function probes({ host, port }: Controller, { plan, signal }: TestContext): Promise<Finding> {
  const answers: Promise<number | undefined>[] = [];
  for (let sent = 0; sent < plan.seconds * probesPerSecond; sent += 1) {
    answers.push(probe(host, port));
    await delay(1000 / probesPerSecond, undefined, { signal });
  }
  const times = await Promise.all(answers);
  const heard = times.flatMap((ms) => (ms === undefined ? [] : [ms]));
  const roundTripMs = heard.length === 0 ? undefined : heard.reduce((sum, ms) => sum + ms, 0) / heard.length;
  const lost = times.length - heard.length;
  const figures = {
    networkLossPercent: (lost / Math.max(1, times.length)) * 100,
    ...(roundTripMs === undefined ? {} : { networkRoundTripMs: roundTripMs }),
  };
  const facts = { to: `the controller at ${host}`, sent: times.length, lost, roundTripMs };
  return { component: 'network', ...judgeLoss(facts), figures };
}

/** Milliseconds until the connection stood; undefined where it did not in time. */
function probe(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = connect({ host, port });
    const done = (answer: number | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => done(undefined), lostAfterMs);
    socket.once('connect', () => done(performance.now() - began));
    socket.once('error', () => done(undefined));
  });
}

/** Half the time in each direction, measured by the client. The server answers one client, from its own address only. */
async function throughput(peer: BurnInPeer, context: TestContext): Promise<Finding> {
  const seconds = Math.max(1, Math.floor(context.plan.seconds / 2));
  if (peer.role === 'server') return serve(peer, context);
  const send = await measure(peer, context, ['-t', String(seconds)]);
  if (typeof send === 'string') return failure(`network: nothing was sent to ${peer.address}: ${send}`);
  const receive = await measure(peer, context, ['-t', String(seconds), '-R']);
  if (typeof receive === 'string') return failure(`network: nothing was received from ${peer.address}: ${receive}`);
  const gigabits = (bits: number): string => `${(bits / 1e9).toFixed(2)} Gb/s`;
  const sentence = `network: ${gigabits(send.bitsPerSecond)} to and ${gigabits(receive.bitsPerSecond)} from ${peer.address}`;
  const figures = {
    networkSendBitsPerSecond: send.bitsPerSecond,
    networkReceiveBitsPerSecond: receive.bitsPerSecond,
    networkRetransmitCount: send.retransmits,
  };
  return { component: 'network', outcome: 'passed', sentence, figures };
}

function failure(sentence: string): Finding {
  return { component: 'network', outcome: 'failed', sentence: sentence.slice(0, 400), figures: {} };
}

/** Two measurements, one after the other: `-1` ends the server after one of them. */
async function serve({ address, port }: BurnInPeer, context: TestContext): Promise<Finding> {
  for (let turn = 1; turn <= 2; turn += 1) {
    const end = await iperf(context, ['-s', '-1', '-B', address, '-p', String(port)]);
    if (end.status !== 0) return failure(`network: the other machine did not measure with this one: ${lastWords(end)}`);
  }
  const sentence = 'network: the other machine measured with this one and tells the figures';
  return { component: 'network', outcome: 'passed', sentence, figures: {} };
}

type Measured = { readonly bitsPerSecond: number; readonly retransmits: number };

/** What was measured, or why nothing was. A server that is not there yet is waited for. */
async function measure(peer: BurnInPeer, context: TestContext, words: readonly string[]): Promise<Measured | string> {
  const until = performance.now() + Math.min(meetingMs, context.plan.seconds * 1000 + 5000);
  for (;;) {
    const end = await iperf(context, ['-J', '-c', peer.address, '-p', String(peer.port), ...words]);
    const told = parseIperf(end.output);
    if (typeof told !== 'string' || performance.now() >= until) return told;
    await delay(retryMs, undefined, { signal: context.signal });
  }
}

function iperf(
  { tools, plan, signal, folder, log }: TestContext,
  words: readonly string[],
): ReturnType<typeof runChild> {
  if (typeof tools === 'string') throw new Error(tools);
  const timeoutMs = plan.seconds * 1000 + meetingMs;
  return runChild(tools.command('iperf3', ...words), { signal, cwd: folder, timeoutMs, onErrorLine: log });
}

/** iperf3's JSON: what arrived counts, not what was handed to the kernel. */
export function parseIperf(output: string): Measured | string {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return 'iperf3 gave no readable answer';
  }
  const error = member(value, 'error');
  if (typeof error === 'string') return error;
  const bits = member(value, 'end', 'sum_received', 'bits_per_second');
  const retransmits = member(value, 'end', 'sum_sent', 'retransmits');
  if (typeof bits !== 'number') return 'iperf3 told no rate';
  return { bitsPerSecond: bits, retransmits: typeof retransmits === 'number' ? retransmits : 0 };
}

function member(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
