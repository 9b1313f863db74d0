// Clusters: sets of BAREMETALs of one project.
import { PpecError } from '../../shared/errors.ts';
import { rightsOf } from '../store/grants.ts';
import { clusterView, findCluster, findProject } from '../store/groups.ts';
import { callName, findAsset } from '../store/assets.ts';
import { assetSubject } from '../store/subjects.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { visibleClusters } from '../store/visibility.ts';
import { gained, type Subject } from '../domain/rbac.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, namedPage } from './page.ts';

type ClusterIds = 'cluster.list' | 'cluster.get' | 'cluster.create' | 'cluster.add-asset' | 'cluster.remove-asset';

export const clusterHandlers: Handlers<ClusterIds> = {
  'cluster.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, project }, { deps, caller }) => {
      let query = deps.db
        .selectFrom('clusters')
        .innerJoin('projects', 'projects.name', 'clusters.project')
        .selectAll('clusters')
        .select('projects.team')
        .where(visibleClusters(caller.rights, 'cluster.list', 'clusters.name'));
      if (project !== undefined) query = query.where('clusters.project', '=', project);
      if (cursor !== undefined) query = query.where('clusters.name', '>', cursor);
      const rows = await query
        .orderBy('clusters.name')
        .limit(limit + 1)
        .execute();
      return namedPage(rows, limit, (row) => clusterView(deps.db, row));
    },
  },
  'cluster.get': {
    kind: 'read',
    run: async ({ cluster }, { deps }) => clusterView(deps.db, await findCluster(deps.db, cluster)),
  },
  'cluster.create': {
    kind: 'write',
    run: async ({ name, project, description = '' }, { uow }) => {
      const known = await uow.db.selectFrom('clusters').select('name').where('name', '=', name).executeTakeFirst();
      if (known !== undefined) throw new PpecError('already_exists', `The name '${name}' is taken. Choose another.`);
      const { team } = await findProject(uow.db, project);
      const row = { name, description, project, created_at: uow.nowMs };
      await uow.db.insertInto('clusters').values(row).execute();
      const message = `cluster ${name} of project ${project} created`;
      await uow.event('cluster', name, `${message} by ${uow.actor.name}`);
      const targets = [`cluster:${name}`, `project:${project}`];
      return { output: await clusterView(uow.db, { ...row, team }), targets, message };
    },
  },
  'cluster.add-asset': {
    kind: 'write',
    run: async ({ cluster, asset }, { uow }) => {
      const row = await findCluster(uow.db, cluster);
      const machine = await findAsset(uow.db, asset);
      const name = callName(machine);
      if (machine.state !== 'BAREMETAL' || machine.project !== row.project) {
        throw new PpecError(
          'failed_precondition',
          `${name} is ${machine.state} of ${machine.project ?? 'no project'}: a cluster has BAREMETALs of its project, ${row.project}.`,
        );
      }
      if (machine.cluster !== null)
        throw new PpecError('failed_precondition', `${name} is in the cluster ${machine.cluster} already.`);
      const before = assetSubject(machine);
      await refuseOwnGain(uow, before, { ...before, cluster });
      await uow.patchAsset(machine, { cluster });
      await uow.event('asset', machine.id, `${name} joined the cluster ${cluster}`);
      return {
        output: await clusterView(uow.db, row),
        targets: [machine.id, `cluster:${cluster}`],
        message: `${name} added to the cluster ${cluster}`,
      };
    },
  },
  'cluster.remove-asset': {
    kind: 'write',
    run: async ({ cluster, asset }, { uow }) => {
      const row = await findCluster(uow.db, cluster);
      const machine = await findAsset(uow.db, asset);
      const name = callName(machine);
      if (machine.cluster !== cluster)
        throw new PpecError('failed_precondition', `${name} is not in the cluster ${cluster}.`);
      await uow.patchAsset(machine, { cluster: null });
      await uow.event('asset', machine.id, `${name} left the cluster ${cluster}`);
      return {
        output: await clusterView(uow.db, row),
        targets: [machine.id, `cluster:${cluster}`],
        message: `${name} taken out of the cluster ${cluster}`,
      };
    },
  },
};

/** Sorting a machine into a scope is no way to a right on it, whatever credential is used. */
export async function refuseOwnGain(uow: UnitOfWork, before: Subject, after: Subject): Promise<void> {
  const permissions = gained(await rightsOf(uow.db, uow.actor.name, uow.nowMs), before, after);
  if (permissions.length === 0) return;
  throw new PpecError(
    'permission_denied',
    `You would have more rights on this machine yourself (${permissions.slice(0, 3).join(', ')}): somebody else must do it.`,
  );
}
