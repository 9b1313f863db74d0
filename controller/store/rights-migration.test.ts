import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';

import { decide } from '../domain/rbac.ts';
import { openDatabase } from './database.ts';
import { rightsOf } from './grants.ts';
import { newAssetRow } from './assets.ts';
import { spine } from './migrations/0001-spine.ts';
import { waivers } from './migrations/0002-waivers.ts';
import { evidence } from './migrations/0003-evidence.ts';
import { orders } from './migrations/0004-orders.ts';
import { parts } from './migrations/0005-parts.ts';
import { cabling } from './migrations/0006-cabling.ts';
import { burnIns } from './migrations/0007-burn-ins.ts';
import { strongRng } from '../strong-rng.ts';

const ids = { clock: { nowMs: () => 1 }, rng: strongRng };

/** A database as it was when a person had roles, and a project was a name on a machine. */
function before(path: string): Sqlite.Database {
  const file = new Sqlite(path);
  file.exec('create table migrations (name text primary key)');
  for (const { name, statements } of [spine, waivers, evidence, orders, parts, cabling, burnIns]) {
    for (const statement of statements) file.exec(statement);
    file.prepare('insert into migrations values (?)').run(name);
  }
  return file;
}

it('makes grants of roles, and projects of the names on machines', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ppec-migration-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'ppec.db');
  const file = before(path);
  const person = file.prepare('insert into people (id, name, roles, active, created_at) values (?, ?, ?, 1, 1)');
  const body = '01jdaqv1zfe4rs8pnxzqk3wh2';
  person.run(`per_${body}a`, 'max', '["maker","checker"]');
  person.run(`per_${body.slice(0, 20)}aaaaaa`, 'ada', '["admin","viewer"]');
  file
    .prepare(`insert into credentials values ('crd_1', ?, 'x', '["maker"]', 'narrow', null, null, null, 1)`)
    .run(`per_${body}a`);
  const asset = newAssetRow({ serial: 'A', state: 'BAREMETAL', state_reason: '', project: 'pay' }, ids);
  expect([asset.team, asset.cluster, asset.tags]).toEqual([null, null, '{}']);
  // As it was then: without what later migrations add.
  const columns = file.prepare("select name from pragma_table_info('assets')").pluck().all().map(String);
  file
    .prepare(`insert into assets (${columns.join()}) values (${columns.map(() => '?').join()})`)
    .run(...columns.map((column): unknown => Reflect.get(asset, column)));
  file
    .prepare(
      `insert into changes values ('chg_1', 'asset.provision', '', '', 'per_1', 'open', null, '{}', '', '[]', '[]', 1, '[]', '[]', 1, 2, 1)`,
    )
    .run();
  file.close();

  const db = await openDatabase(path);
  onTestFinished(() => db.destroy());
  const grants = await db
    .selectFrom('grants')
    .select(['holder', 'role', 'scope'])
    .orderBy('holder')
    .orderBy('role')
    .execute();
  expect(grants).toEqual([
    { holder: 'person:ada', role: 'admin', scope: 'region' },
    { holder: 'person:ada', role: 'viewer', scope: 'region' },
    { holder: 'person:max', role: 'approver', scope: 'region' },
    { holder: 'person:max', role: 'provisioner', scope: 'region' },
  ]);
  const rights = await rightsOf(db, 'max', 1);
  expect(
    ['asset.provision', 'change.approve', 'person.create'].map((each) => decide(rights, each, 'region').allowed),
  ).toEqual([true, true, false]);
  expect(await db.selectFrom('credentials').select('limits').execute()).toEqual([
    { limits: '{"roles":["provisioner"]}' },
  ]);
  expect(await db.selectFrom('projects').select(['name', 'team']).execute()).toEqual([
    { name: 'pay', team: 'unassigned' },
  ]);
  expect(await db.selectFrom('assets').select(['team', 'project', 'tags']).execute()).toEqual([
    { team: 'unassigned', project: 'pay', tags: '{}' },
  ]);
  // Whoever checks a change of before must be able to check anything.
  expect(await db.selectFrom('change_subjects').select(['change_id', 'kind']).execute()).toEqual([
    { change_id: 'chg_1', kind: 'region' },
  ]);
});
