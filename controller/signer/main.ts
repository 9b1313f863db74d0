// ppec-signer: the only program that reads the command key. The controller starts it as a child and speaks to it over its
// standard input and output; or it runs as its own unit under its own account and listens on one Unix socket.
import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

import { systemClock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { openSigner, serveStream } from './serve.ts';

const usage = 'usage: ppec-signer --keys FOLDER --region NAME [--socket PATH]\n';

main().catch((error: unknown) => {
  process.stderr.write(`ppec-signer: ${messageOf(error)}\n`);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { keys: { type: 'string' }, region: { type: 'string' }, socket: { type: 'string' } },
  });
  const { keys: folder, region, socket } = values;
  if (folder === undefined || region === undefined) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  process.umask(0o077);
  const signer = await openSigner({ folder, region, clock: systemClock });
  if (socket === undefined) {
    // Whoever stops the controller stops its whole group; this one ends when the controller is gone.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
    await serveStream(process.stdin, process.stdout, signer);
    process.exit(0);
  }
  await rm(socket, { force: true });
  const server = createServer((peer) => void serveStream(peer, peer, signer));
  server.maxConnections = 16;
  server.listen(socket, () => void chmod(socket, 0o660));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
}
