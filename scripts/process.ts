// Running other programs from the project's scripts: output passed through, failure as an exit status.
import { spawn } from 'node:child_process';

export type RunResult = { readonly status: number; readonly output: string };

/** Runs a program with its output passed through; `capture` keeps a copy of stdout and stderr as well. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly capture?: boolean } = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', options.capture ? 'pipe' : 'inherit', options.capture ? 'pipe' : 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      process.stderr.write(chunk);
    });
    child.once('error', (error) =>
      reject(new Error(`${command} cannot be started: ${error.message}`, { cause: error })),
    );
    child.once('close', (code, signal) => resolve({ status: code ?? (signal === null ? 1 : 128), output }));
  });
}
