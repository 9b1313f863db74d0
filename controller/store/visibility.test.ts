import { expect, it } from 'vitest';
import fc from 'fast-check';

import { memoryStore } from '../../test/fixtures/memory-store.ts';
import { compileRights, decide, type Held } from '../domain/rbac.ts';
import { parseScope } from '../../shared/api/scope.ts';
import { toJson } from './json.ts';
import type { AssetRow } from './schema.ts';
import { assetSubject } from './subjects.ts';
import { visibleAssets } from './visibility.ts';

const names = ['a', 'b'] as const;
const permissions = ['asset.get', 'asset.inspect', 'asset.provision'] as const;
const tags = [{}, { env: 'prod' }, { env: 'Prod' }, { env: 'prod_1', tier: '1' }, { env: 'prodx1' }] as const;

it('shows in SQL exactly what is decided of each asset', async () => {
  const { store, addAsset } = await memoryStore();
  const rows: AssetRow[] = [];
  for (const team of [null, ...names])
    for (const cluster of [null, ...names])
      for (const [at, own] of tags.entries())
        for (const state of ['SPARE', 'BAREMETAL'] as const) {
          const serial = `${team ?? ''}-${cluster ?? ''}-${at}-${state}`;
          const project = team === null ? null : `${team}-p`;
          const common = { state_reason: '', presence: 'online' } as const;
          const row = await addAsset({ ...common, serial, state, team, project, cluster, tags: toJson({ ...own }) });
          for (const [key, value] of Object.entries(own))
            await store.db.insertInto('asset_tags').values({ asset_id: row.id, key, value }).execute();
          rows.push(row);
        }
  const texts = [
    'region',
    'team:a',
    'team:b',
    'project:a-p',
    'cluster:a',
    'cluster:b',
    'tags:env=prod',
    'tags:env=prod_1,tier=1',
  ];
  const grants = fc.array(
    fc
      .tuple(fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 2 }), fc.subarray([...permissions]))
      .map(([some, granted]): Held => ({
        id: 'grt_1',
        holder: 'person:mia',
        role: 'r',
        scopes: some.flatMap((text) => parseScope(text) ?? []),
        expiresAt: null,
        permissions: new Set(granted),
      })),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(grants, fc.constantFrom(...permissions), async (held, permission) => {
      const rights = compileRights(held);
      const query = store.db.selectFrom('assets').select('id').where(visibleAssets(rights, permission));
      const shown = new Set((await query.execute()).map(({ id }) => id));
      const decided = rows.filter((row) => decide(rights, permission, assetSubject(row)).allowed).map(({ id }) => id);
      expect(shown).toEqual(new Set(decided));
    }),
    { numRuns: 150 },
  );
});
