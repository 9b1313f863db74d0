// Which controller to talk to and as whom: contexts in ~/.config/ppec/config.json, or the environment.
// The only reader of the environment. The file holds secrets: it is written with mode 0600, whole or not at all.
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf, PpecError } from '../../shared/errors.ts';

const closed = { additionalProperties: false } as const;

export const Login = Type.Object(
  {
    accessToken: Type.String({ minLength: 1 }),
    accessUntil: Type.Integer(),
    refreshToken: Type.String({ minLength: 1 }),
    until: Type.Integer(),
    person: Type.String(),
  },
  closed,
);
export type Login = Static<typeof Login>;

export const ContextSchema = Type.Object(
  {
    url: Type.String({ minLength: 1 }),
    region: Type.Optional(Type.String()),
    /** The region CA: PEM text, or the path of a file that holds it. */
    ca: Type.Optional(Type.String()),
    /** What `ppec login` got; the refresh token works once, so the file is written with each renewal. */
    login: Type.Optional(Login),
    credential: Type.Optional(Type.Object({ id: Type.String({ minLength: 1 }), secret: Type.String() }, closed)),
  },
  closed,
);

const ConfigSchema = Type.Object(
  { current: Type.Optional(Type.String()), contexts: Type.Record(Type.String(), ContextSchema) },
  closed,
);
export type Config = Static<typeof ConfigSchema>;

const configValidator = Compile(ConfigSchema);
const emptyConfig: Config = { contexts: {} };

export type Environment = {
  readonly configPath: string;
  readonly context: string | undefined;
  readonly url: string | undefined;
  readonly credential: string | undefined;
  readonly ca: string | undefined;
  /** https://no-color.org: any text but the empty one. */
  readonly noColor: boolean;
};

export function readEnvironment(): Environment {
  // oxlint-disable-next-line no-restricted-properties -- the client's one reader of the environment
  return environmentOf(process.env);
}

export function environmentOf(variables: Readonly<Record<string, string | undefined>>): Environment {
  const read = (name: string): string | undefined => (variables[name] === '' ? undefined : variables[name]);
  const configHome = read('XDG_CONFIG_HOME') ?? join(homedir(), '.config');
  return {
    configPath: read('PPEC_CONFIG') ?? join(configHome, 'ppec', 'config.json'),
    context: read('PPEC_CONTEXT'),
    url: read('PPEC_URL'),
    credential: read('PPEC_CREDENTIAL'),
    ca: read('PPEC_CA'),
    noColor: read('NO_COLOR') !== undefined || read('TERM') === 'dumb',
  };
}

export function parseConfig(text: string, path: string): Config {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PpecError('invalid_argument', `${path} is not JSON: ${messageOf(error)}.`, { cause: error });
  }
  if (configValidator.Check(value)) return value;
  const issues = configValidator
    .Errors(value)
    .slice(0, 5)
    .map((error) => ({ path: error.instancePath, message: error.message }));
  throw new PpecError('invalid_argument', `${path} is not a configuration of this client.`, { issues });
}

/** The configuration, empty where there is no file. Refuses a file that others may read. */
export async function readConfig(path: string): Promise<Config> {
  const text = await readTextIfThere(path);
  if (text === undefined) return emptyConfig;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new PpecError('failed_precondition', `${path} holds secrets and others may read it; run: chmod 600 ${path}`);
  }
  return parseConfig(text, path);
}

export async function writeConfig(path: string, config: Config): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

export type Resolved = {
  /** The context's name; null where the environment alone says it all. */
  readonly name: string | null;
  readonly url: string;
  readonly credential: { readonly id: string; readonly secret: string } | undefined;
  readonly login: Login | undefined;
  readonly ca: string | undefined;
};

/**
 * A context named on the command line counts alone, so that the environment's credential never goes to its controller
 * by accident. Else PPEC_URL, with PPEC_CREDENTIAL and PPEC_CA; else the context of PPEC_CONTEXT or the current one,
 * whose credential and CA the environment may replace.
 */
export function resolveContext(config: Config, environment: Environment, named: string | undefined): Resolved {
  if (named !== undefined) return fromContext(config, named);
  const credential = environment.credential === undefined ? undefined : parseCredential(environment.credential);
  if (environment.url !== undefined)
    return { name: null, url: environment.url, credential, login: undefined, ca: environment.ca };
  const name = environment.context ?? config.current;
  if (name === undefined) {
    throw new PpecError(
      'failed_precondition',
      'No controller is chosen. Add one: ppec context add NAME --url https://HOST:7443 --ca FILE --credential ID',
    );
  }
  const context = fromContext(config, name);
  const login = credential === undefined ? context.login : undefined;
  return { ...context, credential: credential ?? context.credential, login, ca: environment.ca ?? context.ca };
}

function fromContext(config: Config, name: string): Resolved {
  const context = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (context === undefined) {
    const names = Object.keys(config.contexts);
    const known = names.length === 0 ? 'there are none yet' : `there are: ${names.join(', ')}`;
    throw new PpecError('not_found', `There is no context ${JSON.stringify(name)}; ${known}.`);
  }
  return { name, url: context.url, credential: context.credential, login: context.login, ca: context.ca };
}

/** `id:secret`, as PPEC_CREDENTIAL holds it. */
export function parseCredential(text: string): { readonly id: string; readonly secret: string } {
  const at = text.indexOf(':');
  if (at <= 0 || at === text.length - 1) {
    throw new PpecError('invalid_argument', 'PPEC_CREDENTIAL must be ID:SECRET.');
  }
  return { id: text.slice(0, at), secret: text.slice(at + 1) };
}

/** The PEM of a CA given as text or as the path of a file. */
export async function readCa(ca: string | undefined): Promise<string | undefined> {
  if (ca === undefined) return undefined;
  const text = ca.startsWith('-----BEGIN') ? ca : await readTextIfThere(ca);
  if (text === undefined) throw new PpecError('not_found', `There is no CA file ${ca}.`);
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new PpecError('invalid_argument', `${ca} is no certificate in PEM form.`);
  }
  return text;
}

async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new PpecError('failed_precondition', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
