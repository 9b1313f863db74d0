// Every import that the layout forbids, written out: a folder that is dropped from a pattern is missed here, not only one
// whose whole pattern is.

export type ImportPlant = {
  /** The glob of the override that has the pattern. */
  readonly override: string;
  /** The pattern's message, which lint repeats. */
  readonly message: string;
  readonly from: string;
  readonly specifiers: readonly string[];
};

function folders(prefix: string, names: readonly string[]): string[] {
  return names.map((name) => `${prefix}${name}/target.ts`);
}

const nodeModules = [
  'fs', 'fs/promises', 'net', 'http', 'https', 'child_process', 'dgram', 'tls', 'worker_threads', 'process', 'os',
].map((name) => `node:${name}`); // prettier-ignore

const ours = (override: string, from: string, names: readonly string[]): Omit<ImportPlant, 'message'> => ({
  override,
  from,
  specifiers: folders(`${'../'.repeat(from.split('/').length)}`, names),
});

const notController = ['agent', 'client', 'dashboard', 'test'] as const;

export const importPlants: readonly ImportPlant[] = [
  {
    ...ours('shared/**', 'shared', ['controller', 'agent', 'client', 'dashboard', 'test']),
    message: 'shared imports nothing of ours',
  },
  { override: 'shared/**', message: 'shared does no I/O', from: 'shared', specifiers: nodeModules },
  {
    ...ours('client/**', 'client', ['controller', 'agent', 'dashboard', 'test']),
    message: 'client -> shared only',
  },
  {
    ...ours('dashboard/**', 'dashboard', ['controller', 'agent', 'test']),
    message: 'dashboard -> shared, client only',
  },
  {
    override: 'dashboard/**',
    message: 'the dashboard runs in a browser',
    from: 'dashboard',
    specifiers: ['node:fs', 'node:crypto'],
  },
  { ...ours('agent/**', 'agent', ['controller', 'client', 'dashboard', 'test']), message: 'agent -> shared only' },
  { ...ours('controller/**', 'controller', notController), message: 'controller -> shared only' },
  { ...ours('controller/http/**', 'controller/http', notController), message: 'controller -> shared only' },
  {
    override: 'controller/http/**',
    message: 'http calls ops, never the store or the hub',
    from: 'controller/http',
    specifiers: folders('../', ['store', 'hub', 'reconcile']),
  },
  { ...ours('controller/store/**', 'controller/store', notController), message: 'controller -> shared only' },
  {
    override: 'controller/store/**',
    message: 'store -> domain, shared',
    from: 'controller/store',
    specifiers: folders('../', ['ops', 'http', 'hub', 'reconcile']),
  },
  { ...ours('controller/domain/**', 'controller/domain', notController), message: 'controller -> shared only' },
  {
    override: 'controller/domain/**',
    message: 'domain is pure',
    from: 'controller/domain',
    specifiers: folders('../', ['store', 'ops', 'http', 'hub', 'reconcile']),
  },
  {
    override: 'controller/domain/**',
    message: 'domain does no I/O',
    from: 'controller/domain',
    specifiers: ['node:fs', 'node:crypto'],
  },
];

export type PlantedImport = { readonly path: string; readonly text: string; readonly message: string };

/** One file per forbidden import, each of a value and of a type: a type is a dependency as well. */
export const plantedImports: readonly PlantedImport[] = importPlants.flatMap(({ from, specifiers, message }) =>
  specifiers.flatMap((specifier) => {
    const name = `${from}/planted-${specifier.replaceAll(/[^a-z]+/g, '-')}`;
    return [
      {
        path: `${name}-value.ts`,
        text: `import * as it from '${specifier}';\nexport const used: unknown = it;\n`,
        message,
      },
      {
        path: `${name}-type.ts`,
        text: `import type * as it from '${specifier}';\nexport type Used = typeof it;\n`,
        message,
      },
    ];
  }),
);

/** What they import. */
export const importTargets: readonly string[] = [
  'agent', 'client', 'controller', 'dashboard', 'shared', 'test',
  'controller/domain', 'controller/http', 'controller/hub', 'controller/ops', 'controller/reconcile', 'controller/store',
].map((folder) => `${folder}/target.ts`); // prettier-ignore
