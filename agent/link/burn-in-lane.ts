// The burn-in that runs now: at most one. It takes part in the queue of commands like any other; ending it does not.
import { burnInProgressEveryMs } from '../../shared/protocol/limits.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Command } from '../../shared/protocol/command.ts';
import type { AgentMessage, Home } from '../../shared/protocol/messages.ts';
import type { BurnInMachine } from '../burn-in/machine.ts';
import { HandlerError } from '../handlers/platform.ts';
import type { CommandResult } from '../journal.ts';

type BurnInCommand = Extract<Command, { name: 'burn-in' }>;

export type BurnInLaneDeps = {
  readonly home: Home;
  readonly machine: BurnInMachine;
  readonly clock: Clock;
  readonly send: (message: AgentMessage) => void;
  readonly log: (text: string) => void;
};

export type BurnInLane = {
  readonly run: (command: BurnInCommand) => Promise<Omit<CommandResult, 'durationMs'>>;
  /** Ends that one, if it runs, and resolves when nothing of it is left. Says what was found. */
  readonly cancel: (commandId: string, why: string) => Promise<string>;
  /** The same for whichever runs: the agent stops. */
  readonly stop: () => Promise<void>;
  readonly isRunning: () => boolean;
  /** Where it is, to a session that has just begun. */
  readonly resend: () => void;
};

type Running = {
  readonly commandId: string;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
};

export function burnInLane(deps: BurnInLaneDeps): BurnInLane {
  let running: Running | undefined;
  /** The newest cancel: it may come while its burn-in is being written to the journal and does not run yet. */
  let cancelled: { readonly commandId: string; readonly why: string } | undefined;
  let latest: AgentMessage | undefined;
  let toldMs = -Infinity;
  let lastPercent = -5;

  const end = async (current: Running, why: string): Promise<void> => {
    current.abort.abort(new Error(why));
    await current.ended;
  };
  const run = async (command: BurnInCommand, abort: AbortController): Promise<Omit<CommandResult, 'durationMs'>> => {
    if (deps.home !== 'pious') throw new HandlerError('pious-only', 'a burn-in runs in PIOUS, never beside production');
    // Not in the memory of every agent that never runs one.
    const { burnInMessage, runBurnIn } = await import('../burn-in/run-burn-in.ts');
    const report = await runBurnIn({
      args: command.args,
      tools: command.args.tools,
      machine: deps.machine,
      clock: deps.clock,
      signal: abort.signal,
      onProgress: (state) => {
        latest = { type: 'burn-in-progress', body: { commandId: command.id, ...state } };
        // The link has a limit of frames; tests that end within a moment of each other are one message.
        if (performance.now() - toldMs >= burnInProgressEveryMs / 2) {
          toldMs = performance.now();
          deps.send(latest);
        }
        if (state.percent < lastPercent + 5) return;
        lastPercent = state.percent;
        const message = `burn-in: ${state.test}`;
        deps.send({ type: 'command-progress', body: { commandId: command.id, percent: state.percent, message } });
      },
    });
    if (!abort.signal.aborted) return { outcome: 'succeeded', message: burnInMessage(report), report };
    const message = `${messageOf(abort.signal.reason)}; ${burnInMessage(report)}`.slice(0, 1000);
    return { outcome: 'failed', code: 'cancelled', message, report };
  };
  return {
    run: async (command) => {
      const abort = new AbortController();
      let ended = (): void => undefined;
      running = { commandId: command.id, abort, ended: new Promise((resolve) => (ended = resolve)) };
      toldMs = -Infinity;
      lastPercent = -5;
      if (cancelled?.commandId === command.id) abort.abort(new Error(cancelled.why));
      try {
        return await run(command, abort);
      } finally {
        running = undefined;
        latest = undefined;
        ended();
      }
    },
    cancel: async (commandId, why) => {
      cancelled = { commandId, why };
      if (running?.commandId !== commandId) return `${commandId} is not running here, and will not begin any more`;
      await end(running, why);
      return `${commandId} has ended`;
    },
    stop: async () => {
      if (running === undefined) return;
      deps.log('ending the burn-in');
      await end(running, 'the agent was stopped');
    },
    isRunning: () => running !== undefined,
    resend: () => {
      if (latest !== undefined) deps.send(latest);
    },
  };
}
