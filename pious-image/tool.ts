// Programs that the image builds run: quiet when they work, their words in the error when they do not.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const outputBytesMax = 64 * 1024 * 1024;
const timeoutMs = 20 * 60_000;

/** What the program writes to its standard output. */
export async function tool(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { ...options, maxBuffer: outputBytesMax, timeout: timeoutMs });
    return stdout;
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${command} failed: ${words.slice(-4000) || String(error)}`, { cause: error });
  }
}
