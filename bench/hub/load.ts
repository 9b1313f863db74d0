// The load generator: machines that boot, enrol, report and send heartbeats, in a process of its own.
import { get } from 'node:http';
import { request } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Compile } from 'typebox/compile';

import { certificateRequest } from '../../agent/identity/certificate-request.ts';
import { must } from '../../shared/assert.ts';
import { EnrolResponse, type EnrolRequest } from '../../shared/protocol/enrolment.ts';
import { isLoadCommand, type LoadCommand, type Target } from './commands.ts';
import { enlist } from './enlist.ts';
import { beat, each, openLink, type Enrolled, type Link } from './link.ts';
import { createMachine, readTemplate, type Machine } from './machine.ts';
import { serveCommands, type Done } from './worker.ts';

/** Unsent bytes of a link at which the generator waits for the reader. */
const bufferedBytesMax = 16 * 1024;
const paceMs = 2;

const enrolResponse = Compile(EnrolResponse);
/** Machines that enrolled before. */
const fleet: { machines: Machine[]; enrolled: Enrolled[]; links: Record<Target, Link[]> } = {
  machines: [],
  enrolled: [],
  links: { controller: [], bare: [] },
};
/** Machines that have never been seen. */
const fresh: { machines: Machine[]; tokens: string[]; enrolled: Enrolled[]; links: Link[] } = {
  machines: [],
  tokens: [],
  enrolled: [],
  links: [],
};
let ca = '';
let admissionStartedMs = 0;

serveCommands(isLoadCommand, run);

async function run(command: LoadCommand): Promise<Partial<Done>> {
  switch (command.do) {
    case 'prepare':
      return prepare(command);
    case 'connect':
      return connect(command);
    case 'beat':
      return beatAll(command);
    case 'boot':
      return boot(command.bootUrl, command.atOnce);
    case 'admit':
      return admit(command);
    case 'decided':
      return decided();
  }
}

async function prepare(command: Extract<LoadCommand, { do: 'prepare' }>): Promise<Partial<Done>> {
  const { dataDirectory, agents, enrolments } = command;
  const template = await readTemplate();
  const machines = Array.from({ length: enrolments + agents }, (_unused, index) => createMachine(index, template));
  fresh.machines = machines.slice(0, enrolments);
  fleet.machines = machines.slice(enrolments);
  fleet.enrolled = await enlist(fleet.machines, dataDirectory);
  return { count: template.evidence.reduce((sum, item) => sum + item.bytes.byteLength, 0) };
}

async function boot(bootUrl: string, atOnce: number): Promise<Partial<Done>> {
  ca = await getText(`${bootUrl}/boot/ca.pem`);
  const startedMs = performance.now();
  await each(fresh.machines, atOnce, async ({ macs, uuid, serial }, index) => {
    const query = new URLSearchParams({ mac: macs[0] ?? '', uuid, serial });
    const script = await getText(`${bootUrl}/boot/script?${query.toString()}`);
    fresh.tokens[index] = must(/ppec\.token=(\S+)/.exec(script)?.[1], `a token in the boot script:\n${script}`);
  });
  return { count: fresh.machines.length, tookMs: performance.now() - startedMs };
}

async function admit({ target, url, atOnce }: Extract<LoadCommand, { do: 'admit' }>): Promise<Partial<Done>> {
  admissionStartedMs = performance.now();
  await each(fresh.machines, atOnce, async (machine, index) => {
    const answer = await post(`${url}/agent/v1/enrol`, enrolment(machine, fresh.tokens[index] ?? ''));
    // The bare loop gives no certificates: it takes the ones that the controller gave.
    if (target === 'controller') {
      if (!enrolResponse.Check(answer)) throw new Error(`enrolment refused: ${JSON.stringify(answer)}`);
      fresh.enrolled[index] = { assetId: answer.assetId, cert: answer.certificate, ca };
    }
    const enrolled = must(fresh.enrolled[index], `machine ${index} is enrolled`);
    const link = await openLink({ url, machine, enrolled, isReporting: true });
    if (target === 'controller') fresh.links.push(link);
  });
  return { count: fresh.machines.length, tookMs: performance.now() - admissionStartedMs };
}

function enrolment(machine: Machine, token: string): EnrolRequest {
  return {
    token,
    csr: certificateRequest(machine.privateKey, token).der.toString('base64'),
    serial: machine.serial,
    uuid: machine.uuid,
    macs: [...machine.macs],
    bootId: machine.bootId,
    home: 'pious',
    agentVersion: '0.1.0',
  };
}

async function decided(): Promise<Partial<Done>> {
  const states = await Promise.all(fresh.links.map((link) => link.decided));
  return {
    count: states.filter((state) => state === 'SPARE').length,
    tookMs: performance.now() - admissionStartedMs,
  };
}

async function connect(command: Extract<LoadCommand, { do: 'connect' }>): Promise<Partial<Done>> {
  const { target, url, agents, atOnce } = command;
  const startedMs = performance.now();
  const links = fleet.links[target];
  const from = links.length;
  await each(fleet.machines.slice(from, agents), atOnce, async (machine, index) => {
    const enrolled = must(fleet.enrolled[from + index], `agent ${from + index} is enrolled`);
    links[from + index] = await openLink({ url, machine, enrolled, isReporting: false });
  });
  return { count: links.length - from, tookMs: performance.now() - startedMs };
}

/** One link after the other, as many as the time passed allows, so that no link is ever faster than the rate. */
async function beatAll({ target, seconds, perSecond }: Extract<LoadCommand, { do: 'beat' }>): Promise<Partial<Done>> {
  const open = fleet.links[target];
  const startedMs = performance.now();
  let sent = 0;
  let at = 0;
  for (let passedMs = 0; passedMs < seconds * 1000; passedMs = performance.now() - startedMs) {
    const due = (passedMs / 1000) * perSecond * open.length;
    for (let burst = 0; sent < due && burst < open.length; burst += 1) {
      const link = must(open[at], `link ${at}`);
      if (link.bufferedBytes() > bufferedBytesMax) break;
      beat(link);
      sent += 1;
      at = (at + 1) % open.length;
    }
    await delay(paceMs);
  }
  await Promise.all(open.map((link) => link.flushed()));
  return { count: sent, tookMs: performance.now() - startedMs };
}

function getText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      readText(response).then(resolve, reject);
    }).once('error', reject);
  });
}

/** On a connection of its own: every machine is another host. */
function post(url: string, body: unknown): Promise<unknown> {
  const payload = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', ca, headers, agent: false }, (response) => {
      readText(response).then((text) => resolve(JSON.parse(text)), reject);
    });
    sent.once('error', reject);
    sent.end(payload);
  });
}
