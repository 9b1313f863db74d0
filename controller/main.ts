// ppec-controller: the region's one server program.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

import { roleNames, type RoleName } from '../shared/api/role-names.ts';
import { systemClock } from '../shared/clock.ts';
import { messageOf, PpecError } from '../shared/errors.ts';
import { defaultConfigPath, readConfig, type Config } from './config.ts';
import { startController } from './controller.ts';
import { controllerVersion } from './version.ts';
import { commandKeyVerb } from './signer/command-key-verb.ts';
import { addPersonLocally } from './first-person.ts';
import { createLog } from './log.ts';
import { auditPrune } from './audit/prune-verb.ts';
import { verifyAudit } from './audit/verify-audit.ts';
import { setPasswordLocally } from './set-password.ts';
import { openAuditArchive, segmentFolder } from './store/audit-archive.ts';
import { openDatabase } from './store/database.ts';

const usage = `usage: ppec-controller [--config FILE] VERB

  run                              serve the API, the agents and network boot
  migrate                          bring the database to this version's schema, and exit
  check                            read the configuration, open the database, verify the audit chain
  audit-prune --before DATE [--yes]
                                   delete sealed segments of the audit whose entries are all older; without --yes, say which
  person add NAME --role ROLE …    add a person with built-in roles at region, and print a credential, once
  set-password NAME                set the password of a person; it is asked for, or read from standard input
  rotate-command-key [--overlap-hours N] [--anew]
                                   replace the command key; --anew: without the old one, agents must then be enrolled anew
  version

The configuration is /etc/ppec/controller.yaml, or what --config or PPEC_CONTROLLER_CONFIG names.
`;

const print = (text: string): void => void process.stdout.write(text);

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    process.stderr.write(`ppec-controller: ${messageOf(error)}\n`);
    process.exitCode = error instanceof PpecError && error.code === 'invalid_argument' ? 2 : 1;
  },
);

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf('--config');
  const configPath = at < 0 ? defaultConfigPath() : (args[at + 1] ?? '');
  const [verb = '--help', ...rest] = at < 0 ? args : args.filter((_word, index) => index !== at && index !== at + 1);
  switch (verb) {
    case 'run':
      return run(await readConfig(configPath));
    case 'migrate':
      return migrate(await readConfig(configPath));
    case 'check':
      return check(await readConfig(configPath));
    case 'audit-prune':
      return auditPrune(await readConfig(configPath), rest, { print, warn: (text) => void process.stderr.write(text) });
    case 'person':
      return addPerson(await readConfig(configPath), rest);
    case 'rotate-command-key':
      return rotateCommandKey(await readConfig(configPath), rest);
    case 'set-password':
      return setPassword(await readConfig(configPath), rest);
    case 'version':
      print(`ppec-controller ${controllerVersion}\n`);
      return 0;
    default:
      process.stderr.write(usage);
      return verb === '--help' || verb === 'help' ? 0 : 2;
  }
}

function databasePath(config: Config): string {
  return join(config.dataDirectory, 'ppec.db');
}

async function run(config: Config): Promise<number> {
  const log = createLog(config.logLevel);
  const controller = await startController(config, log);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  await controller.stop();
  return 0;
}

async function migrate(config: Config): Promise<number> {
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  await (await openDatabase(databasePath(config))).destroy();
  return 0;
}

async function check(config: Config): Promise<number> {
  if (!existsSync(databasePath(config))) {
    print(`the configuration is fine; there is no database at ${databasePath(config)} yet\n`);
    return 1;
  }
  const db = await openDatabase(databasePath(config));
  try {
    const checked = await verifyAudit(db, openAuditArchive(segmentFolder(config), config.region));
    print(
      checked.ok
        ? `configuration and database are fine; audit chain up to entry ${checked.state.seq} verified\n`
        : `the audit chain is broken: ${checked.problem}\n`,
    );
    return checked.ok ? 0 : 1;
  } finally {
    await db.destroy();
  }
}

async function addPerson(config: Config, args: readonly string[]): Promise<number> {
  const [action, name, ...options] = args;
  const words = options.filter((word) => word !== '--role').flatMap((word) => word.split(','));
  const roles = words.filter((word): word is RoleName => roleNames.some((known) => known === word));
  if (action !== 'add' || name === undefined || roles.length === 0 || roles.length !== words.length) {
    process.stderr.write(`usage: ppec-controller person add NAME --role ${roleNames.join('|')} …\n`);
    return 2;
  }
  const { credentialId, secret } = await addPersonLocally(config, { name, roles });
  print(`${credentialId}:${secret}\n`);
  process.stderr.write(
    `${name} is ${roles.join(', ')}. The line above is the credential; the secret is shown this once.\n`,
  );
  return 0;
}

async function rotateCommandKey(config: Config, args: readonly string[]): Promise<number> {
  const place = { folder: join(config.dataDirectory, 'keys'), region: config.region, nowMs: systemClock.nowMs() };
  const said = await commandKeyVerb(place, args);
  if (said === undefined) {
    process.stderr.write('usage: ppec-controller rotate-command-key [--overlap-hours N] [--anew]\n');
    return 2;
  }
  print(`${said}\n`);
  return 0;
}

async function setPassword(config: Config, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || rest.length > 0) {
    process.stderr.write('usage: ppec-controller set-password NAME   (the password on standard input)\n');
    return 2;
  }
  const ended = await setPasswordLocally(config, name, await typedLine(`Password for ${name}: `));
  process.stderr.write(`The password of ${name} is set; ${ended} sessions ended.\n`);
  return 0;
}

/** The first line of standard input; typed without echo where it is a terminal. */
async function typedLine(question: string): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  if (isTerminal) process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: isTerminal });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    if (isTerminal) process.stderr.write('\n');
  }
}
