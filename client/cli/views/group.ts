// Teams, projects and clusters as details.
import type { Cluster } from '../../../shared/api/cluster.ts';
import type { Project } from '../../../shared/api/project.ts';
import type { Team } from '../../../shared/api/team.ts';
import type { CommandContext } from '../command.ts';
import { dateTime } from '../output/time.ts';

export function printTeam({ output }: CommandContext, team: Team): void {
  output.value(team, (each) =>
    output.details([
      ['team', each.name, 'bold'],
      ['about', each.description],
      ['members', each.members.join(' ')],
      ['projects', each.projects.join(' ')],
      ['created', dateTime(each.createdAt)],
    ]),
  );
}

export function printProject({ output }: CommandContext, project: Project): void {
  output.value(project, (each) =>
    output.details([
      ['project', each.name, 'bold'],
      ['about', each.description],
      ['team', each.team],
      ['members', each.members.join(' ')],
      ['clusters', each.clusters.join(' ')],
      ['created', dateTime(each.createdAt)],
    ]),
  );
}

export function printCluster({ output }: CommandContext, cluster: Cluster): void {
  output.value(cluster, (each) =>
    output.details([
      ['cluster', each.name, 'bold'],
      ['about', each.description],
      ['project', `${each.team} / ${each.project}`],
      ['machines', String(each.assets)],
      ['created', dateTime(each.createdAt)],
    ]),
  );
}
