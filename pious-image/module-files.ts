// A kernel's modules as files of an archive: the wanted ones with what they need, and the indexes that modprobe reads.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import type { Entry } from './cpio.ts';
import { sectionOf } from './elf.ts';
import {
  builtinNames,
  moduleClosure,
  moduleName,
  modulesAlias,
  modulesDep,
  parseModule,
  type KernelModule,
} from './module-closure.ts';

export type ModuleFilesInput = {
  /** The kernel's own folder, `…/lib/modules/<release>`. */
  readonly folder: string;
  readonly names: readonly string[];
  /** The same folder in the archive. */
  readonly into: string;
};

export type ModuleFiles = { readonly modules: readonly Entry[]; readonly indexes: readonly Entry[] };

export async function moduleFiles({ folder, names, into }: ModuleFilesInput): Promise<ModuleFiles> {
  const builtinText = await readFile(join(folder, 'modules.builtin'), 'utf8');
  const chosen = moduleClosure({
    names,
    available: await availableModules(folder),
    builtin: builtinNames(builtinText),
  });
  const entry = (path: string, data: Uint8Array): Entry => ({
    path: `${into}/${path}`,
    kind: 'file',
    mode: 0o644,
    data,
  });
  return {
    modules: await Promise.all(chosen.map(async ({ path }) => entry(path, await readFile(join(folder, path))))),
    indexes: [
      entry('modules.dep', Buffer.from(modulesDep(chosen))),
      entry('modules.alias', Buffer.from(modulesAlias(chosen))),
      entry('modules.builtin', Buffer.from(builtinText)),
    ],
  };
}

async function availableModules(folder: string): Promise<Map<string, KernelModule>> {
  const modules = new Map<string, KernelModule>();
  for (const entry of await readdir(join(folder, 'kernel'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ko')) continue;
    const file = join(entry.parentPath, entry.name);
    const modinfo = sectionOf(await readFile(file), '.modinfo');
    if (modinfo !== undefined) modules.set(moduleName(file), parseModule(relative(folder, file), modinfo));
  }
  return modules;
}
