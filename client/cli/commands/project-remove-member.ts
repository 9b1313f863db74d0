import { command } from '../command.ts';
import { required } from '../options.ts';
import { printProject } from '../views/group.ts';

export const projectRemoveMember = command({
  path: 'project remove-member',
  summary: 'Remove a person or service from a project; what was granted to it ends for them at once',
  arguments: { project: required('project', 'its name'), member: required('member', 'person:NAME or service:NAME') },
  examples: ['ppec project remove-member payments person:mia'],
  async run(context, { project, member }) {
    const client = await context.client();
    printProject(context, await client.call('project.remove-member', { project, member }, { signal: context.signal }));
  },
});
