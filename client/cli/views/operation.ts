// Operations as a table.
import type { OperationHandle } from '../../../shared/api/operation-handle.ts';
import { elapsed } from '../output/steps.ts';
import { toneOf } from '../output/style.ts';
import type { Column } from '../output/table.ts';
import { relative } from '../output/time.ts';

export function operationColumns(nowMs: number): readonly Column<OperationHandle>[] {
  return [
    { title: 'OPERATION', value: (operation) => operation.id },
    { title: 'KIND', value: (operation) => operation.kind },
    { title: 'ASSET', value: (operation) => operation.asset },
    { title: 'STATE', value: (operation) => operation.state, tone: (operation) => toneOf(operation.state) },
    { title: 'STARTED', value: (operation) => relative(operation.createdAt, nowMs) },
    { title: 'TOOK', value: elapsed, align: 'right' },
    { title: 'STEP', value: stepText, shrinks: true },
  ];
}

function stepText(operation: OperationHandle): string | null {
  if (operation.error !== null) return operation.error;
  const running = operation.steps.find((step) => step.state === 'running');
  if (running === undefined) return null;
  const percent = operation.progressPercent === null ? '' : ` ${Math.floor(operation.progressPercent)} %`;
  return `${running.name}${percent}`;
}
