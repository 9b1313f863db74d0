// One run of the client: words in, exit status out. Whatever belongs to the process (streams, clock, Ctrl-C) is given.
import type { Readable, Writable } from 'node:stream';
import { CommanderError } from 'commander';

import type { Clock } from '../../shared/clock.ts';
import { createClient, pause, type Client } from '../sdk/client.ts';
import { openTransport, type Transport } from '../sdk/transport.ts';
import type { CommandContext } from './command.ts';
import { commands } from './commands.ts';
import { readCa, readConfig, resolveContext, writeConfig, type Environment, type Resolved } from './config.ts';
import { loginTokens } from './login-tokens.ts';
import { failureOf } from './output/errors.ts';
import { createOutput } from './output/output.ts';
import { createProgram, usageError, type Invocation } from './program.ts';
import { createPrompt } from './prompt.ts';

export type Host = {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly stdout: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
  readonly stderr: Writable;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Waiting between two questions; in real time unless told. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborted by Ctrl-C. */
  readonly abort: AbortController;
};

const tokenAnswerBytesMax = 65_536;

/** The status that shells give to what SIGINT ended: 128 + 2. */
export const interruptedStatus = 130;

export async function runCli(words: readonly string[], host: Host): Promise<number> {
  let status = 0;
  const sinks = {
    out: (text: string): void => void host.stdout.write(text),
    err: (text: string): void => void host.stderr.write(text),
  };
  const program = createProgram(commands, sinks, async (invocation) => {
    status = await run(invocation, host);
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    if (host.abort.signal.aborted) return interruptedStatus;
    const refused = error instanceof CommanderError ? usageError(error, words, commands) : error;
    if (refused === undefined) return 0;
    const failure = failureOf(refused);
    sinks.err(failure.text);
    return failure.status;
  }
}

async function run({ command, given, global }: Invocation, host: Host): Promise<number> {
  const { environment } = host;
  let opened: Promise<Client> | undefined;
  let renewing: Transport | undefined;
  const chosen = async (): Promise<Resolved> =>
    resolveContext(await readConfig(environment.configPath), environment, global.context);
  const open = async (): Promise<Client> => {
    const { name, url, credential, login, ca } = await chosen();
    const caPem = await readCa(ca);
    if (login === undefined || name === null) return createClient({ url, credential, caPem });
    renewing = openTransport({ url, answerBytesMax: tokenAnswerBytesMax, ...(caPem === undefined ? {} : { caPem }) });
    const { configPath } = environment;
    const { clock, abort } = host;
    const tokens = loginTokens({ configPath, name, transport: renewing, clock, signal: abort.signal });
    return createClient({ url, tokens, caPem });
  };
  const context: CommandContext = {
    client: () => (opened ??= open()),
    config: {
      environment,
      read: () => readConfig(environment.configPath),
      write: (config) => writeConfig(environment.configPath, config),
      chosen,
    },
    output: createOutput({
      stdout: host.stdout,
      stderr: host.stderr,
      format: global.format,
      color: global.color && !environment.noColor,
    }),
    prompt: createPrompt({ input: host.stdin, output: host.stderr, abort: host.abort }),
    clock: host.clock,
    pause: host.pause ?? pause,
    signal: host.abort.signal,
  };
  try {
    return (await command.run(context, given)) ?? 0;
  } finally {
    const client = await opened?.catch(() => undefined);
    client?.[Symbol.dispose]();
    renewing?.close();
  }
}
