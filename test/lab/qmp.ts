// One command to a running QEMU over its QMP socket: connect, negotiate, execute, close.

import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface QmpCommand {
  readonly execute: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

const timeoutMs = 30_000;

/** Executes the commands in order and resolves with the last answer's value. */
export async function qmp(socketPath: string, commands: readonly QmpCommand[]): Promise<unknown> {
  const socket = createConnection(socketPath);
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer on ${socketPath}`)));
  try {
    return await converse(socket, [{ execute: 'qmp_capabilities' }, ...commands]);
  } finally {
    socket.destroy();
  }
}

function converse(socket: Socket, commands: readonly QmpCommand[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let answered = -1;
    let last: unknown;
    // The greeting counts as the answer to nothing; each answer sends the next command; events are passed over.
    const advance = (value: unknown): void => {
      last = value;
      answered += 1;
      const next = commands[answered];
      if (next === undefined) resolve(last);
      else socket.write(`${JSON.stringify(next)}\n`);
    };
    const lines = createInterface({ input: socket });
    // readline repeats the errors of its input; the socket's own handler below reports them.
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      const message: unknown = JSON.parse(line);
      if (typeof message !== 'object' || message === null) return;
      if ('QMP' in message) advance(undefined);
      else if ('return' in message) advance(message.return);
      else if ('error' in message) reject(new Error(`QMP refused: ${JSON.stringify(message.error)}`));
    });
    socket.once('error', reject);
    socket.once('close', () => {
      // QEMU may be gone before its answer to `quit` is read.
      if (commands[answered]?.execute === 'quit') resolve(undefined);
      else reject(new Error('QMP connection closed'));
    });
  });
}
