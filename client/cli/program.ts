// The commander program of a list of commands: nouns become groups, verbs their commands. Parsing, help and usage errors.
import { Command, Option, type CommanderError } from 'commander';

import { errorCodes, messageOf, PpecError, type ErrorCode } from '../../shared/errors.ts';
import type { CliCommand } from './command.ts';
import type { Parameter } from './options.ts';
import { formats, type Format } from './output/output.ts';

export type GlobalOptions = {
  readonly context: string | undefined;
  readonly format: Format;
  readonly color: boolean;
};

export type ProgramSinks = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
};

export type Invocation = {
  readonly command: CliCommand;
  readonly given: Readonly<Record<string, unknown>>;
  readonly global: GlobalOptions;
};

const nouns: Readonly<Record<string, string>> = {
  asset: 'Physical servers, from order to retirement',
  audit: 'Who did what, hash-chained',
  'burn-in': 'Load on a machine’s parts until the weak ones show',
  cabling: 'Which switch port leads where, and whether the machines stand there',
  change: 'State changes and their checkers',
  auth: 'What you may do, and why',
  class: 'Machine classes: what an order line promises',
  cluster: 'Sets of BAREMETALs of one project',
  'command-key': 'Whose commands agents obey',
  completion: 'Shell completion',
  context: 'Controllers this client knows, and as whom it speaks to them',
  credential: 'API credentials',
  event: 'What happens in the region',
  grant: 'Who holds which role, and where',
  image: 'Signed, digest-pinned operating systems',
  network: 'Networks and their addresses',
  notification: 'Where you are written to',
  operation: 'Slow work, step by step',
  part: 'Memory modules, disks, cards, boards and ports, followed by their own serials',
  policy: 'What state changes need before they run: how many other people, which, when',
  person: 'People and services, and how they sign in',
  po: 'Purchase orders, deliveries and invoices',
  project: 'What teams run: every BAREMETAL belongs to one',
  role: 'Sets of permissions: the built-in ones and your own',
  session: 'Who is signed in where',
  team: 'Who owns projects',
  vendor: 'Who orders are placed with, and the columns of their CSV files',
  waiver: 'Findings that were accepted for a time',
  webhook: 'Events, sent to an address as they happen',
  spare: 'Inspected servers that wait for work',
};

const exitCodesText = (): string => {
  const byExit = new Map<number, ErrorCode[]>();
  for (const code of Object.keys(errorCodes).filter(isKnown)) {
    const { exitCode } = errorCodes[code];
    byExit.set(exitCode, [...(byExit.get(exitCode) ?? []), code]);
  }
  const rows = [...byExit]
    .toSorted(([a], [b]) => a - b)
    .map(([exit, codes]) => `  ${String(exit).padEnd(4)} ${codes.join(', ')}`);
  return ['Exit status:', '  0    done', ...rows, '  130  interrupted (Ctrl-C)'].join('\n');
};

function isKnown(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}

const epilogue = (): string => `
Environment:
  PPEC_CONTEXT     the context to use, unless --context says
  PPEC_URL         a controller without any context; with PPEC_CREDENTIAL (ID:SECRET) and PPEC_CA (a PEM file)
  PPEC_CONFIG      the configuration file; ~/.config/ppec/config.json unless set
  NO_COLOR         no colour

${exitCodesText()}

Examples:
  $ ppec context add demo --url https://127.0.0.1:7443 --ca ca.pem --credential crd_01jd…
  $ ppec login
  $ ppec asset list --state SPARE
  $ ppec provision --class compute-large --image debian-12-hardened --project payments --reason "new ledger node"
`;

/** The commands as a commander program; `onRun` gets the one that was called. */
export function createProgram(
  commands: readonly CliCommand[],
  sinks: ProgramSinks,
  onRun: (invocation: Invocation) => Promise<void>,
): Command {
  const program = prepared(new Command('ppec'), sinks)
    .description('PPEC: from a racked server to a production machine, checked against its purchase order')
    .option('--context <name>', 'controller to talk to, instead of the current context')
    .addOption(new Option('-o, --output <format>', 'how to print the answer').choices(formats).default('table'))
    .option('--no-color', 'no colour')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText('after', epilogue);
  const groups = new Map<string, Command>();
  for (const declared of commands) {
    const [noun = '', verb] = declared.path.split(' ');
    const parent = verb === undefined ? program : groupOf(groups, { noun, program, sinks });
    parent.addCommand(leaf(declared, prepared(new Command(verb ?? noun), sinks), { program, onRun }));
  }
  return program;
}

// No command prints or exits behind the composition root's back.
function prepared(commander: Command, sinks: ProgramSinks): Command {
  return commander
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeOut: sinks.out, writeErr: sinks.err, outputError: () => undefined })
    .allowExcessArguments(false)
    .helpOption('-h, --help', 'explain this command');
}

type GroupContext = { readonly noun: string; readonly program: Command; readonly sinks: ProgramSinks };

function groupOf(groups: Map<string, Command>, { noun, program, sinks }: GroupContext): Command {
  const known = groups.get(noun);
  if (known !== undefined) return known;
  const group = prepared(new Command(noun), sinks).description(nouns[noun] ?? '');
  groups.set(noun, group);
  program.addCommand(group);
  return group;
}

type LeafContext = { readonly program: Command; readonly onRun: (invocation: Invocation) => Promise<void> };

function leaf(declared: CliCommand, commander: Command, { program, onRun }: LeafContext): Command {
  commander.description(declared.summary);
  const argumentNames = Object.keys(declared.arguments);
  for (const name of argumentNames) {
    const argument = declared.arguments[name];
    if (argument === undefined) continue;
    commander.argument(argument.isRequired ? `<${argument.flags}>` : `[${argument.flags}]`, argument.description);
  }
  const optionKeys = new Map<string, string>();
  for (const [name, parameter] of Object.entries(declared.options)) {
    const option = commanderOption(parameter);
    optionKeys.set(name, option.attributeName());
    commander.addOption(option);
  }
  commander.addHelpText('after', `\nExamples:\n${declared.examples.map((example) => `  $ ${example}`).join('\n')}`);
  commander.action(async () => {
    const options = commander.opts<Record<string, unknown>>();
    const given: Record<string, unknown> = {};
    argumentNames.forEach((name, at) => {
      given[name] = readParameter(declared.arguments[name], commander.args[at]);
    });
    for (const [name, key] of optionKeys) given[name] = readParameter(declared.options[name], options[key]);
    await onRun({ command: declared, given, global: globalOptions(program) });
  });
  return commander;
}

function commanderOption(parameter: Parameter<unknown>): Option {
  const option = new Option(parameter.flags, parameter.description);
  if (parameter.isMany) {
    option.argParser<string[]>((text, before: string[] | undefined) => [...(before ?? []), text]);
  }
  return option.makeOptionMandatory(parameter.isRequired);
}

function readParameter(parameter: Parameter<unknown> | undefined, given: unknown): unknown {
  if (parameter === undefined) return undefined;
  try {
    return parameter.read(given);
  } catch (error) {
    const name = /--[a-z0-9-]+/.exec(parameter.flags)?.[0] ?? parameter.flags;
    throw new PpecError('invalid_argument', `${name}: ${messageOf(error)}.`, { cause: error });
  }
}

function globalOptions(program: Command): GlobalOptions {
  const options = program.opts<{ context?: string; output: Format; color: boolean }>();
  return { context: options.context, format: options.output, color: options.color };
}

/** What commander refuses, as an error of ours; undefined where it only printed help. */
export function usageError(
  error: CommanderError,
  words: readonly string[],
  commands: readonly CliCommand[],
): PpecError | undefined {
  if (error.exitCode === 0) return undefined;
  const called = ['ppec', ...calledPath(words, commands)].join(' ');
  if (error.code === 'commander.help') {
    return new PpecError('invalid_argument', `${called} needs a command; the list is above.`);
  }
  const message = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  return new PpecError('invalid_argument', `${message}. See: ${called} --help`);
}

/** The leading words that name a command or a group. */
function calledPath(words: readonly string[], commands: readonly CliCommand[]): readonly string[] {
  const [noun = '', verb = ''] = words.filter((word) => !word.startsWith('-'));
  if (commands.some((each) => each.path === `${noun} ${verb}`)) return [noun, verb];
  return commands.some((each) => each.path.split(' ')[0] === noun) ? [noun] : [];
}
