import { expect, test } from 'vitest';

import { readLock } from '../packages.ts';
import { toolsLockPath, toolsPackageLicences } from './tools-packages.ts';

test('the lock pins every package that the tool image asks for, and each has a licence', async () => {
  const names = (await readLock(toolsLockPath)).packages.map(({ name }) => name);
  expect(names.toSorted()).toEqual(Object.keys(toolsPackageLicences).toSorted());
  expect(Object.values(toolsPackageLicences).every((licence) => licence !== '')).toBe(true);
});
