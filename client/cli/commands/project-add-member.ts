import { command } from '../command.ts';
import { required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const projectAddMember = command({
  path: 'project add-member',
  summary: 'Ask to add a person or service to a project, with all that is granted to it; a checker must approve',
  arguments: { project: required('project', 'its name'), member: required('member', 'person:NAME or service:NAME') },
  options: { reason: required('--reason <text>', 'why; the checker and the audit read it') },
  examples: ['ppec project add-member payments person:mia --reason "joined on Monday"'],
  async run(context, { project, member, reason }) {
    const client = await context.client();
    printFiled(
      context,
      await client.call('project.add-member', { project, member, reason }, { signal: context.signal }),
    );
  },
});
