// Teams and who is in them.
import { PpecError } from '../../shared/errors.ts';
import { findTeam, teamView } from '../store/groups.ts';
import { visibleTeams } from '../store/visibility.ts';
import { join, joiningGainers, leave, planJoining } from './group-members.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, namedPage } from './page.ts';

type TeamIds = 'team.list' | 'team.get' | 'team.create' | 'team.add-member' | 'team.remove-member';

export const teamHandlers: Handlers<TeamIds> = {
  'team.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps, caller }) => {
      let query = deps.db
        .selectFrom('teams')
        .selectAll()
        .where(visibleTeams(caller.rights, 'team.list', 'teams.name'));
      if (cursor !== undefined) query = query.where('name', '>', cursor);
      const rows = await query
        .orderBy('name')
        .limit(limit + 1)
        .execute();
      return namedPage(rows, limit, (row) => teamView(deps.db, row));
    },
  },
  'team.get': {
    kind: 'read',
    run: async ({ team }, { deps }) => teamView(deps.db, await findTeam(deps.db, team)),
  },
  'team.create': {
    kind: 'write',
    run: async ({ name, description = '' }, { uow }) => {
      const known = await uow.db.selectFrom('teams').select('name').where('name', '=', name).executeTakeFirst();
      if (known !== undefined) throw new PpecError('already_exists', `There is a team '${name}' already.`);
      const row = { name, description, created_at: uow.nowMs };
      await uow.db.insertInto('teams').values(row).execute();
      await uow.event('team', name, `team ${name} created by ${uow.actor.name}`);
      return { output: await teamView(uow.db, row), targets: [`team:${name}`], message: `team ${name} created` };
    },
  },
  'team.add-member': {
    kind: 'state-change',
    plan: ({ team, member, reason }, { uow }) => planJoining(uow, { group: `team:${team}`, member, reason }),
    execute: join,
    gainers: joiningGainers,
  },
  'team.remove-member': {
    kind: 'write',
    run: async ({ team, member }, { uow }) => {
      const row = await findTeam(uow.db, team);
      const message = await leave(uow, `team:${team}`, member);
      return { output: await teamView(uow.db, row), targets: [`team:${team}`, member], message };
    },
  },
};
