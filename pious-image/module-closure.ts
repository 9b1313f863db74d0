// Kernel modules with everything they need, and the index files that modprobe(8) reads: what depmod(8) makes for a whole
// kernel, made for the modules that are in the image. Pure. A module's facts come from its own `.modinfo`.
import { PpecError } from '../shared/errors.ts';

export type KernelModule = {
  /** With `_` for every `-`: the kernel treats both alike. */
  readonly name: string;
  /** Below `/lib/modules/<release>/`. */
  readonly path: string;
  readonly depends: readonly string[];
  /** Loaded along with this one when present (`softdep`). */
  readonly wishes: readonly string[];
  readonly aliases: readonly string[];
};

/** `.modinfo` is a list of `key=value`, each ended by a zero byte. */
export function parseModule(path: string, modinfo: Uint8Array): KernelModule {
  const pairs = Buffer.from(modinfo)
    .toString('latin1')
    .split('\0')
    .filter((pair) => pair !== '')
    .map((pair) => ({ key: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1) }));
  const values = (key: string): string[] => pairs.filter((pair) => pair.key === key).map((pair) => pair.value);
  return {
    name: moduleName(path),
    path,
    depends: values('depends').flatMap((value) => value.split(',').filter(Boolean).map(canonical)),
    wishes: values('softdep').flatMap((value) => value.split(/\s+/).filter(isModuleWord).map(canonical)),
    aliases: values('alias'),
  };
}

export function moduleName(path: string): string {
  return canonical(path.slice(path.lastIndexOf('/') + 1).replace(/\.ko$/, ''));
}

/** Names in `modules.builtin`: what the kernel itself already has. */
export function builtinNames(text: string): Set<string> {
  return new Set(text.split('\n').filter(Boolean).map(moduleName));
}

export type Wanted = {
  readonly names: readonly string[];
  readonly available: ReadonlyMap<string, KernelModule>;
  readonly builtin: ReadonlySet<string>;
};

/** The wanted modules and all they need, sorted by path. A wanted or needed module that this kernel lacks is an error. */
export function moduleClosure({ names, available, builtin }: Wanted): KernelModule[] {
  const found = new Map<string, KernelModule>();
  const queue = names.map((name) => ({ name: canonical(name), because: 'the module list' }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { name, because } = next;
    if (found.has(name) || builtin.has(name)) continue;
    const module = available.get(name);
    if (module === undefined) {
      throw new PpecError('failed_precondition', `this kernel has no module '${name}', which ${because} asks for`);
    }
    found.set(name, module);
    queue.push(...module.depends.map((needed) => ({ name: needed, because: name })));
    // A wish names an algorithm or a module of another kernel as often as one of this.
    queue.push(...module.wishes.filter((wish) => available.has(wish)).map((wish) => ({ name: wish, because: name })));
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** `modules.dep`: each module with all it needs. modprobe loads a line from its end to its beginning. */
export function modulesDep(modules: readonly KernelModule[]): string {
  const byName = new Map(modules.map((module) => [module.name, module]));
  return lines(
    modules.map((module) => {
      const order: KernelModule[] = [];
      visit(module, { byName, order, seen: new Set() });
      const needed = order.slice(0, -1).toReversed();
      return `${module.path}:${needed.map(({ path }) => ` ${path}`).join('')}`;
    }),
  );
}

/** `modules.alias`: which module drives which device. */
export function modulesAlias(modules: readonly KernelModule[]): string {
  return lines(modules.flatMap(({ name, aliases }) => aliases.map((alias) => `alias ${alias} ${name}`)));
}

type Visit = {
  readonly byName: ReadonlyMap<string, KernelModule>;
  readonly order: KernelModule[];
  readonly seen: Set<string>;
};

/** Depth first: what a module needs comes before it. */
function visit(module: KernelModule, walk: Visit): void {
  if (walk.seen.has(module.name)) return;
  walk.seen.add(module.name);
  for (const name of module.depends) {
    const needed = walk.byName.get(name);
    if (needed !== undefined) visit(needed, walk);
  }
  walk.order.push(module);
}

function isModuleWord(word: string): boolean {
  return word !== '' && !word.endsWith(':');
}

function canonical(name: string): string {
  return name.trim().replaceAll('-', '_');
}

function lines(entries: readonly string[]): string {
  return entries.map((entry) => `${entry}\n`).join('');
}
