// The configuration file: YAML, every key with its default, unknown keys refused. The only reader of the environment.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { Default } from 'typebox/value';
import { parse } from 'yaml';

import { emailPattern } from '../shared/api/notification.ts';
import { burnInProfileNames } from '../shared/burn-in/profiles.ts';
import { matchBys } from './domain/oidc-claims.ts';
import { messageOf, PpecError } from '../shared/errors.ts';

const closed = { additionalProperties: false } as const;
const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
const Ms = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: value, description });
const Count = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 1_000_000, default: value, description });
const listener = (port: number, host: string) =>
  Type.Object(
    {
      host: Type.String({ default: host, description: 'Address to listen on' }),
      port: Type.Integer({ ...Port, default: port }),
    },
    { ...closed, default: {} },
  );

export const ConfigFile = Type.Object(
  {
    region: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$', description: 'Name of this region' }),
    dataDirectory: Type.String({ description: 'Database, keys and images; relative to this file' }),
    publicHost: Type.String({
      pattern: '^[a-zA-Z0-9.-]{1,253}$',
      description: 'Name or IPv4 address under which racked machines reach this controller',
    }),
    extraHosts: Type.Array(Type.String(), {
      default: [],
      maxItems: 32,
      description: 'More names for its TLS certificate',
    }),
    api: listener(7443, '127.0.0.1'),
    apiSocket: Type.Union([Type.String(), Type.Null()], {
      default: null,
      description: 'Also serve the API, without TLS, on this Unix socket',
    }),
    agents: listener(7444, '0.0.0.0'),
    boot: listener(7480, '0.0.0.0'),
    piousDirectory: Type.String({ description: 'Folder with vmlinuz and initramfs.img' }),
    piousCmdline: Type.String({
      default: '',
      maxLength: 500,
      description: 'More words for the kernel command line of PIOUS',
    }),
    imageKeys: Type.Record(Type.String({ pattern: '^[a-zA-Z0-9._-]{1,64}$' }), Type.String(), {
      default: {},
      description: 'Trusted image keys: id → file with the public key (Ed25519, PEM)',
    }),
    imageBytesMax: Type.Integer({
      minimum: 1,
      default: 20_000_000_000,
      description: 'Largest image that may be uploaded',
    }),
    consoleLogDirectory: Type.Union([Type.String(), Type.Null()], {
      default: null,
      description: 'Where the console server writes <serial>.log; the end of it is kept when a machine is quarantined',
    }),
    burnIn: Type.Object(
      {
        profile: Type.Union(
          [...burnInProfileNames, 'none' as const].map((name) => Type.Literal(name)),
          {
            default: 'intake',
            description: 'What every machine must stand before it is a SPARE; a class may ask for more',
          },
        ),
        timeScale: Type.Number({
          exclusiveMinimum: 0,
          maximum: 1,
          default: 1,
          description: 'Shortens every test of it; for trying things out',
        }),
        tools: Type.Union([Type.String(), Type.Null()], {
          default: null,
          description: 'The tool image, tools.squashfs; all profiles but intake need it',
        }),
      },
      { ...closed, default: {} },
    ),
    audit: Type.Object(
      {
        witnessFile: Type.Union([Type.String(), Type.Null()], {
          default: null,
          description: 'Signed heads of the audit are appended to this file, outside of the data directory',
        }),
        tableEntriesMax: Type.Integer({
          minimum: 1000,
          default: 1_000_000,
          description: 'Entries in the database; older ones are sealed into segments',
        }),
        tableDaysMax: Type.Integer({ minimum: 1, default: 400, description: 'Days after which an entry is sealed' }),
        segmentEntriesMax: Type.Integer({
          minimum: 100,
          maximum: 100_000,
          default: 10_000,
          description: 'Entries in one segment',
        }),
      },
      { ...closed, default: {} },
    ),
    signer: Type.Object(
      {
        socket: Type.Union([Type.String(), Type.Null()], {
          default: null,
          description: 'Unix socket of a signer that runs as its own unit; without one the controller starts it',
        }),
      },
      { ...closed, default: {} },
    ),
    admission: Type.Object(
      {
        apiConnectionsPerAddress: Count(128, 'Open connections to the API'),
        agentConnectionsPerAddress: Count(64, 'Open agent links; raise it for a site behind one address'),
        agentHandshakesPerAddressPerSecond: Count(5, 'New agent links per second; ten seconds of it at once'),
        agentHandshakesPerSecond: Count(200, 'New agent links of all addresses per second; ten seconds of it at once'),
        bootConnectionsPerAddress: Count(32, 'Open connections for network boot'),
        bootScriptsPerAddressPerMinute: Count(60, 'Boot scripts per minute; a minute of it at once'),
        bootTokensPerAddress: Count(256, 'Open boot tokens; more where machines boot through a proxy'),
      },
      { ...closed, default: {} },
    ),
    tpm: Type.Object(
      {
        caFiles: Type.Array(Type.String(), {
          default: [],
          maxItems: 64,
          description: 'CA certificates of TPM makers (PEM) whose word counts for endorsement keys',
        }),
      },
      { ...closed, default: {} },
    ),
    webhooks: Type.Object(
      {
        allow: Type.Array(Type.String({ maxLength: 50 }), {
          default: [],
          maxItems: 64,
          description: 'Networks (CIDR) that webhooks may be sent to although they are private or local',
        }),
        allowHttp: Type.Boolean({
          default: false,
          description: 'Take http URLs too: what is sent can be read on its way',
        }),
        ca: Type.Union([Type.String(), Type.Null()], {
          default: null,
          description: 'File with certificate authorities (PEM) that receivers may have beside the public ones',
        }),
        timeoutMs: Ms(10_000, 'How long a receiver has to answer'),
      },
      { ...closed, default: {} },
    ),
    smtp: Type.Union(
      [
        Type.Object(
          {
            host: Type.String({ minLength: 1, maxLength: 253, description: 'The mail server' }),
            port: Type.Integer({ ...Port, default: 587 }),
            tls: Type.Union([Type.Literal('starttls'), Type.Literal('implicit'), Type.Literal('none')], {
              default: 'starttls',
              description: 'Mail is not sent where it cannot be had',
            }),
            user: Type.Union([Type.String(), Type.Null()], { default: null }),
            passwordFile: Type.Union([Type.String(), Type.Null()], {
              default: null,
              description: 'File with its password',
            }),
            ca: Type.Union([Type.String(), Type.Null()], {
              default: null,
              description: 'File with its authority (PEM)',
            }),
            from: Type.String({
              pattern: emailPattern,
              maxLength: 254,
              description: 'Whom mail is from, one plain address',
            }),
          },
          closed,
        ),
        Type.Null(),
      ],
      { default: null, description: 'Where mail is sent by; none is sent unless told' },
    ),
    oidc: Type.Union(
      [
        Type.Object(
          {
            issuer: Type.String({
              // Plain HTTP to this host only, for trying things out.
              pattern: '^(https://[^\\s?#]+|http://(localhost|127\\.0\\.0\\.1)(:\\d+)?(/[^\\s?#]*)?)$',
              maxLength: 500,
              description: 'The provider’s issuer identifier, exactly as it names itself',
            }),
            clientId: Type.String({ minLength: 1, maxLength: 200 }),
            clientSecretFile: Type.String({ description: 'File with the client secret that the provider gave' }),
            name: Type.String({ minLength: 1, maxLength: 60, default: 'single sign-on', description: 'On the button' }),
            match: Type.Union(
              matchBys.map((by) => Type.Literal(by)),
              { default: 'subject', description: 'How somebody is found who signs in there for the first time' },
            ),
            create: Type.Boolean({ default: false, description: 'Add whoever is not found, without any role' }),
          },
          closed,
        ),
        Type.Null(),
      ],
      { default: null, description: 'Sign-in at an identity provider (OpenID Connect)' },
    ),
    logLevel: Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')], {
      default: 'info',
    }),
    timing: Type.Object(
      {
        heartbeatMs: Ms(10_000, 'How often agents show that they live'),
        offlineAfterMs: Ms(25_000, 'Silence after which a machine is offline'),
        startGraceMs: Ms(60_000, 'After its own start the controller declares nobody offline for this long'),
        bootTokenMs: Ms(600_000, 'How long a boot token is good: from the boot script to enrolment'),
        agentCertificateMs: Ms(86_400_000, 'Life of an agent certificate; renewed when a third of it is left'),
        writeImageMs: Ms(3_600_000, 'Deadline to write an image'),
        kexecMs: Ms(300_000, 'Deadline to start the new system'),
        phoneHomeMs: Ms(900_000, 'Deadline for the new system to phone home; then QUARANTINED'),
        stepMs: Ms(120_000, 'Deadline of the other provisioning steps'),
        burnInExtraMs: Ms(900_000, 'What a burn-in may take beyond the time of its tests'),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
);
export type Config = Static<typeof ConfigFile>;
const validator = Compile(ConfigFile);

/** Reads and checks the file; paths in it are made absolute, relative to where it is. */
export async function readConfig(path: string): Promise<Config> {
  let raw: unknown;
  try {
    raw = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new PpecError('invalid_argument', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const value = Default(ConfigFile, raw);
  if (!validator.Check(value)) {
    const issues = [...validator.Errors(value)]
      .slice(0, 20)
      .map((error) => ({ path: error.instancePath || '/', message: error.message }));
    throw new PpecError(
      'invalid_argument',
      `${path} is not a valid configuration: ${issues.map((issue) => `${issue.path} ${issue.message}`).join('; ')}`,
      { issues },
    );
  }
  const base = dirname(resolve(path));
  const at = (file: string): string => resolve(base, file);
  return {
    ...value,
    dataDirectory: at(value.dataDirectory),
    apiSocket: value.apiSocket === null ? null : at(value.apiSocket),
    piousDirectory: at(value.piousDirectory),
    signer: { socket: value.signer.socket === null ? null : at(value.signer.socket) },
    webhooks: { ...value.webhooks, ca: value.webhooks.ca === null ? null : at(value.webhooks.ca) },
    smtp: value.smtp === null ? null : smtpAt(value.smtp, at),
    oidc: value.oidc === null ? null : { ...value.oidc, clientSecretFile: at(value.oidc.clientSecretFile) },
    burnIn: { ...value.burnIn, tools: value.burnIn.tools === null ? null : at(value.burnIn.tools) },
    audit: { ...value.audit, witnessFile: value.audit.witnessFile === null ? null : at(value.audit.witnessFile) },
    consoleLogDirectory: value.consoleLogDirectory === null ? null : at(value.consoleLogDirectory),
    tpm: { caFiles: value.tpm.caFiles.map(at) },
    imageKeys: Object.fromEntries(Object.entries(value.imageKeys).map(([id, file]) => [id, at(file)])),
  };
}

type Smtp = NonNullable<Config['smtp']>;

function smtpAt(smtp: Smtp, at: (file: string) => string): Smtp {
  const { passwordFile, ca } = smtp;
  return { ...smtp, passwordFile: passwordFile === null ? null : at(passwordFile), ca: ca === null ? null : at(ca) };
}

export function defaultConfigPath(): string {
  // oxlint-disable-next-line no-restricted-properties -- the controller's one reader of the environment
  return process.env['PPEC_CONTROLLER_CONFIG'] ?? '/etc/ppec/controller.yaml';
}
