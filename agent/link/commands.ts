// Commands of the link: verified, journalled, run at most once, one at a time, and answered until the controller knows.
// Only `burn-in-cancel` does not wait for its turn.
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Command } from '../../shared/protocol/command.ts';
import type { AgentBody, AgentMessage, ControllerBody, Home } from '../../shared/protocol/messages.ts';
import type { BurnInMachine } from '../burn-in/machine.ts';
import { loadForKexec } from '../handlers/kexec.ts';
import { HandlerError, type Platform } from '../handlers/platform.ts';
import { provision, type HandlerContext } from '../handlers/provision.ts';
import { verifyCommand, type CommandTarget } from '../handlers/verify-command.ts';
import type { CommandResult, Journal, JournalEntry } from '../journal.ts';
import { burnInLane, type BurnInLane } from './burn-in-lane.ts';

export type CommandDeps = {
  readonly journal: Journal;
  readonly platform: Platform;
  readonly home: Home;
  readonly burnIn: BurnInMachine;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly imageKeys: () => Readonly<Record<string, string>>;
  readonly target: () => Omit<CommandTarget, 'highestGeneration'>;
  /** To whichever session is open now; nothing where none is. */
  readonly send: (message: AgentMessage) => void;
  readonly log: (text: string) => void;
};

export type CommandRunner = {
  readonly receive: (envelope: ControllerBody<'command'>) => Promise<void>;
  readonly resendResults: () => void;
  readonly acknowledge: (commandId: string) => Promise<void>;
  /** Ends a burn-in and resolves when its result is in the journal; other commands run to their end. */
  readonly stop: () => Promise<void>;
};

export function commandRunner(deps: CommandDeps): CommandRunner {
  const lane = burnInLane({ ...deps, machine: deps.burnIn });
  let busy: Promise<void> = Promise.resolve();
  let cancelling: Promise<void> = Promise.resolve();
  const sendResult = (entry: JournalEntry): void => {
    if (entry.result === null) return;
    deps.send({ type: 'command-result', body: resultBody(entry.commandId, entry.result) });
  };
  const receive = async (envelope: ControllerBody<'command'>): Promise<void> => {
    const target = { ...deps.target(), highestGeneration: deps.journal.highestGeneration() };
    const verified = verifyCommand(envelope, target);
    if (!verified.ok) {
      const replayed = replayOf(envelope, deps.journal, target);
      if (replayed !== undefined) return sendResult(replayed);
      if (verified.commandId !== undefined) {
        const body = {
          commandId: verified.commandId,
          outcome: 'refused' as const,
          code: verified.check,
          message: verified.reason.slice(0, 1000),
          durationMs: 0,
        };
        deps.send({ type: 'command-result', body });
      } else {
        const { check, reason } = verified;
        deps.send({ type: 'command-refused', body: { keyId: envelope.keyId, check, reason: reason.slice(0, 500) } });
      }
      return deps.log(`refused a command (${verified.check}): ${verified.reason}`);
    }
    const { command } = verified;
    // The id decides, not the generation: what ran once is answered, however newly it is signed.
    const earlier = deps.journal.find(command.id);
    if (earlier !== undefined) return sendResult(earlier);
    await deps.journal.accept({
      commandId: command.id,
      generation: command.generation,
      name: command.name,
      expiresAtMs: command.expiresAtMs,
    });
    deps.send({ type: 'command-accepted', body: { commandId: command.id } });
    deps.log(`running ${command.name} (${command.id})`);
    const result = await run(command, deps, lane);
    await deps.journal.finish(command.id, result);
    deps.log(`${command.name}: ${result.outcome}, ${result.message}`);
    deps.send({ type: 'command-result', body: resultBody(command.id, result) });
    if (command.name === 'kexec' && result.outcome === 'succeeded') await deps.platform.startKernel();
  };
  const after = (last: Promise<void>, envelope: ControllerBody<'command'>): Promise<void> =>
    last.then(() => receive(envelope)).catch((error: unknown) => deps.log(`command failed: ${messageOf(error)}`));
  return {
    // One after the other: two commands never touch the machine at once. A cancel touches nothing but the burn-in; what
    // waits behind that burn-in is older than the cancel by then, and is refused.
    receive: (envelope) =>
      isCancel(envelope, deps.target()) ? (cancelling = after(cancelling, envelope)) : (busy = after(busy, envelope)),
    resendResults: () => {
      deps.journal
        .entries()
        .filter((entry) => !entry.acknowledged)
        .forEach(sendResult);
      lane.resend();
    },
    acknowledge: (commandId) => deps.journal.acknowledge(commandId),
    stop: async () => {
      const isBusy = lane.isRunning();
      await lane.stop();
      if (isBusy) await busy;
    },
  };
}

/** Whether it is a cancel by its signed name, of whichever generation. */
function isCancel(envelope: ControllerBody<'command'>, target: Omit<CommandTarget, 'highestGeneration'>): boolean {
  const verified = verifyCommand(envelope, { ...target, highestGeneration: 0 });
  return verified.ok && verified.command.name === 'burn-in-cancel';
}

/** A command that ran before: signed and addressed as it should be, only no longer newer. Its stored result answers it. */
function replayOf(
  envelope: ControllerBody<'command'>,
  journal: Journal,
  target: CommandTarget,
): JournalEntry | undefined {
  const verified = verifyCommand(envelope, { ...target, highestGeneration: 0 });
  return verified.ok ? journal.find(verified.command.id) : undefined;
}

async function run(command: Command, deps: CommandDeps, lane: BurnInLane): Promise<CommandResult> {
  const startedMs = deps.clock.nowMs();
  let lastPercent = -5;
  const context = {
    platform: deps.platform,
    stateDir: deps.stateDir,
    imageKeys: deps.imageKeys(),
    progress: (percent: number, message: string): void => {
      // Steps of five; a smaller number says that the work starts over.
      if (percent >= lastPercent && percent < lastPercent + 5) return;
      lastPercent = percent;
      deps.send({
        type: 'command-progress',
        body: { commandId: command.id, percent: Math.min(100, Math.max(0, percent)), message },
      });
    },
  };
  const durationMs = (): number => Math.max(0, deps.clock.nowMs() - startedMs);
  try {
    const result = await carryOut(command, context, lane);
    return { ...result, durationMs: durationMs() };
  } catch (error) {
    return {
      outcome: 'failed',
      message: messageOf(error).slice(0, 1000),
      ...(error instanceof HandlerError ? { code: error.code } : {}),
      durationMs: durationMs(),
    };
  }
}

async function carryOut(
  command: Command,
  context: HandlerContext,
  lane: BurnInLane,
): Promise<Omit<CommandResult, 'durationMs'>> {
  switch (command.name) {
    case 'provision':
      return { outcome: 'succeeded', message: await provision(command, context) };
    case 'kexec':
      await loadForKexec(command, context);
      return { outcome: 'succeeded', message: 'the kernel is loaded and starts now' };
    case 'burn-in':
      return lane.run(command);
    case 'burn-in-cancel':
      return { outcome: 'succeeded', message: await lane.cancel(command.args.burnInCommandId, 'cancelled') };
  }
}

function resultBody(commandId: string, result: CommandResult): AgentBody<'command-result'> {
  return { commandId, ...result };
}
