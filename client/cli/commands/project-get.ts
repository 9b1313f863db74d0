import { command } from '../command.ts';
import { required } from '../options.ts';
import { printProject } from '../views/group.ts';

export const projectGet = command({
  path: 'project get',
  summary: 'One project',
  arguments: { project: required('project', 'its name') },
  examples: ['ppec project get payments'],
  async run(context, { project }) {
    const client = await context.client();
    printProject(context, await client.call('project.get', { project }, { signal: context.signal }));
  },
});
