// What an agent says of its own means to refuse a command, as a finding: a machine whose agent takes anything is nobody's.
import type { Finding } from '../../shared/inspection/finding.ts';
import type { AssetRow } from '../store/schema.ts';

export function trustFindings({ verification_enforced }: Pick<AssetRow, 'verification_enforced'>): Finding[] {
  if (verification_enforced !== 0) return [];
  return [
    {
      path: 'agent/commands',
      kind: 'degraded',
      severity: 'block',
      expected: 'an agent that refuses what it must',
      actual: 'one that does not',
      source: 'agent',
      rule: 'verification-enforced',
      class: null,
      sentence:
        'Its agent does not refuse commands that it must refuse. Boot it again from PIOUS; if it says so again, look who changed the image.',
    },
  ];
}
