// ppec: the command-line client. The composition root: here the real clock, streams, environment and signals come in.
import { systemClock } from '../../shared/clock.ts';
import { readEnvironment } from './config.ts';
import { failureOf } from './output/errors.ts';
import { interruptedStatus, runCli } from './run.ts';

const abort = new AbortController();

// A reader that has seen enough (`ppec audit list | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}
process.on('SIGINT', () => {
  // The second Ctrl-C does not wait for anything.
  if (abort.signal.aborted) process.exit(interruptedStatus);
  abort.abort();
});

const { stdin, stdout, stderr } = process;
runCli(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  environment: readEnvironment(),
  clock: systemClock,
  abort,
}).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    const failure = failureOf(error);
    stderr.write(failure.text);
    process.exitCode = failure.status;
  },
);
