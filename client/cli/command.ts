// A command of the CLI as data: what it takes, how it is explained and what it does. Help, completion and parsing derive
// from these declarations.
import type { Clock } from '../../shared/clock.ts';
import type { Client } from '../sdk/client.ts';
import type { Config, Environment, Resolved } from './config.ts';
import type { Parameters, ValuesOf } from './options.ts';
import type { Output } from './output/output.ts';
import type { Prompt } from './prompt.ts';

export type CommandContext = {
  /** The controller of the chosen context; connects with the first call. */
  readonly client: () => Promise<Client>;
  readonly config: {
    readonly environment: Environment;
    readonly read: () => Promise<Config>;
    readonly write: (config: Config) => Promise<void>;
    /** What the command line, the environment and the file choose together. */
    readonly chosen: () => Promise<Resolved>;
  };
  readonly output: Output;
  readonly prompt: Prompt;
  readonly clock: Clock;
  /** Waits; throws `cancelled` on Ctrl-C. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
};

export type CliCommand = {
  /** `asset get`: also the name of its file, with a dash. */
  readonly path: string;
  readonly summary: string;
  readonly arguments: Parameters;
  readonly options: Parameters;
  readonly examples: readonly [string, ...string[]];
  /** The exit status; 0 where nothing is returned. Errors are thrown. */
  readonly run: (context: CommandContext, given: Readonly<Record<string, unknown>>) => Promise<number | void>;
};

type Declared<A extends Parameters, O extends Parameters> = Omit<CliCommand, 'arguments' | 'options' | 'run'> & {
  readonly arguments?: A;
  readonly options?: O;
  readonly run: (context: CommandContext, values: ValuesOf<A> & ValuesOf<O>) => Promise<number | void>;
};

export function command<const A extends Parameters = {}, const O extends Parameters = {}>(
  declared: Declared<A, O>,
): CliCommand {
  return {
    ...declared,
    arguments: declared.arguments ?? {},
    options: declared.options ?? {},
    run: (context, given) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given was read by exactly these parameters
      return declared.run(context, given as ValuesOf<A> & ValuesOf<O>);
    },
  };
}
