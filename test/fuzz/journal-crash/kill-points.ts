// Death at a chosen write: everything of `node:fs/promises` that changes the disk is counted, and the process kills itself
// before, within or after the one that was chosen. The program under test is not changed and does not know.
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

import type { Life } from './life.ts';

export type KillPoints = {
  readonly count: () => number;
  /** One more place at which it may die. */
  readonly point: (work: () => void) => void;
};

type Tear = (() => unknown) | undefined;

export async function installKillPoints(kill: Life['kill']): Promise<KillPoints> {
  let count = 0;
  const die = (): void => {
    process.kill(process.pid, 'SIGKILL');
    // The signal is under way.
    for (;;);
  };
  const around = <T>(work: () => T, tear: Tear): T => {
    count += 1;
    if (kill?.at !== count) return work();
    if (kill.mode === 'before') die();
    if (kill.mode === 'torn') dieAfter(tear?.(), die);
    const done = work();
    dieAfter(done, die);
    return done;
  };
  // Functions of the module, whose exports follow the object.
  for (const name of ['rename', 'rm', 'mkdir'] as const) {
    const real = fs[name];
    Reflect.set(fs, name, (...args: unknown[]) => around((): unknown => Reflect.apply(real, fs, args), undefined));
  }
  const realOpen = fs.open;
  Reflect.set(fs, 'open', (...args: Parameters<typeof realOpen>) =>
    args[1] === undefined || args[1] === 'r' ? realOpen(...args) : around(() => realOpen(...args), undefined),
  );
  syncBuiltinESMExports();
  const probe = await realOpen('/', 'r');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every open file has this prototype
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  for (const name of ['writeFile', 'chmod', 'sync'] as const) {
    const real = prototype[name];
    Reflect.set(prototype, name, function (this: FileHandle, ...args: unknown[]) {
      const half = (): unknown => Reflect.apply(real, this, args.map(halfOf));
      return around((): unknown => Reflect.apply(real, this, args), name === 'writeFile' ? half : undefined);
    });
  }
  return { count: () => count, point: (work) => around(work, undefined) };
}

function dieAfter(done: unknown, die: () => void): void {
  if (done instanceof Promise) void done.then(die, die);
  else die();
}

function halfOf(arg: unknown): unknown {
  return typeof arg === 'string' ? arg.slice(0, arg.length / 2) : arg;
}
