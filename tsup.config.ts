import { defineConfig, type Options } from 'tsup';

// Single files: the agent runs where there is no node_modules. better-sqlite3 is a native addon and stays outside.
const bundle = (name: string, entry: string, external: string[] = []): Options => ({
  name,
  entry: { [name]: entry },
  outDir: 'dist',
  format: ['cjs'],
  target: 'node24',
  platform: 'node',
  noExternal: [/.*/],
  external: ['bufferutil', 'utf-8-validate', ...external],
  minify: name === 'agent',
  sourcemap: false,
  clean: false,
  silent: true,
});

export default defineConfig([bundle('agent', 'agent/main.ts')]);
