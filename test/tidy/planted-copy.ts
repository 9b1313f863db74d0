// A project of planted files in a temporary folder, under this project's own configuration, and the checks run in it.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const project = join(import.meta.dirname, '../..');

const configs = [
  '.oxlintrc.json',
  '.prettierrc.json',
  '.prettierignore',
  'knip.json',
  'package.json',
  'tsconfig.json',
] as const;

export type PlantedCopy = AsyncDisposable & {
  /** A check's status and what it writes to its standard output. */
  readonly run: (program: string, args: readonly string[]) => Promise<{ status: number; output: string }>;
};

export async function plantedCopy(files: Readonly<Record<string, string>>): Promise<PlantedCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-planted-'));
  for (const name of configs) await copyFile(join(project, name), join(folder, name));
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return {
    run: (program, args) => runIn(folder, join(project, 'node_modules/.bin', program), args),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

function runIn(cwd: string, program: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, output) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ status: typeof error?.code === 'number' ? error.code : 0, output });
    });
  });
}
