import { expect, it } from 'vitest';

import { allPermissions } from '../domain/rbac.ts';
import { nouns } from './changelog-ops.ts';

it.each(Object.entries(nouns))('the changelog of %s needs a permission that there is', (_noun, { permission }) => {
  expect(allPermissions).toContain(permission);
});
