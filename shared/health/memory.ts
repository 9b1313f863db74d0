// Memory: errors that its controllers counted (EDAC), and modules that firmware took out of use. Pure.
import type { EdacController } from '../hardware/evidence/edac.ts';
import type { Dimm, Inventory } from '../hardware/inventory.ts';
import { formatBinaryBytes, mib } from '../units.ts';
import { counted, type HealthFinding } from './finding.ts';
import { dimmName } from './part-names.ts';

export const memoryErrorsCheck = 'memory-errors';

/** Every uncorrected error fails; a corrected one before any load is a warning. */
export function memoryErrorFindings(controllers: readonly EdacController[], dimms: readonly Dimm[]): HealthFinding[] {
  return controllers.flatMap((controller) => {
    const modules = controller.modules.flatMap(({ name, label, location, corrected, uncorrected }) => {
      const place = location === null || label !== null ? '' : `, ${location}`;
      const component = label === null ? `${controller.name} ${name}` : dimmName(label, dimms);
      return errorFinding(component, `${label === null ? `memory module ${component}${place}` : component}`, {
        corrected: corrected ?? 0,
        uncorrected: uncorrected ?? 0,
      });
    });
    const counts = [controller.corrected, controller.uncorrected];
    if (modules.length === 0 && counts.includes(null))
      return [
        {
          check: memoryErrorsCheck,
          component: controller.name,
          state: 'unknown',
          message: `Memory controller ${controller.name}: its error counters cannot be read.`,
        } as const,
      ];
    const elsewhere = errorFinding(controller.name, `memory controller ${controller.name}, of no known module`, {
      corrected: rest(controller.corrected, controller, 'corrected'),
      uncorrected: rest(controller.uncorrected, controller, 'uncorrected'),
    });
    return [...modules, ...elsewhere];
  });
}

/** What the controller counted and no module has. */
function rest(total: number | null, { modules }: EdacController, kind: 'corrected' | 'uncorrected'): number {
  return (total ?? 0) - modules.reduce((sum, module) => sum + (module[kind] ?? 0), 0);
}

function errorFinding(
  component: string,
  name: string,
  { corrected, uncorrected }: { readonly corrected: number; readonly uncorrected: number },
): HealthFinding[] {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const at = { check: memoryErrorsCheck, component };
  if (uncorrected > 0)
    return [
      {
        ...at,
        state: 'failed',
        message: `${title}: ${counted(uncorrected, 'uncorrected memory error')}: replace the module.`,
      },
    ];
  if (corrected > 0)
    return [
      {
        ...at,
        state: 'degraded',
        message: `${title}: ${counted(corrected, 'corrected memory error')}: reseat the module, replace it if the count grows.`,
      },
    ];
  return [];
}

/** Less usable memory than 93 % of the modules' sum means that firmware has mapped a module out. */
export function memoryTotalFindings({ dimms, memoryTotalBytes }: Inventory): HealthFinding[] {
  const installed = dimms.reduce((sum, dimm) => sum + (dimm.sizeBytes ?? 0), 0);
  if (installed === 0 || memoryTotalBytes === null) return [];
  // The kernel and firmware keep some memory for themselves whatever the size of the machine.
  if (memoryTotalBytes >= installed * 0.93 - 128 * mib) return [];
  const message = `The kernel sees ${formatBinaryBytes(memoryTotalBytes)} of ${formatBinaryBytes(installed)} installed: firmware may have mapped a module out; look into its log and reseat the modules.`;
  return [{ check: 'memory-total', component: 'memory', state: 'degraded', message }];
}
