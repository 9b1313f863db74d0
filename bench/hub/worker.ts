// A child process that does what it is told, one command at a time: the load generator and the bare loop. Commands and
// replies travel over Node's IPC channel as plain data, and both ends check them.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf } from '../../shared/errors.ts';

/** What a command came to: how many, in what time, and an address where one was opened. */
const Done = Type.Object({ count: Type.Number(), tookMs: Type.Number(), url: Type.String() });
export type Done = Static<typeof Done>;
const reply = Compile(Type.Union([Type.Object({ done: Done }), Type.Object({ failed: Type.String() })]));

export type Worker<Command> = {
  readonly pid: number;
  readonly call: (command: Command) => Promise<Done>;
  readonly stop: () => Promise<void>;
};

/** Starts a program as a worker; what it prints is appended to a file. */
export function startWorker<Command extends object>(
  program: URL,
  options: { readonly logPath: string; readonly execArgv: readonly string[] },
): Worker<Command> {
  const log = openSync(options.logPath, 'a');
  const child = fork(program, [], { execArgv: [...options.execArgv], stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const exited = once(child, 'exit');
  if (child.pid === undefined) throw new Error(`${program.pathname} cannot be started`);
  return {
    pid: child.pid,
    call: (command) => ask(child, command),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await exited;
    },
  };
}

function ask(child: ChildProcess, command: object): Promise<Done> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      child.off('message', heard);
      child.off('exit', gone);
    };
    const heard = (message: unknown): void => {
      leave();
      if (!reply.Check(message)) reject(new Error('a worker answered something else than a reply'));
      else if ('failed' in message) reject(new Error(message.failed));
      else resolve(message.done);
    };
    const gone = (code: number | null): void => {
      leave();
      reject(new Error(`a worker ended with ${code ?? 'a signal'}`));
    };
    child.on('message', heard);
    child.on('exit', gone);
    child.send(command);
  });
}

/** Inside the worker: takes commands until the parent is gone. */
export function serveCommands<Command>(
  isCommand: (message: unknown) => message is Command,
  run: (command: Command) => Promise<Partial<Done>>,
): void {
  process.on('message', (message: unknown) => {
    const work = isCommand(message) ? run(message) : Promise.reject(new Error('not a command of this worker'));
    work.then(
      (done) => process.send?.({ done: { count: 0, tookMs: 0, url: '', ...done } }),
      (error: unknown) => process.send?.({ failed: messageOf(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
