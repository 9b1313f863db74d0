// Where this agent runs and whom it answers to: the kernel command line in PIOUS, /etc/ppec/agent.json in production.
// The only reader of the environment.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf, PpecError } from '../shared/errors.ts';
import { macKey } from '../shared/hardware/identity.ts';
import type { Home } from '../shared/protocol/messages.ts';

export const agentVersion = '0.1.0';

export type AgentConfig = {
  readonly home: Home;
  /** https:// address of the controller's agent listener. */
  readonly controllerUrl: string;
  /** The region CA: as PEM, or where to fetch it together with the digest it must have (SHA-256 of the DER). */
  readonly ca: { readonly pem: string } | { readonly url: string; readonly sha256: string };
  readonly token: string;
  /** Survives a restart of the agent; in production also a reboot. */
  readonly stateDir: string;
  /** `/`, except in tests. */
  readonly root: string;
};

const ProductionFile = Type.Object({
  controllerUrl: Type.String({ pattern: '^https://' }),
  caPem: Type.String(),
  token: Type.String(),
});
export type ProductionFile = Static<typeof ProductionFile>;
const productionFile = Compile(ProductionFile);

/** The root of the host's file system: `PPEC_ROOT` for tests, else `/`. */
export function hostRoot(): string {
  // oxlint-disable-next-line no-restricted-properties -- the agent's one reader of the environment
  return process.env['PPEC_ROOT'] ?? '/';
}

export async function readConfig(root: string): Promise<AgentConfig> {
  const file = await readFile(join(root, 'etc/ppec/agent.json'), 'utf8').catch(() => undefined);
  if (file !== undefined) return productionConfig(file, root);
  const cmdline = await readFile(join(root, 'proc/cmdline'), 'utf8');
  return configFromCmdline(cmdline, root);
}

function productionConfig(text: string, root: string): AgentConfig {
  const value = parse(text);
  if (!productionFile.Check(value)) {
    const wrong = Object.keys(ProductionFile.properties).filter((key) => isWrong(key, value));
    throw new PpecError('invalid_argument', `/etc/ppec/agent.json has no usable ${wrong.join(', ')}`);
  }
  return {
    home: 'production',
    controllerUrl: value.controllerUrl,
    ca: { pem: value.caPem },
    token: value.token,
    stateDir: join(root, 'var/lib/ppec'),
    root,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PpecError('invalid_argument', `/etc/ppec/agent.json is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

function isWrong(key: string, value: unknown): boolean {
  const problems = productionFile.Errors(value);
  return (
    typeof value !== 'object' ||
    !Object.hasOwn(value ?? {}, key) ||
    problems.some(({ instancePath }) => instancePath === `/${key}`)
  );
}

/** `ppec.controller=`, `ppec.boot=`, `ppec.ca=` and `ppec.token=`, as the boot script put them there. */
export function configFromCmdline(cmdline: string, root: string): AgentConfig {
  const words = new Map(
    cmdline
      .trim()
      .split(/\s+/)
      .map((word) => splitOnce(word, '=')),
  );
  const need = (key: string): string => {
    const value = words.get(key);
    if (value === undefined || value === '') {
      throw new PpecError(
        'invalid_argument',
        `the kernel command line has no ${key}=; boot by the controller's script`,
      );
    }
    return value;
  };
  return {
    home: 'pious',
    controllerUrl: need('ppec.controller'),
    ca: { url: `${need('ppec.boot')}/boot/ca.pem`, sha256: need('ppec.ca') },
    token: need('ppec.token'),
    stateDir: join(root, 'run/ppec'),
    root,
  };
}

/** The MAC that asked for the boot script, if the command line names it. */
export function bootMac(cmdline: string): string | undefined {
  const match = /(?:^|\s)ppec\.mac=(\S+)/.exec(cmdline);
  return match?.[1] === undefined ? undefined : macKey(match[1]);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
