// Projects of teams and who is in them.
import { PpecError } from '../../shared/errors.ts';
import { findProject, projectView } from '../store/groups.ts';
import { visibleProjects } from '../store/visibility.ts';
import { join, joiningGainers, leave, planJoining } from './group-members.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, namedPage } from './page.ts';

type ProjectIds = 'project.list' | 'project.get' | 'project.create' | 'project.add-member' | 'project.remove-member';

export const projectHandlers: Handlers<ProjectIds> = {
  'project.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, team }, { deps, caller }) => {
      let query = deps.db
        .selectFrom('projects')
        .selectAll()
        .where(visibleProjects(caller.rights, 'project.list', 'projects.name'));
      if (team !== undefined) query = query.where('team', '=', team);
      if (cursor !== undefined) query = query.where('name', '>', cursor);
      const rows = await query
        .orderBy('name')
        .limit(limit + 1)
        .execute();
      return namedPage(rows, limit, (row) => projectView(deps.db, row));
    },
  },
  'project.get': {
    kind: 'read',
    run: async ({ project }, { deps }) => projectView(deps.db, await findProject(deps.db, project)),
  },
  'project.create': {
    kind: 'write',
    run: async ({ name, team, description = '' }, { uow }) => {
      const known = await uow.db.selectFrom('projects').select('name').where('name', '=', name).executeTakeFirst();
      if (known !== undefined) throw new PpecError('already_exists', `The name '${name}' is taken. Choose another.`);
      const row = { name, description, team, created_at: uow.nowMs };
      await uow.db.insertInto('projects').values(row).execute();
      const message = `project ${name} of team ${team} created`;
      await uow.event('project', name, `${message} by ${uow.actor.name}`);
      return { output: await projectView(uow.db, row), targets: [`project:${name}`, `team:${team}`], message };
    },
  },
  'project.add-member': {
    kind: 'state-change',
    plan: ({ project, member, reason }, { uow }) => planJoining(uow, { group: `project:${project}`, member, reason }),
    execute: join,
    gainers: joiningGainers,
  },
  'project.remove-member': {
    kind: 'write',
    run: async ({ project, member }, { uow }) => {
      const row = await findProject(uow.db, project);
      const message = await leave(uow, `project:${project}`, member);
      return { output: await projectView(uow.db, row), targets: [`project:${project}`, member], message };
    },
  },
};
