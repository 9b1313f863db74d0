import { defineConfig } from 'vitest/config';

// Unit tests stand beside the code; whatever has two parts lives in test/. Lab tests boot machines: one at a time.
const beside = ['shared', 'controller', 'agent', 'client', 'pious-image', 'images'].map((dir) => `${dir}/**/*.test.ts`);

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: [...beside, 'test/lab/smbios.test.ts'], testTimeout: 900_000 } },
      { test: { name: 'tidy', include: ['test/tidy/*.test.ts'], testTimeout: 300_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/*.test.ts', 'test/security/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/*.test.ts'],
          exclude: ['test/lab/smbios.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
    passWithNoTests: true,
  },
});
