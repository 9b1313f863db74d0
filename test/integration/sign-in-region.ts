// A region in this process, with a clock that a test moves, people with credentials, and browsers that keep cookies. HTTP,
// TLS and the store are real.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { pino } from 'pino';
import { stringify } from 'yaml';

import { createClient, type Client } from '../../client/sdk/client.ts';
import type { RoleName } from '../../shared/api/role-names.ts';
import { readConfig } from '../../controller/config.ts';
import { startController } from '../../controller/controller.ts';
import { addPersonLocally } from '../../controller/first-person.ts';
import { setPasswordLocally } from '../../controller/set-password.ts';
import { freePorts } from './region.ts';

export type Credential = { readonly id: string; readonly secret: string };
export type SignInRegion = AsyncDisposable & {
  readonly dir: string;
  readonly configPath: string;
  readonly apiUrl: string;
  readonly caPem: string;
  readonly clock: { readonly nowMs: () => number; readonly move: (ms: number) => void };
  readonly credential: (name: string) => Credential;
  /** With the credential of this name, or whatever is given. */
  readonly client: (as: string | Credential | { readonly bearer: string }) => Client;
  readonly http: (wanted: Wanted) => Promise<Answer>;
  readonly browser: () => Browser;
  /** Messages of the audit for this operation, oldest first. */
  readonly audited: (operation: string) => Promise<string[]>;
  readonly logText: () => string;
};

export type Wanted = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
};

export const secondMs = 1000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;

export async function startSignInRegion(
  people: Readonly<Record<string, readonly RoleName[]>>,
  extra: Readonly<Record<string, unknown>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<SignInRegion> {
  const dir = mkdtempSync(join(tmpdir(), 'ppec-sign-in-'));
  const [api = 0, agents, boot] = await freePorts(3);
  const configPath = join(dir, 'controller.yaml');
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  writeFileSync(
    configPath,
    stringify({
      region: 'test-1',
      dataDirectory: 'data',
      publicHost: '127.0.0.1',
      api: { port: api },
      agents: { host: '127.0.0.1', port: agents },
      boot: { host: '127.0.0.1', port: boot },
      piousDirectory: 'pious',
      ...extra,
    }),
  );
  const config = await readConfig(configPath);
  const credentials = new Map<string, Credential>();
  for (const [name, roles] of Object.entries(people)) {
    const { credentialId, secret } = await addPersonLocally(config, { name, roles });
    credentials.set(name, { id: credentialId, secret });
  }
  const program = join(import.meta.dirname, '../../controller/main.ts');
  let movedMs = 0;
  const clock = { nowMs: () => Date.now() + movedMs, move: (ms: number): void => void (movedMs += ms) };
  let logged = '';
  const log = pino({ level: 'info' }, { write: (line: string) => void (logged += line) });
  const controller = await startController(config, log, { clock, program });
  const apiUrl = `https://127.0.0.1:${config.api.port}`;
  const { caPem } = controller;
  const credential = (name: string): Credential => {
    const found = credentials.get(name);
    if (found === undefined) throw new Error(`${name} has no credential`);
    return found;
  };
  const client: SignInRegion['client'] = (as) => {
    const who = typeof as === 'string' ? { credential: credential(as) } : 'bearer' in as ? as : { credential: as };
    return createClient({ url: apiUrl, caPem, ...who });
  };
  const http = (wanted: Wanted): Promise<Answer> => send(apiUrl, caPem, wanted);
  return {
    dir,
    configPath,
    apiUrl,
    caPem,
    clock,
    credential,
    client,
    http,
    browser: () => createBrowser(apiUrl, http),
    audited: async (operation) => {
      const [name = ''] = credentials.keys();
      const { items } = await client(name).call('audit.list', { limit: 1000 });
      return items.filter((entry) => entry.operation === operation).map((entry) => entry.message);
    },
    logText: () => logged,
    [Symbol.asyncDispose]: async () => {
      await controller.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function send(base: string, ca: string, { method = 'GET', path, headers = {}, body }: Wanted): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${base}${path}`, { method, ca, headers: { ...headers }, agent: false }, (response) => {
      readText(response).then((text) => {
        const value: unknown = text.startsWith('{') ? JSON.parse(text) : {};
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: typeof value === 'object' && value !== null ? { ...value } : {},
        });
      }, reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

export function form(fields: Readonly<Record<string, string>>): Pick<Wanted, 'method' | 'headers' | 'body'> {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...fields }).toString(),
  };
}

export type Page = Answer & { readonly location: string; readonly csrf: string };
export type Browser = {
  readonly cookies: Map<string, string>;
  readonly cookieHeader: () => Record<string, string>;
  readonly get: (path: string) => Promise<Page>;
  /** Posts a form as from a page of this origin; headers may say otherwise. */
  readonly post: (
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Page>;
  readonly signIn: (name: string, password: string) => Promise<Page>;
};

export function createBrowser(origin: string, http: (wanted: Wanted) => Promise<Answer>): Browser {
  const cookies = new Map<string, string>();
  const cookieHeader = (): Record<string, string> =>
    cookies.size === 0 ? {} : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  const taken = (answer: Answer): Page => {
    const set = answer.headers['set-cookie'];
    for (const text of Array.isArray(set) ? set.map(String) : []) {
      const [pair = '', ...attributes] = text.split('; ');
      const [name = '', value = ''] = pair.split('=');
      if (attributes.includes('Max-Age=0')) cookies.delete(name);
      else cookies.set(name, value);
    }
    const { location } = answer.headers;
    return {
      ...answer,
      location: typeof location === 'string' ? location : '',
      csrf: /name="csrf" value="([^"]+)"/.exec(answer.text)?.[1] ?? '',
    };
  };
  const post: Browser['post'] = async (path, fields, headers = {}) => {
    const sent = form(fields);
    const own = { origin, 'sec-fetch-site': 'same-origin', 'user-agent': 'Test Browser' };
    return taken(await http({ path, ...sent, headers: { ...sent.headers, ...own, ...cookieHeader(), ...headers } }));
  };
  return {
    cookies,
    cookieHeader,
    get: async (path) => taken(await http({ path, headers: { ...cookieHeader(), 'user-agent': 'Test Browser' } })),
    post,
    signIn: (name, password) => post('/sign-in', { name, password }),
  };
}

/** Gives a person a password on the controller's own machine, and leaves a browser that is signed in. */
export async function withPassword(region: SignInRegion, name: string, password: string): Promise<Browser> {
  await setPasswordLocally(await readConfig(region.configPath), name, password);
  const browser = region.browser();
  const done = await browser.signIn(name, password);
  if (done.status !== 303) throw new Error(`no password for ${name}: ${done.text}`);
  return browser;
}
